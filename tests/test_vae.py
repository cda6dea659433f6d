"""The variational autoencoder against PCA, exact likelihoods and gradients written out."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from linear_models import FLAT_DATA, subspace_angle, train_linear
from sklearn.decomposition import PCA
from small_models import IMAGES, SHAPE, make

import gk
from gk import networks


@pytest.fixture(scope="module")
def linear_vae():
    keras.utils.set_random_seed(0)
    encoder = networks.dense_encoder((4, 4, 1), 4, hidden=())
    decoder = networks.dense_decoder((4, 4, 1), 2, hidden=())
    model = gk.VAE((4, 4, 1), 2, likelihood="gaussian", encoder=encoder, decoder=decoder)
    train_linear(model, FLAT_DATA, epochs=20)
    return model


def exact_log_likelihood(model, x):
    """Log-likelihood of a linear Gaussian decoder: a Gaussian with known covariance."""
    kernel, bias = model.decoder.get_weights()
    variance = float(np.exp(model.pixel_log_variance.numpy()))
    covariance = kernel.T @ kernel + variance * np.eye(16)
    difference = x.astype(float) - bias
    squared = (difference @ np.linalg.inv(covariance) * difference).sum(axis=1)
    return -0.5 * (squared + np.linalg.slogdet(2 * np.pi * covariance)[1])


def test_linear_vae_reaches_probabilistic_pca(linear_vae):
    pca = PCA(2).fit(FLAT_DATA)
    # PCA divides by n - 1, maximum likelihood by n.
    share = (len(FLAT_DATA) - 1) / len(FLAT_DATA)
    eigenvalues = np.linalg.eigvalsh(np.cov(FLAT_DATA.T) * share)[::-1]
    noise = eigenvalues[2:].mean()
    log_determinant = np.log(eigenvalues[:2]).sum() + 14 * np.log(noise)
    optimum = -0.5 * (16 * np.log(2 * np.pi) + log_determinant + 16)
    reached = exact_log_likelihood(linear_vae, FLAT_DATA).mean()
    assert reached <= optimum + 1e-3
    assert reached == pytest.approx(optimum, abs=0.1)
    assert subspace_angle(linear_vae.decoder, pca.components_) < 2
    loss = linear_vae.evaluate(FLAT_DATA.reshape(-1, 4, 4, 1), verbose=0, return_dict=True)["loss"]
    assert -loss == pytest.approx(optimum, abs=0.3)


def test_importance_weighted_estimate_agrees_and_rises_with_samples(linear_vae):
    # An encoder that is off makes the bound loose, so that samples matter.
    bias = linear_vae.encoder.weights[1]
    before = bias.numpy()
    bias.assign_add([0.25, 0.25, 0.8, 0.8])
    images = FLAT_DATA[:64].reshape(-1, 4, 4, 1)
    exact = exact_log_likelihood(linear_vae, FLAT_DATA[:64]).mean()
    repeats = {
        k: np.array([linear_vae.log_likelihood(images, k, seed).mean() for seed in range(6)])
        for k in (1, 10, 2500)
    }
    bias.assign(before)
    means = {k: values.mean() for k, values in repeats.items()}
    errors = {k: values.std(ddof=1) / np.sqrt(6) for k, values in repeats.items()}
    assert means[1] < means[10] < means[2500]
    assert means[1] < exact - 3 * errors[1]
    assert means[10] < exact + 3 * errors[10]
    assert means[2500] == pytest.approx(exact, abs=4 * errors[2500] + 0.02)


@pytest.mark.parametrize("kl_weight", [0.0, 0.5, 4.0])
def test_vae_steps_down_the_weighted_sum_of_both_parts(kl_weight):
    keras.utils.set_random_seed(0)
    encoder = networks.dense_encoder(SHAPE, 6, hidden=(16,))
    decoder = networks.dense_decoder(SHAPE, 3, hidden=(16,))
    model = gk.VAE(SHAPE, 3, kl_weight=kl_weight, encoder=encoder, decoder=decoder)
    model.compile(keras.optimizers.SGD(0.01), run_eagerly=True)
    images, targets = IMAGES[:8], IMAGES[8:16]
    weights = np.arange(8, dtype="float32")
    noise = model._noise((8, 3), 0, salt=0)
    with tf.GradientTape() as tape:
        z_mean, z_log_var = tf.split(encoder(images), 2, axis=-1)
        p = tf.sigmoid(decoder(z_mean + tf.exp(0.5 * z_log_var) * noise))
        log_likelihood = targets * tf.math.log(p) + (1 - targets) * tf.math.log(1 - p)
        kl = 0.5 * (tf.exp(z_log_var) + z_mean**2 - 1 - z_log_var)
        loss = kl_weight * tf.reduce_sum(kl, 1) - tf.reduce_sum(log_likelihood, (1, 2, 3))
        loss = tf.reduce_mean(weights * loss)  # as Keras reduces weighted losses
    variables = model.trainable_variables
    expected = [
        variable.numpy() - 0.01 * gradient.numpy()
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True)
    ]
    model.train_step((tf.constant(images), tf.constant(targets), tf.constant(weights)))
    for variable, value in zip(variables, expected, strict=True):
        np.testing.assert_allclose(variable.numpy(), value, rtol=1e-3, atol=1e-5)


def test_the_kl_weight_can_be_annealed(tmp_path):
    model = make("vae", kl_weight=1.0)
    anneal = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: setattr(model, "kl_weight", 50.0 * epoch)
    )
    logs = model.fit(IMAGES, epochs=3, verbose=0, callbacks=[anneal]).history
    in_effect = np.subtract(logs["loss"], logs["reconstruction_loss"]) / logs["kl_loss"]
    np.testing.assert_allclose(in_effect, [0, 50, 100], rtol=1e-3, atol=1e-3)
    assert model.kl_weight == model.get_config()["kl_weight"] == 100
    with pytest.raises(ValueError, match="kl_weight"):
        model.kl_weight = -1


def test_a_step_of_ones_own_may_read_the_kl_weight():
    class Own(gk.VAE):
        def train_step(self, data):
            images, targets, _ = self._unpack(data)
            with tf.GradientTape() as tape:
                losses = self.objective(images, targets, self._steps(), salt=0, training=True)
                loss = tf.reduce_mean(
                    losses["reconstruction_loss"] + self.kl_weight * losses["kl_loss"]
                )
            weights = self.trainable_variables
            self.optimizer.apply(tape.gradient(loss, weights), weights)
            return {"loss": loss}

    model = Own(SHAPE, 2, filters=2)
    model.compile()
    model.fit(IMAGES, verbose=0)
