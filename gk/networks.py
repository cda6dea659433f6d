"""Builders of networks: functions that return plain Keras models."""

import math

import keras
from keras import layers


def resnet(image_shape, num_classes, width=16):
    """Builds a compact residual network for classification.

    Each block learns what to add to its input, so that the gradient finds a short way back
    (He et al., 2016, Deep Residual Learning for Image Recognition, arXiv:1512.03385).

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: number of classes.
        width: number of filters of the first layer; the blocks have twice as many.

    Returns:
        A Keras model from images `(batch, height, width, channels)` in [0, 1] to logits
        `(batch, num_classes)`.

    Example:

    >>> resnet((28, 28, 1), num_classes=10).output_shape
    (None, 10)
    """
    check_channels_last()
    images = keras.Input(image_shape)
    x = _convolution(images, width, kernel_size=3, strides=2)
    x = _residual_block(x, 2 * width, strides=2)
    x = _residual_block(x, 2 * width, strides=1)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(num_classes)(x), name="resnet")


def inception(image_shape, num_classes, width=16):
    """Builds a compact Inception network for classification.

    Each module looks at its input through windows of several sizes at once and lets the
    next one choose (Szegedy et al., 2015, Going Deeper with Convolutions, arXiv:1409.4842).
    Each convolution is followed by batch normalization (Ioffe & Szegedy, 2015,
    arXiv:1502.03167).

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: number of classes.
        width: number of filters of the first layer and of each of a module's four branches.

    Returns:
        A Keras model from images `(batch, height, width, channels)` in [0, 1] to logits
        `(batch, num_classes)`.

    Example:

    >>> inception((28, 28, 1), num_classes=10).output_shape
    (None, 10)
    """
    check_channels_last()
    images = keras.Input(image_shape)
    x = _convolution(images, width, kernel_size=3, strides=2)
    x = _convolution(x, 2 * width, kernel_size=3, strides=2)
    x = _inception_module(x, width)
    x = _inception_module(x, width)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(num_classes)(x), name="inception")


def judge(image_shape, num_outputs):
    """Builds the small classifier whose verdicts and features judge generated images.

    Args:
        image_shape: `(height, width, channels)`.
        num_outputs: number of classes, or of attributes.

    Returns:
        A Keras model from images `(batch, height, width, channels)` in [0, 1] to logits
        `(batch, num_outputs)`. Its layer `"features"` has shape `(batch, 64)`.
    """
    check_channels_last()
    images = keras.Input(image_shape)
    x = images
    for filters in (16, 32, 40):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    x = layers.Dense(64, activation="relu", name="features")(x)
    return keras.Model(images, layers.Dense(num_outputs)(x), name="judge")


def convolutional_encoder(image_shape, num_outputs, width=32):
    """Builds an encoder of two strided convolutions and a dense layer.

    Args:
        image_shape: `(height, width, channels)`; height and width are multiples of 4.
        num_outputs: size of the output; `latent_dim` for an autoencoder, twice that for a
            VAE, whose encoder gives a mean and a variance for each.
        width: number of filters of the first convolution; the second has twice as many.

    Returns:
        A Keras model from images `(batch, height, width, channels)` in [0, 1] to codes
        `(batch, num_outputs)`.

    Raises:
        ValueError: if height or width is not a multiple of 4.

    Example:

    >>> convolutional_encoder((28, 28, 1), num_outputs=2).output_shape
    (None, 2)
    """
    _check_multiple_of_4(image_shape)
    images = keras.Input(image_shape)
    x = layers.Conv2D(width, 4, strides=2, padding="same", activation="relu")(images)
    x = layers.Conv2D(2 * width, 4, strides=2, padding="same", activation="relu")(x)
    codes = layers.Dense(num_outputs)(layers.Flatten()(x))
    return keras.Model(images, codes, name="encoder")


