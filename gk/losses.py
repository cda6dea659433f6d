"""Losses as pure functions of tensors: one number for each image, in nats."""

import math

from keras import ops


def bernoulli_nll(images, logits):
    """Returns the negative log-likelihood of images under independent Bernoulli pixels.

    For pixels between 0 and 1 this is the cross-entropy, which is smallest, but not zero,
    where the prediction equals the image.

    Args:
        images: tensor `(batch, height, width, channels)` in [0, 1].
        logits: tensor of the same shape, the log-odds of ink.

    Returns:
        Tensor `(batch,)`, summed over pixels, in nats per image.
    """
    # log(1 + exp(l)) - l x, where softplus neither overflows nor underflows.
    return _sum_over_pixels(ops.softplus(logits) - logits * images)


def gaussian_nll(images, mean, log_variance):
    """Returns the negative log-likelihood of images under independent Gaussian pixels.

    Args:
        images: tensor `(batch, height, width, channels)`.
        mean: tensor of the same shape.
        log_variance: scalar tensor, log of the variance that all pixels share.

    Returns:
        Tensor `(batch,)`, summed over pixels, in nats per image.
    """
    squared = ops.square(images - mean) * ops.exp(-log_variance)
    return 0.5 * _sum_over_pixels(squared + log_variance + math.log(2 * math.pi))


def squared_error(images, reconstructions):
    """Returns the squared error, summed over pixels; a tensor `(batch,)`."""
    return _sum_over_pixels(ops.square(images - reconstructions))


def gaussian_kl(z_mean, z_log_var):
    """Returns the KL divergence from N(z_mean, exp(z_log_var)) to N(0, I).

    Closed form of Kingma & Welling (2014, Auto-Encoding Variational Bayes,
    arXiv:1312.6114), appendix B. Range [0, inf); 0 where both are equal.

    Args:
        z_mean: tensor `(batch, latent_dim)`.
        z_log_var: tensor `(batch, latent_dim)`, log of the variances.

    Returns:
        Tensor `(batch,)`, summed over latent dimensions, in nats per image.
    """
    per_dimension = ops.exp(z_log_var) + ops.square(z_mean) - 1.0 - z_log_var
    return 0.5 * ops.sum(per_dimension, axis=-1)


def logistic_loss(logits, is_real):
    """Returns the binary cross-entropy of a discriminator's logits.

    Args:
        logits: tensor `(batch, 1)`, positive where the discriminator takes images for real.
        is_real: number in [0, 1], the answer that is called right.

    Returns:
        Tensor `(batch,)` in nats per image.
    """
    return ops.squeeze(is_real * ops.softplus(-logits) + (1 - is_real) * ops.softplus(logits), -1)


def non_saturating_game(real_logits, fake_logits, real_target=1.0):
    """Returns the losses of both players in the game that most GANs play.

    The discriminator calls real images real and generated ones not. The generator wants its
    images called real, and maximizes log D instead of minimizing log(1 - D), which has
    hardly a slope where the discriminator is sure (Goodfellow et al., 2014, Generative
    Adversarial Nets, arXiv:1406.2661, section 3).

    Args:
        real_logits: tensor `(batch, 1)`, the discriminator's answers to real images.
        fake_logits: tensor `(batch, 1)`, its answers to generated images.
        real_target: what it should answer to real images; below 1 is one-sided label
            smoothing (Salimans et al., 2016, arXiv:1606.03498).

    Returns:
        The discriminator's and the generator's loss of each image, `(batch,)` each, in nats.
    """
    d_loss = logistic_loss(real_logits, real_target) + logistic_loss(fake_logits, is_real=0)
    return d_loss, logistic_loss(fake_logits, is_real=1)


def minimax_game(real_logits, fake_logits, real_target=1.0):
    """Returns the losses of the zero-sum game: the generator minimizes log(1 - D).

    The one that the theory is about: with the best discriminator the generator's loss is the
    Jensen-Shannon divergence, up to constants (Goodfellow et al., 2014, theorem 1). Arguments
    and result as for `non_saturating_game`.
    """
    d_loss, _ = non_saturating_game(real_logits, fake_logits, real_target)
    return d_loss, -logistic_loss(fake_logits, is_real=0)


def hinge_game(real_logits, fake_logits):
    """Returns the hinge losses: the discriminator stops caring where its margin exceeds 1.

    Lim & Ye (2017, Geometric GAN, arXiv:1705.02894). Arguments and result as for
    `non_saturating_game`, without a unit.
    """
    d_loss = ops.relu(1.0 - real_logits) + ops.relu(1.0 + fake_logits)
    return ops.squeeze(d_loss, -1), -ops.squeeze(fake_logits, -1)


def wasserstein_game(real_logits, fake_logits):
    """Returns the losses of the Wasserstein GAN: differences of means, without a logarithm.

    They estimate a distance of two distributions only while the discriminator's slope is
    bounded, as by spectral normalization or a gradient penalty (Arjovsky, Chintala & Bottou,
    2017, Wasserstein GAN, arXiv:1701.07875). Arguments and result as for
    `non_saturating_game`, without a unit.
    """
    return ops.squeeze(fake_logits - real_logits, -1), -ops.squeeze(fake_logits, -1)


GAMES = {
    "non_saturating": non_saturating_game,
    "minimax": minimax_game,
    "hinge": hinge_game,
    "wasserstein": wasserstein_game,
}


def _sum_over_pixels(values):
    return ops.sum(values, axis=tuple(range(1, len(values.shape))))
