"""Sketches of models that learn from more than images, to test what all models share with.

Each is as small as can be, and shows what a new kind of model has to say of itself: what it
learns from, what it minimises, and one step.
"""

import keras
import numpy as np
import tensorflow as tf

from gk import losses
from gk.base import ImageModel, share_of_loss
from gk.contract import Contract, Images, Labels, Words

SHAPE = (8, 8, 1)
rng = np.random.default_rng(5)
IMAGES = rng.uniform(0, 1, (40, *SHAPE)).astype("float32")
OTHERS = rng.uniform(0, 0.3, (25, *SHAPE)).astype("float32")
LABELS = rng.integers(0, 3, 40)
TEXTS = np.array(["a circle", "a dark square", "a circle above a square", "nothing"] * 10)


class OfLabels(ImageModel):
    """Draws the mean image of a label, or of several."""

    def __init__(self, num_classes=3, image_shape=SHAPE, **kwargs):
        super().__init__(image_shape, **kwargs)
        # Files give back a list.
        self.num_classes = tuple(num_classes) if np.ndim(num_classes) else num_classes
        sizes = np.atleast_1d(num_classes)
        self.offsets = np.cumsum([0, *sizes[:-1]]).astype("int32")
        self.table = keras.layers.Embedding(int(sum(sizes)), 64, embeddings_initializer="zeros")
        self.table.build()
        self._track_means("loss")
        self.built = True

    @property
    def contract(self):
        return Contract((Images(SHAPE),), targets=Labels(self.num_classes), required=True)

    def call(self, labels):
        labels = tf.reshape(labels, (tf.shape(labels)[0], -1)) + self.offsets
        return tf.reshape(tf.reduce_sum(self.table(labels), axis=1), (-1, *SHAPE))

    def objective(self, images, labels):
        return {"loss": losses.squared_error(images, self(labels))}

    def train_step(self, data):
        images, labels, weights = self._unpack(data)
        with tf.GradientTape() as tape:
            values = self.objective(images, labels)
            loss = share_of_loss(values["loss"], weights)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self._track(values, weights)

    def test_step(self, data):
        images, labels, weights = self._unpack(data)
        return self._track(self.objective(images, labels), weights)

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}


class OfWords(OfLabels):
    """Draws the mean image of the number of a text's words."""

    @property
    def contract(self):
        return Contract((Images(SHAPE),), targets=Words(), required=True)

    def call(self, texts):
        lengths = tf.cast(tf.map_fn(tf.size, tf.strings.split(texts), tf.int32), tf.int32)
        return super().call(tf.minimum(lengths, 5) - 1)


class OfTwoSets(ImageModel):
    """Learns what to add to an image of one set to have the mean of the other."""

    def __init__(self, **kwargs):
        super().__init__(SHAPE, **kwargs)
        self.change = self.add_weight(name="change", shape=SHAPE, initializer="zeros")
        self._track_means("loss")
        self.built = True

    @property
    def contract(self):
        return Contract((Images(SHAPE), Images(SHAPE)))

    def call(self, images):
        return images + self.change

    def objective(self, first, second):
        gap = tf.reduce_mean(self(first), axis=0) - tf.reduce_mean(second, axis=0)
        return {"loss": tf.reduce_sum(tf.square(gap))}

    def train_step(self, data):
        first, second, _ = self._unpack(data)
        with tf.GradientTape() as tape:
            values = self.objective(first, second)
        gradients = tape.gradient(values["loss"], self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self._track(values)

    def test_step(self, data):
        first, second, _ = self._unpack(data)
        return self._track(self.objective(first, second))
