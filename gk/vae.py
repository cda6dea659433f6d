"""The variational autoencoder: an encoder that gives regions instead of points."""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from scipy.special import logsumexp

from gk import losses, networks
from gk.base import ImageModel, check_latent_dim, check_output, in_batches, share_of_loss
from gk.contract import Contract, Images

LIKELIHOODS = ("bernoulli", "gaussian")


@keras.saving.register_keras_serializable("gk")
class VAE(ImageModel):
    """Learns a latent space from which new images can be drawn.

    The encoder gives a mean and a variance for each latent dimension; one code is sampled
    and decoded. Training minimises the negative evidence lower bound (Kingma & Welling, 2014,
    Auto-Encoding Variational Bayes, arXiv:1312.6114), with the KL part weighted as in the
    beta-VAE (Higgins et al., 2017).

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: number of latent dimensions.
        kl_weight: weight of the KL loss, not negative; 1 gives the evidence lower bound. May
            be set again at any time, as by a callback that anneals it.
        likelihood: `"bernoulli"`, the decoder gives logits of ink; or `"gaussian"`, it gives
            means, and one variance for all pixels is learned.
        encoder: Keras model from images to `(batch, 2 * latent_dim)`: all means, then all
            logs of variances; convolutional by default.
        decoder: Keras model from codes to `(batch, height, width, channels)`, unbounded.
        filters: filters of the first convolution of the default networks.
        seed: integer from which the default networks' first weights, shuffling and sampling
            noise derive.
        **kwargs: `name` and other arguments of `keras.Model`.

    Images are `(batch, height, width, channels)` in [0, 1]. `reconstruction_loss` and
    `kl_loss` are summed over pixels and latent dimensions and averaged over images, in nats;
    `loss` is `reconstruction_loss + kl_weight * kl_loss`.

    Raises:
        ValueError: if an argument is out of range, or a network's shape does not fit.

    Example:

    >>> model = VAE((28, 28, 1), latent_dim=2)
    >>> model.compile()
    >>> images = np.random.default_rng(0).uniform(size=(8, 28, 28, 1)).astype("float32")
    >>> history = model.fit(images, epochs=1, verbose=0)
    >>> model.generate(3, seed=0).shape
    (3, 28, 28, 1)
    """

    traced = ("seed", "likelihood")
    allowed = {"likelihood": LIKELIHOODS}  # noqa: RUF012
    moved_in_training = ("kl_weight",)

    def __init__(
        self,
        image_shape,
        latent_dim,
        kl_weight=1.0,
        likelihood="bernoulli",
        encoder=None,
        decoder=None,
        filters=32,
        seed=0,
        **kwargs,
    ):
        super().__init__(image_shape, seed, **kwargs)
        self.latent_dim = check_latent_dim(latent_dim)
        # A number would be frozen when the step is traced.
        self._kl_weight = self.add_weight(
            name="kl_weight", shape=(), initializer="zeros", trainable=False
        )
        self.kl_weight = kl_weight
        self.likelihood = likelihood
        if encoder is None or decoder is None:
            pair = networks.convolutional_pair(
                self.image_shape, self.latent_dim, filters, variational=True, seed=seed
            )
            encoder, decoder = encoder or pair[0], decoder or pair[1]
        self.encoder, self.decoder = encoder, decoder
        check_output(self.encoder, (2 * self.latent_dim,), "encoder")
        check_output(self.decoder, self.image_shape, "decoder")
        if likelihood == "gaussian":
            self.pixel_log_variance = self.add_weight(
                name="pixel_log_variance", shape=(), initializer="zeros"
            )
        self._track_means("loss", "reconstruction_loss", "kl_loss")
        self.built = True

    @property
    def contract(self):
        images = Images(self.image_shape)
        return Contract((images,), targets=images)

    @property
    def kl_weight(self):
        """Weight of the KL loss: a float, or the variable itself where a step is traced."""
        if not tf.executing_eagerly():
            return self._kl_weight
        return float(self._kl_weight.numpy())

    @kl_weight.setter
    def kl_weight(self, value):
        if not (value >= 0 and math.isfinite(value)):
            raise ValueError(f"Expected kl_weight of at least 0. Received: {value}")
        self._kl_weight.assign(value)

    def call(self, images, training=False):
        z_mean, _ = self.posterior(images, training)
        return self._to_images(self.decoder(z_mean, training=training))

    def posterior(self, images, training=False):
        """Returns `z_mean` and `z_log_var` of q(z | image), two tensors `(batch, latent_dim)`."""
        return ops.split(self.encoder(images, training=training), 2, axis=-1)

    def reconstruction_loss(self, targets, z, training=False):
        """Returns -log p(target | z) of each image, a tensor `(batch,)` in nats."""
        outputs = self.decoder(z, training=training)
        if self.likelihood == "bernoulli":
            return losses.bernoulli_nll(targets, outputs)
        return losses.gaussian_nll(targets, outputs, self.pixel_log_variance)

    def objective(self, images, targets, step, salt, training):
        """Returns what is minimised, `loss`, and its two parts, of each image.

        Args:
            images: tensor `(batch, height, width, channels)` to encode.
            targets: tensor of the same shape, what should come out.
            step: number of the step, for the noise.
            salt: number that tells training's noise from evaluation's.
            training: whether layers such as dropout are at work.

        Returns:
            dict of tensors `(batch,)` in nats: `loss`, `reconstruction_loss`, `kl_loss`.
        """
        z_mean, z_log_var = self.posterior(images, training)
        # The reparameterisation: the noise is drawn apart, so that the gradient passes
        # through mean and variance.
        noise = self._noise(tf.shape(z_mean), step, salt)
        z = z_mean + ops.exp(0.5 * z_log_var) * noise
        reconstruction_loss = self.reconstruction_loss(targets, z, training)
        kl_loss = self.divergence(z_mean, z_log_var)
        return {
            "loss": reconstruction_loss + self._kl_weight * kl_loss,
            "reconstruction_loss": reconstruction_loss,
            "kl_loss": kl_loss,
        }

    def divergence(self, z_mean, z_log_var):
        """Returns how far each code's region is from the prior, a tensor `(batch,)` in nats."""
        return losses.gaussian_kl(z_mean, z_log_var)

    def train_step(self, data):
        images, targets, weights = self._unpack(data)
        with tf.GradientTape() as tape:
            losses = self.objective(images, targets, self._steps(), salt=0, training=True)
            loss = share_of_loss(losses["loss"], weights)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self._track(losses, weights)

    def test_step(self, data):
        images, targets, weights = self._unpack(data)
        losses = self.objective(images, targets, self._next_batch(), salt=1, training=False)
        return self._track(losses, weights)

    def _to_images(self, outputs):
        return ops.sigmoid(outputs) if self.likelihood == "bernoulli" else outputs

    def encode(self, images):
        """Returns the means of the codes of images, a float32 array `(n, latent_dim)`."""
        images = self.checked_images(images)
        return in_batches(lambda batch: self.posterior(batch)[0], images)

    def decode(self, codes):
        """Returns the images of codes `(n, latent_dim)`, an array in [0, 1]."""
        images = in_batches(
            lambda batch: self._to_images(self.decoder(batch, training=False)), codes
        )
        return images.clip(0, 1)

    def generate(self, n, seed=None):
        """Decodes codes drawn from the prior N(0, I).

        Args:
            n: number of images.
            seed: integer, or `None` for other images each time.

        Returns:
            float32 array `(n, height, width, channels)` in [0, 1], the means of the pixels.
        """
        return self.generate_from(np.random.default_rng(seed).standard_normal((n, self.latent_dim)))

    def generate_from(self, latents):
        """Decodes given points of the prior `(n, latent_dim)`, see `generate`."""
        return self.decode(latents)

    def log_likelihood(self, images, num_samples=100, seed=0):
        """Estimates log p(image) by importance sampling from the encoder.

        The estimate of Burda, Grosse & Salakhutdinov (2016, Importance Weighted Autoencoders,
        arXiv:1509.00519), eq. 8: a lower bound in expectation, which rises with the number of
        samples towards the exact value.

        Args:
            images: array `(n, height, width, channels)` in [0, 1].
            num_samples: number of codes sampled for each image.
            seed: integer.

        Returns:
            float64 array `(n,)` in nats per image.

        Raises:
            ValueError: if `num_samples` is less than 1, or the data are no images.
        """
        images = self.checked_images(images)
        if num_samples < 1:
            raise ValueError(f"Expected num_samples of at least 1. Received: {num_samples}")
        per_image = tf.function(self._log_weights, reduce_retracing=True)
        estimates = []
        for number, image in enumerate(images):
            log_weights = np.concatenate(
                [
                    np.asarray(per_image(image, size, tf.constant([seed, number * 4096 + chunk])))
                    for chunk, size in enumerate(_chunks(num_samples))
                ]
            ).astype(float)
            estimates.append(logsumexp(log_weights) - np.log(num_samples))
        return np.array(estimates)

    def _log_weights(self, image, size, seed):
        """Returns log p(x, z) - log q(z | x) for codes sampled for one image; `(size,)`."""
        z_mean, z_log_var = self.posterior(image[tf.newaxis])
        noise = tf.random.stateless_normal((size, self.latent_dim), seed)
        z = z_mean + tf.exp(0.5 * z_log_var) * noise
        # The terms log(2 pi) of prior and posterior cancel.
        log_prior = -0.5 * tf.reduce_sum(tf.square(z), axis=1)
        log_posterior = -0.5 * tf.reduce_sum(tf.square(noise) + z_log_var, axis=1)
        targets = tf.repeat(image[tf.newaxis], size, axis=0)
        return -self.reconstruction_loss(targets, z) + log_prior - log_posterior

    def get_config(self):
        return {
            **super().get_config(),
            "latent_dim": self.latent_dim,
            "kl_weight": self.kl_weight,
            "likelihood": self.likelihood,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
        }


def _chunks(total, largest=1000):
    """Returns sizes that sum to the total, so that many samples need little memory."""
    return [largest] * (total // largest) + [total % largest] * (total % largest > 0)