def convolutional_decoder(image_shape, latent_dim, width=32):
    """Builds the mirror of `convolutional_encoder`, which up-samples by transposed convolution.

    Args:
        image_shape: `(height, width, channels)`; height and width are multiples of 4.
        latent_dim: size of a code.
        width: number of filters of the last feature maps; the first have twice as many.

    Returns:
        A Keras model from codes `(batch, latent_dim)` to `(batch, height, width, channels)`,
        unbounded: logits, or means of a Gaussian.

    Raises:
        ValueError: if height or width is not a multiple of 4.
    """
    _check_multiple_of_4(image_shape)
    height, columns, channels = image_shape
    codes = keras.Input((latent_dim,))
    x = layers.Dense(height // 4 * columns // 4 * 2 * width, activation="relu")(codes)
    x = layers.Reshape((height // 4, columns // 4, 2 * width))(x)
    x = layers.Conv2DTranspose(width, 4, strides=2, padding="same", activation="relu")(x)
    # Ending in a strided convolution keeps the full-size maps down to one per channel.
    x = layers.Conv2DTranspose(channels, 4, strides=2, padding="same")(x)
    return keras.Model(codes, x, name="decoder")


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


def dcgan_generator(image_shape, latent_dim, width=32):
    """Builds a generator from transposed convolutions with batch normalization.

    After Radford, Metz & Chintala (2016, Unsupervised Representation Learning with Deep
    Convolutional Generative Adversarial Networks, arXiv:1511.06434), with half as many
    doublings, as the images are smaller, and a convolution on the smallest maps, where
    strokes are put together and a layer costs least.

    Args:
        image_shape: `(height, width, channels)`; height and width are multiples of 4.
        latent_dim: size of the random vector.
        width: number of filters of the last feature maps; the first have twice as many.

    Returns:
        A Keras model from `(batch, latent_dim)` to images in (-1, 1).

    Raises:
        ValueError: if height or width is not a multiple of 4.
    """
    _check_multiple_of_4(image_shape)
    height, columns, channels = image_shape
    latents = keras.Input((latent_dim,))
    x = layers.Dense(height // 4 * columns // 4 * 2 * width, use_bias=False)(latents)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Reshape((height // 4, columns // 4, 2 * width))(x)
    x = layers.Conv2D(2 * width, 3, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2DTranspose(width, 4, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2DTranspose(channels, 4, strides=2, padding="same", activation="tanh")(x)
    return keras.Model(latents, x, name="generator")


def dcgan_discriminator(image_shape, width=32, dropout=0.0, batch_norm=False, spectral_norm=False):
    """Builds a discriminator: an encoder that ends in one number.

    Source: see `dcgan_generator`. A hidden layer of `2 * width` units before the last one
    lets the verdict weigh the image as a whole.

    Args:
        image_shape: `(height, width, channels)`; height and width are multiples of 4.
        width: number of filters of the first convolution; the second has twice as many.
        dropout: share of features that are dropped in training.
        batch_norm: whether the later convolutions are followed by batch normalization.
        spectral_norm: whether each layer's largest singular value is kept at 1 (Miyato et
            al., 2018, Spectral Normalization for Generative Adversarial Networks,
            arXiv:1802.05957).

    Returns:
        A Keras model from images in [-1, 1] to logits `(batch, 1)`, positive for real.

    Raises:
        ValueError: if height or width is not a multiple of 4.
    """
    _check_multiple_of_4(image_shape)
    normalized = layers.SpectralNormalization if spectral_norm else lambda layer: layer
    images = keras.Input(image_shape)
    x = normalized(layers.Conv2D(width, 4, strides=2, padding="same"))(images)
    x = layers.LeakyReLU(0.2)(x)
    for kernel_size, strides in ((4, 2), (3, 1)):
        x = normalized(layers.Conv2D(2 * width, kernel_size, strides, padding="same"))(x)
        if batch_norm:
            x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.LeakyReLU(0.2)(x)
    x = layers.Dropout(dropout)(layers.Flatten()(x))
    x = layers.LeakyReLU(0.2)(normalized(layers.Dense(2 * width))(x))
    return keras.Model(images, normalized(layers.Dense(1))(x), name="discriminator")


def check_channels_last():
    """Raises ValueError where Keras puts channels first: `(height, width, channels)` is ours."""
    if keras.config.image_data_format() != "channels_last":
        raise ValueError(
            "Expected images as (height, width, channels). Received: Keras set to channels_first. "
            "Call keras.config.set_image_data_format('channels_last'), or change "
            "image_data_format in Keras's configuration file."
        )


def _check_multiple_of_4(image_shape):
    check_channels_last()
    if len(image_shape) != 3 or image_shape[0] % 4 or image_shape[1] % 4:
        raise ValueError(
            "Expected image_shape (height, width, channels) with height and width multiples of "
            f"4. Received: {tuple(image_shape)}. Pad the images, or pass networks of your own."
        )


def _convolution(x, filters, kernel_size, strides=1, activation="relu"):
    x = layers.Conv2D(filters, kernel_size, strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.Activation(activation)(x)


def _residual_block(x, filters, strides):
    shortcut = x
    if strides != 1:
        # Thinned out before the convolution: with strides of its own, a 1 x 1 convolution's
        # gradient writes past its memory in TensorFlow 2.21 for some sizes of a batch.
        shortcut = layers.MaxPooling2D(1, strides)(shortcut)
    if x.shape[-1] != filters:
        shortcut = _convolution(shortcut, filters, kernel_size=1, activation="linear")
    x = _convolution(x, filters, kernel_size=3, strides=strides)
    x = _convolution(x, filters, kernel_size=3, activation="linear")
    return layers.Activation("relu")(layers.Add()([shortcut, x]))


def _inception_module(x, filters):
    point = _convolution(x, filters, kernel_size=1)
    # 1 x 1 convolutions in front of the wide windows keep them cheap.
    small = _convolution(_convolution(x, filters // 2, 1), filters, kernel_size=3)
    large = _convolution(_convolution(x, filters // 2, 1), filters, kernel_size=5)
    pooled = _convolution(layers.MaxPooling2D(3, strides=1, padding="same")(x), filters, 1)
    return layers.Concatenate()([point, small, large, pooled])
