"""The DCGAN: a generator and a discriminator that learn from each other."""

import math
import numbers

import keras
import numpy as np
import tensorflow as tf

from gk import networks, penalties
from gk.average import averaged, calibrate, follow
from gk.base import check_latent_dim, check_output, in_batches, share_of_loss
from gk.losses import GAMES
from gk.players import TwoPlayers

PIXELS_AT_PENALTY_1 = 32 * 32


@keras.saving.register_keras_serializable("gk")
class DCGAN(TwoPlayers):
    """A generator that makes images and a discriminator that tells them from real ones.

    The two-player game of Goodfellow et al. (2014, Generative Adversarial Nets,
    arXiv:1406.2661) with the non-saturating loss of the generator, on the convolutional
    networks of Radford, Metz & Chintala (2016, arXiv:1511.06434). Images are generated from
    `averaged_generator`, an exponential moving average of the generator (`gk.average`).

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: size of the random vector.
        generator: Keras model from `(batch, latent_dim)` to images in [-1, 1].
        discriminator: Keras model from images in [-1, 1] to logits `(batch, 1)`, positive
            for real.
        filters: filters of the default networks next to the image.
        game: what the players play for: `"non_saturating"`, `"minimax"`, `"hinge"` or
            `"wasserstein"`, see `gk.losses`.
        label_smoothing: by how much the target for real images is below 1, in [0, 0.5); for
            the first two games.
        r1_penalty: weight of the penalty on the discriminator's slope at real images
            (Mescheder, Geiger & Nowozin, 2018, arXiv:1801.04406), 0 or more. By default 1 for
            images of up to 32 × 32 pixels, and above that in proportion to the number of pixels,
            as in Karras et al. (2020, arXiv:2006.06676): the same picture in four times as many
            pixels has slopes whose squares sum to a quarter.
        gradient_penalty: weight of the penalty on how far its slope between real and generated
            images is from 1, 0 or more: 10, with `game="wasserstein"`, `r1_penalty=0` and
            `d_steps=5`, is WGAN-GP (Gulrajani et al., 2017, arXiv:1704.00028).
        d_steps: 0, and both players move at once, from one forward pass; or how many times the
            discriminator moves, against fresh generated images each time, before the generator
            does.
        joint_batch: whether the discriminator sees real and generated images as one batch.
            By default it sees them one after the other, which makes a difference when it
            normalizes over the batch.
        ema_decay: share of the average that stays at each step, in [0, 1).
        seed: integer from which the default networks' first weights, shuffling and random
            vectors derive.
        **kwargs: `name` and other arguments of `keras.Model`.

    Images are `(batch, height, width, channels)` in [0, 1] for the user; the networks see
    them in [-1, 1]. `d_loss` and `g_loss` are in nats per image, without the penalty, `loss` is
    their sum, and the accuracies are the shares of real and of generated images that the
    discriminator calls so.

    Raises:
        ValueError: if an argument is out of range, or a network's shape does not fit.

    Example:

    >>> model = DCGAN((28, 28, 1), latent_dim=16, filters=8)
    >>> model.compile()
    >>> images = np.random.default_rng(0).uniform(size=(8, 28, 28, 1)).astype("float32")
    >>> history = model.fit(images, epochs=1, verbose=0)
    >>> model.generate(3, seed=0).shape
    (3, 28, 28, 1)
    """

    traced = (
        *("seed", "game", "label_smoothing", "r1_penalty", "gradient_penalty", "d_steps"),
        *("joint_batch", "ema_decay"),
    )
    allowed = {"game": tuple(GAMES)}  # noqa: RUF012

    def __init__(
        self,
        image_shape,
        latent_dim,
        generator=None,
        discriminator=None,
        filters=32,
        game="non_saturating",
        label_smoothing=0.0,
        r1_penalty=None,
        gradient_penalty=0.0,
        d_steps=0,
        joint_batch=False,
        ema_decay=0.995,
        seed=0,
        **kwargs,
    ):
        super().__init__(image_shape, seed, **kwargs)
        self.latent_dim = check_latent_dim(latent_dim)
        self.game = game
        if not 0 <= label_smoothing < 0.5:
            raise ValueError(f"Expected label_smoothing in [0, 0.5). Received: {label_smoothing}")
        if label_smoothing and game not in ("non_saturating", "minimax"):
            raise ValueError(
                "Expected label_smoothing of 0, as this game has no labels. Received: "
                f"{label_smoothing} with game={game!r}"
            )
        if r1_penalty is None:
            r1_penalty = max(1.0, self.image_shape[0] * self.image_shape[1] / PIXELS_AT_PENALTY_1)
        if r1_penalty < 0 or gradient_penalty < 0:
            raise ValueError(
                "Expected r1_penalty and gradient_penalty of 0 or more. Received: "
                f"{r1_penalty} and {gradient_penalty}"
            )
        if not isinstance(d_steps, numbers.Integral) or d_steps < 0:
            raise ValueError(f"Expected d_steps as an integer, 0 or more. Received: {d_steps!r}")
        if not 0 <= ema_decay < 1:
            raise ValueError(f"Expected ema_decay in [0, 1). Received: {ema_decay}")
        self.label_smoothing = float(label_smoothing)
        self.r1_penalty = float(r1_penalty)
        self.gradient_penalty = float(gradient_penalty)
        self.d_steps = int(d_steps)
        self.joint_batch = bool(joint_batch)
        self.ema_decay = float(ema_decay)
        if generator is None or discriminator is None:
            pair = networks.dcgan_pair(self.image_shape, self.latent_dim, filters, seed=seed)
            generator, discriminator = generator or pair[0], discriminator or pair[1]
        self.generator, self.discriminator = generator, discriminator
        check_output(self.generator, self.image_shape, "generator")
        check_output(self.discriminator, (1,), "discriminator")
        self.averaged_generator = averaged(self.generator)
        self._track_means("loss", "d_loss", "g_loss", "d_real_accuracy", "d_fake_accuracy")
        self.built = True

    def call(self, latents, training=False):
        return _to_user(self.averaged_generator(latents, training=training))

    def losses_of_both(self, real_logits, fake_logits):
        """Returns the discriminator's and the generator's loss of each image, `(batch,)` each."""
        smooth = {"real_target": 1.0 - self.label_smoothing} if self.label_smoothing else {}
        return GAMES[self.game](real_logits, fake_logits, **smooth)

    def penalty(self, tape, real_logits, real, fakes):
        """Returns both penalties on the discriminator's slope, weighted, `(batch,)`.

        The tape has watched the real images.
        """
        total = 0.0
        if self.r1_penalty:
            total += self.r1_penalty * penalties.squared_slope(tape, real_logits, real)
        if self.gradient_penalty:
            noise = self._noise((tf.shape(real)[0], 1, 1, 1), self._steps(), salt=3)
            uniform = 0.5 + 0.5 * tf.math.erf(noise / math.sqrt(2.0))
            off_one = penalties.slope_off_one(self.discriminator, real, fakes, uniform)
            total += self.gradient_penalty * off_one
        return total

    def train_step(self, data):
        images, _, weights = self._unpack(data)
        real = _to_networks(images)
        if self.d_steps:
            for _ in range(self.d_steps):
                self._move(real, weights, ("d_optimizer",), salt=0)
            seen = self._move(real, weights, ("g_optimizer",), salt=2)
        else:
            seen = self._move(real, weights, self.optimizer_names, salt=0)
        follow(self.averaged_generator, self.generator, self._steps(), self.ema_decay)
        return self._log(*seen)

    def _move(self, real, weights, optimizers, salt):
        latents = self._latents(tf.shape(real)[0], self._steps(), salt)
        # One forward pass serves both players.
        with tf.GradientTape(persistent=True) as tape:
            fakes = self.generator(latents, training=True)
            with tf.GradientTape() as at_real:
                at_real.watch(real)
                real_logits, fake_logits = self._logits(real, fakes, training=True)
            d_loss, g_loss = self.losses_of_both(real_logits, fake_logits)
            penalty = self.penalty(at_real, real_logits, real, fakes)
            d_total, g_total = share_of_loss(d_loss + penalty, weights), share_of_loss(g_loss)
        # Each player moves its own weights only, down its own loss.
        players = {
            "d_optimizer": (d_total, self.discriminator.trainable_variables),
            "g_optimizer": (g_total, self.generator.trainable_variables),
        }
        gradients = [tape.gradient(*players[name]) for name in optimizers]
        for name, of_player in zip(optimizers, gradients, strict=True):
            getattr(self, name).apply(of_player, players[name][1])
        return real_logits, fake_logits, d_loss, g_loss

    def test_step(self, data):
        images, _, _ = self._unpack(data)
        latents = self._latents(tf.shape(images)[0], self._next_batch(), salt=1)
        fakes = self.generator(latents, training=False)
        real_logits, fake_logits = self._logits(_to_networks(images), fakes, training=False)
        losses = self.losses_of_both(real_logits, fake_logits)
        return self._log(real_logits, fake_logits, *losses)

    def _logits(self, real, fakes, training):
        if self.joint_batch:
            both = self.discriminator(tf.concat([real, fakes], axis=0), training=training)
            return tf.split(both, 2)
        real_logits = self.discriminator(real, training=training)
        return real_logits, self.discriminator(fakes, training=training)

    def _latents(self, n, step, salt):
        return self._noise((n, self.latent_dim), step, salt)

    def _log(self, real_logits, fake_logits, d_loss, g_loss):
        values = {
            "loss": d_loss + g_loss,
            "d_loss": d_loss,
            "g_loss": g_loss,
            "d_real_accuracy": tf.cast(real_logits[:, 0] > 0, tf.float32),
            "d_fake_accuracy": tf.cast(fake_logits[:, 0] <= 0, tf.float32),
        }
        return self._track(values)

    def generate(self, n, seed=None):
        """Makes images from random vectors, with the averaged generator.

        Args:
            n: number of images.
            seed: integer, or `None` for other images each time.

        Returns:
            float32 array `(n, height, width, channels)` in [0, 1].
        """
        return self.generate_from(np.random.default_rng(seed).standard_normal((n, self.latent_dim)))

    def generate_from(self, latents):
        """Makes images from given random vectors `(n, latent_dim)`, see `generate`."""
        return in_batches(self, latents).clip(0, 1)

    def calibrate(self, num_batches=100, batch_size=256):
        """Measures anew what the averaged generator's batch normalization goes by.

        See `gk.average.calibrate`. Call it at the end of a training; it draws the same random
        vectors each time.

        Args:
            num_batches: number of batches of random vectors.
            batch_size: size of each.
        """
        rng = np.random.default_rng(self.seed)
        shape = (num_batches, batch_size, self.latent_dim)
        latents = rng.standard_normal(shape, dtype="float32")
        calibrate(self.averaged_generator, self.generator, latents)

    def discriminate(self, images):
        """Returns the discriminator's logits, a float32 array `(n,)`, positive for real."""
        return in_batches(
            lambda batch: self.discriminator(_to_networks(batch), training=False)[:, 0],
            self.checked_images(images),
        )

    @property
    def input_signature(self):
        return [keras.InputSpec(shape=(None, self.latent_dim), dtype="float32")]

    def get_config(self):
        return {
            **super().get_config(),
            "latent_dim": self.latent_dim,
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            **{name: getattr(self, name) for name in self.traced},
        }


def _to_networks(images):
    return 2.0 * images - 1.0


def _to_user(images):
    return 0.5 * images + 0.5
