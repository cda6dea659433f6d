"""The race of `rivals.py` in `gk`, by `fit`, as its users train."""

import time

import gk  # before TensorFlow, which it keeps quiet

# isort: split
import keras
import tensorflow as tf

SHAPE = (28, 28, 1)
VERSION = f"TensorFlow {tf.__version__}"


def build(kind, compiled=False):
    """Returns a compiled model of a kind, and its parts in the order of the weights."""
    if kind == "dcgan":
        model = gk.DCGAN(SHAPE, latent_dim=64)
        model.compile(jit_compile=compiled)
        return model, (model.generator, model.discriminator)
    encoder = decoder = None
    if kind == "dense":
        encoder, decoder = gk.networks.dense_pair(SHAPE, latent_dim=16, variational=True)
    model = gk.VAE(SHAPE, latent_dim=16, encoder=encoder, decoder=decoder)
    model.compile(jit_compile=compiled)
    return model, (model.encoder, model.decoder)


def weights_of(parts):
    """Returns the trainable variables of the parts, by the names under which they are stored."""
    return {
        f"part_{number}_{index:02d}": weight
        for number, part in enumerate(parts)
        for index, weight in enumerate(part.trainable_variables)
    }


class Trainer:
    def __init__(self, kind, start, compiled, num_threads):
        gk.setup("cpu", seed=0)
        self.kind, self.start, self.compiled = kind, start, compiled
        self.images, self.batch_size = start["images"], len(start["noise"][0])
        self.model = self._new_model()

    def _new_model(self):
        model, parts = build(self.kind, self.compiled)
        for name, weight in weights_of(parts).items():
            weight.assign(self.start[name])
        if self.kind == "dcgan":
            model.averaged_generator.set_weights(model.generator.get_weights())
        return model

    def first_losses(self):
        model = self._new_model()

        @tf.function(jit_compile=self.compiled)
        def step(images, noise):
            model._noise = lambda *args, **kwargs: noise
            return model.train_step((images,))

        losses = []
        for noise in self.start["noise"]:
            model.reset_metrics()
            logs = step(tf.constant(self.images[: self.batch_size]), tf.constant(noise))
            losses.append(float(logs["loss"]))
        return losses

    def train(self, num_steps):
        """Trains one epoch; returns its seconds."""
        clock = EpochClock()
        images = self.images[: num_steps * self.batch_size]
        self.model.fit(images, batch_size=self.batch_size, verbose=0, callbacks=[clock])
        return clock.seconds


class EpochClock(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds = time.perf_counter() - self.started
