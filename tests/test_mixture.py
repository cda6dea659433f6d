"""The generative classifier, against scikit-learn, SciPy and Bayes's rule written out."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

from gk import GenerativeClassifier


@pytest.fixture
def blobs():
    rng = np.random.default_rng(0)
    roots = rng.normal(size=(2, 5, 5))
    clouds = [rng.normal(size=(400, 5)) @ root for root in roots]
    return np.concatenate([clouds[0], clouds[1] + 2]), np.repeat([3, 7], 400)


def test_one_gaussian_per_class_is_quadratic_discriminant_analysis(blobs):
    x, y = blobs
    ours = GenerativeClassifier(num_components=1, regularization=0).fit(x, y)
    theirs = QuadraticDiscriminantAnalysis().fit(x, y)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), atol=0.02)
    assert np.mean(ours.predict(x) == theirs.predict(x)) > 0.995


def test_density_is_that_of_the_full_gaussian_also_outside_the_subspace(blobs):
    x, y = blobs
    model = GenerativeClassifier(num_components=1, num_dimensions=3, regularization=0).fit(x, y)
    basis, mixture = model.pca_.components_, model.mixtures_[0]
    outside = np.eye(5) - basis.T @ basis
    covariance = basis.T @ mixture.covariances_[0] @ basis + model.pca_.noise_variance_ * outside
    mean = model.pca_.mean_ + mixture.means_[0] @ basis
    expected = multivariate_normal(mean, covariance).logpdf(x)
    np.testing.assert_allclose(model.class_log_densities(x)[:, 0], expected)


def test_posterior_is_bayes_rule_and_density_sums_over_classes(blobs):
    x, y = blobs
    x, y = x[:600], y[:600]  # 400 of one class, 200 of the other
    model = GenerativeClassifier().fit(x, y)
    joint = np.exp(model.class_log_densities(x)) * [400 / 600, 200 / 600]
    posterior = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(x), posterior, atol=1e-12)
    np.testing.assert_allclose(model.log_density(x), np.log(joint.sum(axis=1)))


def test_samples_have_the_mean_and_covariance_of_their_class(blobs):
    x, y = blobs
    model = GenerativeClassifier(num_components=2).fit(x, y)
    samples = model.sample(40_000, label=7, seed=0)
    of_class = x[y == 7]
    np.testing.assert_allclose(samples.mean(axis=0), of_class.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(samples.T), np.cov(of_class.T), rtol=0.1, atol=0.15)
    np.testing.assert_array_equal(samples, model.sample(40_000, label=7, seed=0))
    assert np.mean(model.predict(samples) == 7) > 0.9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y: GenerativeClassifier().fit(x, y * 0), "at least two classes"),
        (lambda x, y: GenerativeClassifier(500).fit(x, y), "Received: 400 of class"),
        (lambda x, y: GenerativeClassifier().fit(x * np.nan, y), "NaN"),
        (lambda x, y: GenerativeClassifier().fit(x, y).sample(3, label=1), r"one of \[3, 7\]"),
        (lambda x, y: GenerativeClassifier().fit(x, y).predict(x[:, :2]), "2 features"),
    ],
)
def test_bad_input_is_refused(blobs, call, message):
    with pytest.raises(ValueError, match=message):
        call(*blobs)


@pytest.mark.parametrize("num_components", [1, 3])
def test_each_class_has_as_many_gaussians_as_were_asked_for(blobs, num_components):
    model = GenerativeClassifier(num_components).fit(*blobs)
    assert [len(mixture.weights_) for mixture in model.mixtures_] == 2 * [num_components]
