"""The measures of sets of samples, on sets whose answer is known."""

import numpy as np
import pytest
from scipy import linalg

from gk import metrics


def test_frechet_distance_of_gaussians_with_known_moments():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(4, 4))
    first = rng.normal(size=(5000, 4)) @ mixing + [1, 0, 0, 0]
    second = rng.normal(size=(4000, 4)) * [1, 2, 0.5, 1]
    means, covariances = zip(*((x.mean(0), np.cov(x.T)) for x in (first, second)), strict=True)
    # The same by the symmetric form of the square root.
    root = linalg.sqrtm(covariances[0]).real
    cross = linalg.sqrtm(root @ covariances[1] @ root).real
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(sum(covariances) - 2 * cross)
    assert metrics.frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)
    assert metrics.frechet_distance(second, first) == pytest.approx(expected, rel=1e-6)
    assert metrics.frechet_distance(first, first) == pytest.approx(0, abs=1e-6)
    # Diagonal covariances: the squared distance of the deviations.
    assert metrics.frechet_distance(second, 3 * second) == pytest.approx(
        np.sum((2 * second.mean(0)) ** 2) + np.trace(4 * np.cov(second.T)), rel=1e-6
    )


def test_precision_and_recall_by_their_definition():
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(80, 3)), rng.normal(0.5, 1.5, size=(60, 3))

    def share(points, centres):
        distances = np.linalg.norm(centres[:, None] - centres, axis=-1)
        radii = np.sort(distances, axis=1)[:, 3]
        return (np.linalg.norm(points[:, None] - centres, axis=-1) <= radii).any(axis=1).mean()

    expected = share(generated, real), share(real, generated)
    assert metrics.precision_recall(real, generated) == pytest.approx(expected)


def test_precision_falls_with_garbage_and_recall_with_what_is_missing():
    rng = np.random.default_rng(0)
    real = np.concatenate([rng.normal(0, 1, (300, 2)), rng.normal(20, 1, (300, 2))])
    half = np.concatenate([rng.normal(0, 1, (300, 2)), rng.normal(-40, 1, (300, 2))])
    precision, recall = metrics.precision_recall(real, half)
    assert precision == pytest.approx(0.5, abs=0.05)
    assert recall == pytest.approx(0.5, abs=0.05)


def test_a_copy_is_at_distance_zero():
    x = np.random.default_rng(0).normal(size=(50, 3))
    np.testing.assert_array_equal(metrics.nearest_distances(x, features=x[:5]), 0)
    assert metrics.nearest_distances(x, features=[[0, 0, 1000]])[0] == pytest.approx(1000, abs=5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.frechet_distance(np.zeros((1, 2)), np.zeros((5, 2))), "at least 2 rows"),
        (lambda: metrics.frechet_distance(np.zeros((5, 2)), np.zeros((5, 3))), "features"),
        (lambda: metrics.precision_recall(np.zeros((3, 2)), np.zeros((9, 2))), "at least 4 rows"),
        (
            lambda: metrics.nearest_distances(np.full((3, 2), np.nan), features=np.zeros((9, 2))),
            "NaN",
        ),
    ],
)
def test_measures_refuse_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
