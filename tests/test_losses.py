"""The losses against closed forms, numerical integration and the papers of the games."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import quad
from scipy.stats import norm
from small_models import IMAGES

from gk import losses


def test_kl_of_a_standard_normal_is_zero_and_never_negative():
    assert np.all(losses.gaussian_kl(tf.zeros((3, 4)), tf.zeros((3, 4))).numpy() == 0)
    z_mean, z_log_var = np.random.default_rng(1).normal(size=(2, 500, 4)).astype("float32")
    assert np.all(losses.gaussian_kl(z_mean, z_log_var).numpy() > 0)


def test_kl_equals_numerical_integration_and_monte_carlo():
    z_mean, z_log_var = np.array([[0.7, -1.2]]), np.array([[-0.5, 0.4]])
    ours = float(losses.gaussian_kl(z_mean, z_log_var)[0])
    posteriors = [norm(m, np.exp(v / 2)) for m, v in zip(z_mean[0], z_log_var[0], strict=True)]
    integrals = [
        quad(lambda z, q=q: q.pdf(z) * (q.logpdf(z) - norm.logpdf(z)), -12, 12)[0]
        for q in posteriors
    ]
    assert ours == pytest.approx(sum(integrals), rel=1e-6)
    draws = [q.rvs(200_000, random_state=1) for q in posteriors]
    logs = sum(q.logpdf(z) - norm.logpdf(z) for q, z in zip(posteriors, draws, strict=True))
    assert ours == pytest.approx(logs.mean(), abs=5 * logs.std() / np.sqrt(len(logs)))


def test_reconstruction_losses_are_log_likelihoods_summed_over_pixels():
    logits = np.random.default_rng(1).normal(0, 3, IMAGES.shape).astype("float32")
    p = 1 / (1 + np.exp(-logits.astype(float)))
    expected = -(IMAGES * np.log(p) + (1 - IMAGES) * np.log(1 - p)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(losses.bernoulli_nll(IMAGES, logits), expected, rtol=1e-5)
    expected = -norm(logits, np.exp(0.3)).logpdf(IMAGES).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(losses.gaussian_nll(IMAGES, logits, 0.6), expected, rtol=1e-5)
    assert np.isfinite(losses.bernoulli_nll(IMAGES, 1e4 * np.sign(logits))).all()


def test_games_are_the_losses_of_their_papers():
    real, fake = np.array([[2.0], [-0.5]]), np.array([[-3.0], [0.25]])
    p_real, p_fake = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-fake))
    of_discriminator = -np.log(p_real) - np.log(1 - p_fake)
    smoothed = -0.9 * np.log(p_real) - 0.1 * np.log(1 - p_real) - np.log(1 - p_fake)
    expected = {
        "non_saturating": (of_discriminator, -np.log(p_fake)),
        "minimax": (of_discriminator, np.log(1 - p_fake)),
        "hinge": (np.maximum(0, 1 - real) + np.maximum(0, 1 + fake), -fake),
        "wasserstein": (fake - real, -fake),
    }
    tensors = tf.constant(real), tf.constant(fake)
    assert set(losses.GAMES) == set(expected)
    for name, game in losses.GAMES.items():
        for got, wanted in zip(game(*tensors), expected[name], strict=True):
            np.testing.assert_allclose(got, wanted[:, 0], rtol=1e-6)
    for game in (losses.non_saturating_game, losses.minimax_game):
        d_loss, _ = game(*tensors, real_target=0.9)
        np.testing.assert_allclose(d_loss, smoothed[:, 0], rtol=1e-6)
