"""The autoencoder: an encoder, a bottleneck, and a decoder that mirrors the encoder."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from gk import losses, networks
from gk.base import ImageModel, check_latent_dim, check_output, in_batches, share_of_loss
from gk.contract import Contract, Images

LIKELIHOODS = ("gaussian", "bernoulli")


@keras.saving.register_keras_serializable("gk")
class Autoencoder(ImageModel):
    """Learns a short code from which its input can be drawn again.

    Encoder and decoder are trained together on the squared error of the pixels (Hinton &
    Salakhutdinov, 2006, Reducing the Dimensionality of Data with Neural Networks, Science
    313). With linear networks the codes span the subspace of PCA (Baldi & Hornik, 1989).

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: size of a code.
        encoder: Keras model from images to `(batch, latent_dim)`; convolutional by default.
        decoder: Keras model from codes to `(batch, height, width, channels)`, unbounded.
        filters: filters of the first convolution of the default networks.
        output: `"sigmoid"` squeezes the decoder's output into [0, 1], `"linear"` does not.
        likelihood: of the pixels, given the decoder's output. `"gaussian"` of variance 1/2, whose
            negative logarithm is the squared error, up to a constant that is left out; or
            `"bernoulli"`, the cross-entropy, which needs the sigmoid.
        seed: integer from which the default networks' first weights and the shuffling derive.
        **kwargs: `name` and other arguments of `keras.Model`.

    Images are `(batch, height, width, channels)` in [0, 1]. The losses `loss` and
    `reconstruction_loss` are summed over pixels and averaged over images.

    Raises:
        ValueError: if an argument is out of range, or a network's shape does not fit.

    Example:

    >>> model = Autoencoder((28, 28, 1), latent_dim=2)
    >>> model.compile()
    >>> images = np.random.default_rng(0).uniform(size=(8, 28, 28, 1)).astype("float32")
    >>> history = model.fit(images, epochs=1, verbose=0)
    >>> model.encode(images).shape, model.decode([[0.0, 0.0]]).shape
    ((8, 2), (1, 28, 28, 1))
    """

    traced = ("seed", "output_kind", "likelihood")
    allowed = {"likelihood": LIKELIHOODS}  # noqa: RUF012

    def __init__(
        self,
        image_shape,
        latent_dim,
        encoder=None,
        decoder=None,
        filters=32,
        output="sigmoid",
        likelihood="gaussian",
        seed=0,
        **kwargs,
    ):
        super().__init__(image_shape, seed, **kwargs)
        self.latent_dim = check_latent_dim(latent_dim)
        if output not in ("sigmoid", "linear"):
            raise ValueError(f"Expected output 'sigmoid' or 'linear'. Received: {output!r}")
        self.output_kind = output
        if output == "linear" and likelihood == "bernoulli":
            raise ValueError(
                "Expected likelihood 'gaussian' with output 'linear', as the cross-entropy is that "
                f"of pixels between 0 and 1. Received: {likelihood!r}"
            )
        self.likelihood = likelihood
        if encoder is None or decoder is None:
            pair = networks.convolutional_pair(
                self.image_shape, self.latent_dim, filters, seed=seed
            )
            encoder, decoder = encoder or pair[0], decoder or pair[1]
        self.encoder, self.decoder = encoder, decoder
        check_output(self.encoder, (self.latent_dim,), "encoder")
        check_output(self.decoder, self.image_shape, "decoder")
        # Moments of the codes, from which `generate` draws.
        self.code_mean = self._moment("code_mean", (self.latent_dim,))
        self.code_square = self._moment("code_square", (self.latent_dim, self.latent_dim))
        self._track_means("loss", "reconstruction_loss")
        self.built = True

    @property
    def contract(self):
        images = Images(self.image_shape)
        return Contract((images,), targets=images)

    def _moment(self, name, shape):
        return self.add_weight(
            name=name, shape=shape, initializer="zeros", trainable=False, aggregation="mean"
        )

    def call(self, images, training=False):
        return self._to_images(
            self.decoder(self.encoder(images, training=training), training=training)
        )

    def _to_images(self, outputs):
        return ops.sigmoid(outputs) if self.output_kind == "sigmoid" else outputs

    def reconstruction_loss(self, targets, codes, training=False):
        """Returns the error of each image decoded from its code; `(batch,)`."""
        outputs = self.decoder(codes, training=training)
        if self.likelihood == "bernoulli":
            return losses.bernoulli_nll(targets, outputs)
        return losses.squared_error(targets, self._to_images(outputs))

    def train_step(self, data):
        images, targets, weights = self._unpack(data)
        with tf.GradientTape() as tape:
            codes = self.encoder(images, training=True)
            reconstruction_loss = self.reconstruction_loss(targets, codes, training=True)
            loss = share_of_loss(reconstruction_loss, weights)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        self._remember(codes)
        return self._log(reconstruction_loss, weights)

    def test_step(self, data):
        images, targets, weights = self._unpack(data)
        codes = self.encoder(images, training=False)
        return self._log(self.reconstruction_loss(targets, codes), weights)

    def _log(self, reconstruction_loss, weights):
        values = {"loss": reconstruction_loss, "reconstruction_loss": reconstruction_loss}
        return self._track(values, weights)

    def _remember(self, codes):
        """Moves the moments of the codes a little towards those of this batch."""
        share = 1.0 / (1.0 + ops.minimum(ops.cast(self._steps(), "float32"), 100.0))
        square = ops.matmul(ops.transpose(codes), codes) / ops.cast(ops.shape(codes)[0], "float32")
        self.code_mean.assign_add(share * (ops.mean(codes, axis=0) - self.code_mean))
        self.code_square.assign_add(share * (square - self.code_square))

    def encode(self, images):
        """Returns the codes of images, a float32 array `(n, latent_dim)`."""
        images = self.checked_images(images)
        return in_batches(lambda batch: self.encoder(batch, training=False), images)

    def decode(self, codes):
        """Returns the images of codes `(n, latent_dim)`, an array in [0, 1]."""
        images = in_batches(
            lambda batch: self._to_images(self.decoder(batch, training=False)), codes
        )
        return images.clip(0, 1)

    def generate(self, n, seed=None):
        """Decodes codes drawn from a Gaussian with the moments of the training codes.

        Nothing in the training asks these codes to be Gaussian, so most of what comes out
        may look like nothing; that is what variational autoencoders mend.

        Args:
            n: number of images.
            seed: integer, or `None` for other images each time.

        Returns:
            float32 array `(n, height, width, channels)` in [0, 1].

        Raises:
            RuntimeError: before training, when no codes have been seen.
        """
        if not np.any(self.code_square):
            raise RuntimeError(
                "Expected a trained autoencoder: generate draws codes like those that were seen in "
                "training, and there were none. Call fit first, or decode codes of your own."
            )
        mean = np.asarray(self.code_mean, dtype=float)
        covariance = np.asarray(self.code_square, dtype=float) - np.outer(mean, mean)
        rng = np.random.default_rng(seed)
        codes = rng.multivariate_normal(mean, covariance, n, check_valid="ignore")
        return self.generate_from(codes)

    def generate_from(self, latents):
        """Decodes given codes `(n, latent_dim)`, see `generate`."""
        return self.decode(latents)

    def get_config(self):
        return {
            **super().get_config(),
            "latent_dim": self.latent_dim,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "output": self.output_kind,
            "likelihood": self.likelihood,
        }
