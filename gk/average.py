"""An average of a network over its training: a clone that follows it."""

import keras
import tensorflow as tf


def averaged(network):
    """Returns a clone of a network, with the same weights, that no optimizer moves."""
    clone = keras.models.clone_model(network)
    clone.set_weights(network.get_weights())
    clone.trainable = False
    return clone


def follow(average, network, step, decay):
    """Moves the weights and statistics of an average a little towards those of its network.

    An exponential moving average, as of Yazıcı et al. (2019, The Unusual Effectiveness of
    Averaging in GAN Training, arXiv:1806.04498). Early on it forgets faster, so that it does
    not hold on to the start.

    Args:
        average: what `averaged` returned.
        network: the network that learns.
        step: number of steps that it has taken, 1 at the least.
        decay: share of the average that stays at each step, in [0, 1).
    """
    step = tf.cast(step, tf.float32)
    share = 1.0 - tf.minimum(decay, (1.0 + step) / (10.0 + step))
    for mean, weight in zip(average.weights, network.weights, strict=True):
        mean.assign(mean + share * (weight - mean))
