"""Penalties on a discriminator's slope: one number for each image."""

import tensorflow as tf


def squared_slope(tape, logits, images):
    """Returns half the squared slope of logits at images, `(batch,)`: R1 without its weight.

    Mescheder, Geiger & Nowozin (2018, Which Training Methods for GANs do actually Converge?,
    arXiv:1801.04406).

    Args:
        tape: one that watched the images while the discriminator answered them, so that no
            second forward pass is needed.
        logits: what it answered, `(batch, 1)`.
        images: tensor `(batch, height, width, channels)`, as the networks see it.
    """
    return 0.5 * tf.reduce_sum(tf.square(tape.gradient(logits, images)), axis=(1, 2, 3))


def slope_off_one(discriminator, real, fakes, shares):
    """Returns how far the slope between real and generated images is from 1, squared, `(batch,)`.

    The gradient penalty of WGAN-GP (Gulrajani et al., 2017, Improved Training of Wasserstein
    GANs, arXiv:1704.00028) without its weight: a critic whose slope is 1 along the ways from
    generated to real images measures how far they are apart.

    Args:
        discriminator: Keras model to logits `(batch, 1)`. It should not normalize over the
            batch, as a slope is then no longer that of one image.
        real: tensor `(batch, height, width, channels)`, as the networks see it.
        fakes: of the same shape.
        shares: tensor `(batch, 1, 1, 1)` in [0, 1], where on the way from real to generated.
    """
    between = tf.stop_gradient(real + shares * (fakes - real))
    with tf.GradientTape() as tape:
        tape.watch(between)
        logits = discriminator(between, training=True)
    squared = tf.reduce_sum(tf.square(tape.gradient(logits, between)), axis=(1, 2, 3))
    # The root has no slope at 0.
    return tf.square(tf.sqrt(squared + 1e-12) - 1.0)
