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


def calibrate(average, network, batches):
    """Measures anew what the batch normalization of an average goes by.

    An average of the statistics of many networks is not quite the statistics of the averaged
    one (Izmailov et al., 2018, Averaging Weights Leads to Wider Optima and Better
    Generalization, arXiv:1803.05407).

    Args:
        average: what `averaged` returned.
        network: the network that it follows, whose layers are those that learn.
        batches: iterable of batches of inputs.
    """
    mean_of = dict(zip(map(id, network.weights), average.weights, strict=True))
    # Variables that are no weights, such as those of dropout, are the network's own.
    learned, fixed = (
        [mean_of.get(id(variable), variable) for variable in variables]
        for variables in (network.trainable_variables, network.non_trainable_variables)
    )
    values = [variable.value for variable in fixed]
    for inputs in batches:
        _, values = network.stateless_call(
            [variable.value for variable in learned], values, inputs, training=True
        )
    for variable, value in zip(fixed, values, strict=True):
        variable.assign(value)
