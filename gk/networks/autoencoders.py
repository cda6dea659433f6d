"""Builders of encoders and decoders."""

import itertools
import math

import keras
from keras import layers

from gk.networks.common import halvings, initial_weights, strides_between


def convolutional_encoder(image_shape, num_outputs, filters=32):
    """Builds an encoder of strided convolutions and a dense layer.

    Maps are halved until their sides are 4 to 8 pixels, and the filters doubled with each
    stage but the first.

    Args:
        image_shape: `(height, width, channels)`, at least 8 pixels a side.
        num_outputs: size of the output; `latent_dim` for an autoencoder, twice that for a
            VAE, whose encoder gives a mean and a variance for each.
        filters: number of filters of the first convolution.

    Returns:
        A Keras model from images `(batch, height, width, channels)` in [0, 1] to codes
        `(batch, num_outputs)`.

    Raises:
        ValueError: if the images are too small to halve.

    Example:

    >>> convolutional_encoder((28, 28, 1), num_outputs=2).output_shape
    (None, 2)
    """
    sizes = halvings(image_shape)
    images = keras.Input(image_shape)
    x = images
    for stage, (larger, smaller) in enumerate(itertools.pairwise(sizes)):
        strides = strides_between(larger, smaller)
        x = layers.Conv2D(filters << stage, 4, strides, padding="same", activation="relu")(x)
    codes = layers.Dense(num_outputs)(layers.Flatten()(x))
    return keras.Model(images, codes, name="encoder")


def convolutional_decoder(image_shape, latent_dim, filters=32):
    """Builds the mirror of `convolutional_encoder`, which up-samples by transposed convolution.

    Args:
        image_shape: `(height, width, channels)`, at least 8 pixels a side.
        latent_dim: size of a code.
        filters: number of filters of the last feature maps; doubled with each stage towards
            the code.

    Returns:
        A Keras model from codes `(batch, latent_dim)` to `(batch, height, width, channels)`,
        unbounded: logits, or means of a Gaussian.

    Raises:
        ValueError: if the images are too small to halve.
    """
    sizes = halvings(image_shape)[::-1]
    (height, width), channels = sizes[0], int(image_shape[2])
    codes = keras.Input((latent_dim,))
    filters <<= len(sizes) - 2
    x = layers.Dense(height * width * filters, activation="relu")(codes)
    x = layers.Reshape((height, width, filters))(x)
    for smaller, larger in itertools.pairwise(sizes[:-1]):
        filters //= 2
        x = doubled(x, filters, smaller, larger, activation="relu")
    # Ending in a strided convolution keeps the full-size maps down to one per channel.
    x = doubled(x, channels, *sizes[-2:])
    return keras.Model(codes, x, name="decoder")


def doubled(x, filters, smaller, larger, **options):
    """Returns maps of the next larger size of `halvings`, by a transposed convolution."""
    strides = strides_between(larger, smaller)
    x = layers.Conv2DTranspose(filters, 4, strides, padding="same", **options)(x)
    # What is twice the half of an odd side is one too many.
    surplus = [
        (0, side * stride - wanted)
        for side, stride, wanted in zip(smaller, strides, larger, strict=True)
    ]
    return layers.Cropping2D(surplus)(x) if any(map(any, surplus)) else x


def convolutional_pair(image_shape, latent_dim, filters=32, variational=False, seed=None):
    """Builds `convolutional_encoder` and `convolutional_decoder` for one model.

    Args:
        image_shape: `(height, width, channels)`, at least 8 pixels a side.
        latent_dim: size of a code.
        filters: number of filters next to the image.
        variational: whether the encoder gives a mean and a variance for each latent
            dimension, as that of a VAE.
        seed: integer from which the initial weights derive, or `None` for Keras's global one.

    Returns:
        The encoder and the decoder.
    """
    with initial_weights(seed):
        return (
            convolutional_encoder(image_shape, (1 + variational) * latent_dim, filters),
            convolutional_decoder(image_shape, latent_dim, filters),
        )


def dense_encoder(image_shape, num_outputs, hidden=(512, 256), activation="relu"):
    """Builds an encoder of dense layers; with `hidden=()` it is linear.

    Args:
        image_shape: `(height, width, channels)`.
        num_outputs: size of the output, see `convolutional_encoder`.
        hidden: sizes of the hidden layers.
        activation: of the hidden layers.

    Returns:
        A Keras model from images to codes `(batch, num_outputs)`.
    """
    images = keras.Input(image_shape)
    x = layers.Flatten()(images)
    for size in hidden:
        x = layers.Dense(size, activation=activation)(x)
    return keras.Model(images, layers.Dense(num_outputs)(x), name="encoder")


def dense_decoder(image_shape, latent_dim, hidden=(256, 512), activation="relu"):
    """Builds a decoder of dense layers; with `hidden=()` it is linear.

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: size of a code.
        hidden: sizes of the hidden layers.
        activation: of the hidden layers.

    Returns:
        A Keras model from codes `(batch, latent_dim)` to unbounded images.
    """
    codes = keras.Input((latent_dim,))
    x = codes
    for size in hidden:
        x = layers.Dense(size, activation=activation)(x)
    x = layers.Dense(int(math.prod(image_shape)))(x)
    return keras.Model(codes, layers.Reshape(tuple(image_shape))(x), name="decoder")


def dense_pair(
    image_shape, latent_dim, hidden=(512, 256), activation="relu", variational=False, seed=None
):
    """Builds `dense_encoder` and `dense_decoder` for one model, mirrors of each other.

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: size of a code.
        hidden: sizes of the hidden layers from the image to the code; `()` is linear.
        activation: of the hidden layers.
        variational: whether the encoder gives a mean and a variance for each latent
            dimension, as that of a VAE.
        seed: integer from which the initial weights derive, or `None` for Keras's global one.

    Returns:
        The encoder and the decoder.

    Example:

    >>> encoder, decoder = dense_pair((28, 28, 1), latent_dim=2, variational=True)
    >>> encoder.output_shape, decoder.output_shape
    ((None, 4), (None, 28, 28, 1))
    """
    with initial_weights(seed):
        return (
            dense_encoder(image_shape, (1 + variational) * latent_dim, hidden, activation),
            dense_decoder(image_shape, latent_dim, hidden[::-1], activation),
        )
