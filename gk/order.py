"""The order in which training takes images: it can be repeated, and gone on with."""

import dataclasses

import numpy as np
import tensorflow as tf

from gk.pixels import Pixels


@dataclasses.dataclass(frozen=True)
class Order:
    """The order in which an epoch takes images: it depends on seed and steps taken alone.

    So another call of `fit` sees another order, and a run that goes on after a kill the one
    that it would have seen.

    Attributes:
        num_images: number of images.
        batch_size: images in a batch.
        seed: integer.
        shuffle: whether they come in another order than that of the array.
        steps_per_epoch: number of batches in an epoch, or `None` for one pass. An epoch then
            begins where the last one ended, inside of a pass.
        number: of the set among those that come together, each in an order of its own.
        full: whether a batch that a pass would leave short is filled from the next pass.
    """

    num_images: int
    batch_size: int
    seed: int
    shuffle: bool
    steps_per_epoch: int | None = None
    number: int = 0
    full: bool = False

    @property
    def steps(self):
        """Number of batches in an epoch."""
        return self.steps_per_epoch or self.steps_per_pass

    @property
    def steps_per_pass(self):
        """Number of batches in which each image comes once."""
        return -(-self.num_images // self.batch_size)

    def of_epoch(self, steps_taken):
        """Returns the indices of the images of an epoch of one pass, int64 `(num_images,)`."""
        return self._one_pass(*divmod(steps_taken, self.steps_per_pass))

    def of_step(self, step):
        """Returns the indices of the images of a step, where epochs do not end with passes."""
        if self.full:
            first, position = divmod(int(step) * self.batch_size, self.num_images)
            last = (position + self.batch_size - 1) // self.num_images + first
            passes = [self._one_pass(number) for number in range(first, last + 1)]
            return np.concatenate(passes)[position:][: self.batch_size]
        number, position = divmod(int(step), self.steps_per_pass)
        return self._one_pass(number)[position * self.batch_size :][: self.batch_size]

    def _one_pass(self, number, inside=0):
        """Returns the order of a pass by its number, and by where inside of one it begins."""
        if not self.shuffle:
            return np.arange(self.num_images)
        key = [self.seed, number, inside, self.number]
        return np.random.default_rng(key).permutation(self.num_images)


def batches(data, batch_size, seed, shuffle, steps_taken, steps_per_epoch=None):
    """Returns a dataset of batches of arrays; an epoch is a pass over the largest set.

    Of sets that come together each begins anew in its own time, and every batch is full.

    Args:
        data: `Data` of arrays.
        batch_size: images in a batch, of each set.
        seed: integer from which the order derives.
        shuffle: whether images come in another order than that of the arrays.
        steps_taken: function that gives the number of steps taken before the epoch.
        steps_per_epoch: number of batches in an epoch where that is not one pass.

    Returns:
        A `tf.data.Dataset` of tuples of tensors.
    """
    if len(data.sets) == 1:
        order = Order(len(data.sets[0]), batch_size, seed, shuffle, steps_per_epoch)
        return _gathered(data.parts, order, steps_taken)
    steps = steps_per_epoch or -(-max(map(len, data.sets)) // batch_size)
    orders = [
        Order(len(images), batch_size, seed, shuffle, steps, number, full=True)
        for number, images in enumerate(data.sets)
    ]
    streams = (
        _gathered((images,), order, steps_taken)
        for images, order in zip(data.sets, orders, strict=True)
    )
    return tf.data.Dataset.zip(tuple(streams)).map(lambda *batch: sum(batch, ()))


def _gathered(arrays, order, steps_taken):
    """Returns a dataset of batches of arrays that belong together, image by image."""
    takers = [_taker(array) for array in arrays]
    # Python is asked by a map: TensorFlow's datasets from generators tell glibc to give freed
    # memory back (`gk.memory` tells it to keep it).
    if order.steps_per_epoch is None:
        # One call per epoch, so that Python costs nothing per batch.
        indices = _asked(lambda _: order.of_epoch(steps_taken()), 1)
        indices = indices.flat_map(tf.data.Dataset.from_tensor_slices).batch(order.batch_size)
    else:
        indices = _asked(lambda step: order.of_step(steps_taken() + step), order.steps)
    # Several workers share out the images of each batch.
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return (
        indices.with_options(options)
        .apply(tf.data.experimental.assert_cardinality(order.steps))
        .map(
            lambda batch: tuple(take(batch) for take in takers),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        .prefetch(tf.data.AUTOTUNE)
    )


def _taker(array):
    """Returns a function from the indices of a batch to its part of an array."""
    if not isinstance(array, Pixels):
        tensor = tf.constant(array)
        return lambda batch: tf.gather(tensor, batch)

    def take(batch):
        images = tf.numpy_function(array.__getitem__, [batch], tf.float32)
        images.set_shape((batch.shape[0], *array.shape[1:]))
        return images

    return take


def _asked(function, number):
    """Returns a dataset of what a Python function gives for 0, 1, 2 … : indices, a vector each."""

    def indices(number):
        given = tf.numpy_function(function, [number], tf.int64)
        given.set_shape((None,))
        return given

    return tf.data.Dataset.range(number).map(indices)
