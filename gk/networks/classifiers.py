"""Builders of networks that tell what an image shows."""

import keras
from keras import layers

from gk.networks.common import check_channels_last


def resnet(image_shape, num_classes, filters=16):
    """Builds a compact residual network for classification.

    Each block learns what to add to its input, so that the gradient finds a short way back
    (He et al., 2016, Deep Residual Learning for Image Recognition, arXiv:1512.03385).

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: number of classes.
        filters: number of filters of the first layer; the blocks have twice as many.

    Returns:
        A Keras model from images `(batch, height, width, channels)` in [0, 1] to logits
        `(batch, num_classes)`.

    Example:

    >>> resnet((28, 28, 1), num_classes=10).output_shape
    (None, 10)
    """
    check_channels_last()
    images = keras.Input(image_shape)
    x = _convolution(images, filters, kernel_size=3, strides=2)
    x = _residual_block(x, 2 * filters, strides=2)
    x = _residual_block(x, 2 * filters, strides=1)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(num_classes)(x), name="resnet")


def inception(image_shape, num_classes, filters=16):
    """Builds a compact Inception network for classification.

    Each module looks at its input through windows of several sizes at once and lets the
    next one choose (Szegedy et al., 2015, Going Deeper with Convolutions, arXiv:1409.4842).
    Each convolution is followed by batch normalization (Ioffe & Szegedy, 2015,
    arXiv:1502.03167).

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: number of classes.
        filters: number of filters of the first layer and of each of a module's four branches.

    Returns:
        A Keras model from images `(batch, height, width, channels)` in [0, 1] to logits
        `(batch, num_classes)`.

    Example:

    >>> inception((28, 28, 1), num_classes=10).output_shape
    (None, 10)
    """
    check_channels_last()
    images = keras.Input(image_shape)
    x = _convolution(images, filters, kernel_size=3, strides=2)
    x = _convolution(x, 2 * filters, kernel_size=3, strides=2)
    x = _inception_module(x, filters)
    x = _inception_module(x, filters)
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
