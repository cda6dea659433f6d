"""Builders of generators and discriminators."""

import itertools

import keras
from keras import layers

from gk.networks.autoencoders import doubled
from gk.networks.common import halvings, initial_weights, strides_between


def dcgan_generator(image_shape, latent_dim, filters=32):
    """Builds a generator from transposed convolutions with batch normalization.

    After Radford, Metz & Chintala (2016, Unsupervised Representation Learning with Deep
    Convolutional Generative Adversarial Networks, arXiv:1511.06434), with smallest maps of 4
    to 8 pixels a side, and a convolution on them, where strokes are put together and a layer
    costs least.

    Args:
        image_shape: `(height, width, channels)`, at least 8 pixels a side.
        latent_dim: size of the random vector.
        filters: number of filters of the last feature maps; doubled with each stage towards
            the random vector.

    Returns:
        A Keras model from `(batch, latent_dim)` to images in (-1, 1).

    Raises:
        ValueError: if the images are too small to halve.
    """
    sizes = halvings(image_shape)[::-1]
    (height, width), channels = sizes[0], int(image_shape[2])
    latents = keras.Input((latent_dim,))
    filters <<= len(sizes) - 2
    x = layers.Dense(height * width * filters, use_bias=False)(latents)
    x = layers.Reshape((height, width, filters))(_normalized(x))
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = _normalized(x)
    for smaller, larger in itertools.pairwise(sizes[:-1]):
        filters //= 2
        x = _normalized(doubled(x, filters, smaller, larger, use_bias=False))
    x = doubled(x, channels, *sizes[-2:], activation="tanh")
    return keras.Model(latents, x, name="generator")


def dcgan_discriminator(
    image_shape, filters=32, dropout=0.0, batch_norm=False, spectral_norm=False
):
    """Builds a discriminator: an encoder that ends in one number.

    Source: see `dcgan_generator`. A hidden layer as wide as the last maps, before the last
    layer, lets the verdict weigh the image as a whole.

    Args:
        image_shape: `(height, width, channels)`, at least 8 pixels a side.
        filters: number of filters of the first convolution; doubled with each stage.
        dropout: share of features that are dropped in training.
        batch_norm: whether the later convolutions are followed by batch normalization.
        spectral_norm: whether each layer's largest singular value is kept at 1 (Miyato et
            al., 2018, Spectral Normalization for Generative Adversarial Networks,
            arXiv:1802.05957).

    Returns:
        A Keras model from images in [-1, 1] to logits `(batch, 1)`, positive for real.

    Raises:
        ValueError: if the images are too small to halve.
    """
    sizes = halvings(image_shape)
    normalized = layers.SpectralNormalization if spectral_norm else lambda layer: layer
    images = keras.Input(image_shape)
    convolutions = [
        (filters << stage, 4, strides_between(larger, smaller))
        for stage, (larger, smaller) in enumerate(itertools.pairwise(sizes))
    ]
    filters = convolutions[-1][0]
    x = images
    for number, (size, kernel_size, strides) in enumerate([*convolutions, (filters, 3, 1)]):
        x = normalized(layers.Conv2D(size, kernel_size, strides, padding="same"))(x)
        if batch_norm and number:
            x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.LeakyReLU(0.2)(x)
    x = layers.Dropout(dropout)(layers.Flatten()(x))
    x = layers.LeakyReLU(0.2)(normalized(layers.Dense(filters))(x))
    return keras.Model(images, normalized(layers.Dense(1))(x), name="discriminator")


def dcgan_pair(image_shape, latent_dim, filters=32, seed=None):
    """Builds `dcgan_generator` and `dcgan_discriminator` for one model.

    Args:
        image_shape: `(height, width, channels)`, at least 8 pixels a side.
        latent_dim: size of the random vector.
        filters: number of filters next to the image.
        seed: integer from which the initial weights derive, or `None` for Keras's global one.

    Returns:
        The generator and the discriminator.
    """
    with initial_weights(seed):
        return (
            dcgan_generator(image_shape, latent_dim, filters),
            dcgan_discriminator(image_shape, filters),
        )


def _normalized(x):
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
