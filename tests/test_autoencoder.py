"""The autoencoder against PCA, and against the variational one whose regions are points."""

import keras
import numpy as np
import pytest
from linear_models import FLAT_DATA, subspace_angle, train_linear
from sklearn.decomposition import PCA
from small_models import IMAGES, SHAPE

import gk
from gk import networks


def test_linear_autoencoder_spans_the_subspace_of_pca():
    keras.utils.set_random_seed(0)
    encoder = networks.dense_encoder((4, 4, 1), 2, hidden=())
    decoder = networks.dense_decoder((4, 4, 1), 2, hidden=())
    model = gk.Autoencoder((4, 4, 1), 2, encoder, decoder, output="linear")
    train_linear(model, FLAT_DATA, epochs=28)
    pca = PCA(2).fit(FLAT_DATA)
    assert subspace_angle(decoder, pca.components_) < 1
    loss = model.evaluate(FLAT_DATA.reshape(-1, 4, 4, 1), verbose=0, return_dict=True)["loss"]
    residual = FLAT_DATA - pca.inverse_transform(pca.transform(FLAT_DATA))
    assert loss == pytest.approx((residual**2).sum(axis=1).mean(), rel=0.01)


def test_autoencoder_has_the_loss_of_a_vae_whose_regions_are_points():
    decoder = networks.dense_decoder(SHAPE, 3)
    vae = gk.VAE(SHAPE, 3, decoder=decoder)
    plain = gk.Autoencoder(SHAPE, 3, decoder=decoder, likelihood="bernoulli")
    codes = np.random.default_rng(1).normal(size=(64, 3)).astype("float32")
    np.testing.assert_allclose(
        plain.reconstruction_loss(IMAGES, codes), vae.reconstruction_loss(IMAGES, codes), rtol=1e-6
    )


def test_new_codes_have_the_moments_of_those_seen_in_training(monkeypatch):
    model = gk.Autoencoder(SHAPE, 2, filters=2)
    with pytest.raises(RuntimeError, match="Call fit first"):
        model.generate(20)
    mean, covariance = np.array([3.0, -2.0]), np.array([[1.0, 0.6], [0.6, 2.0]])
    model.code_mean.assign(mean)
    model.code_square.assign(covariance + np.outer(mean, mean))
    monkeypatch.setattr(model, "decode", lambda codes: codes)
    codes = model.generate(20_000, seed=0)
    np.testing.assert_allclose(codes.mean(axis=0), mean, atol=0.05)
    np.testing.assert_allclose(np.cov(codes.T), covariance, atol=0.08)


def test_denoising_learns_the_target_and_not_the_input():
    keras.utils.set_random_seed(0)
    model = gk.Autoencoder(SHAPE, 8, filters=8)
    model.compile(keras.optimizers.Adam(1e-2))
    targets = np.zeros_like(IMAGES)
    targets[:, 2:6] = 1
    model.fit(IMAGES, targets, batch_size=32, epochs=40, verbose=0)
    assert np.abs(model(IMAGES) - targets).mean() < 0.05
