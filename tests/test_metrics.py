"""The measures, on cases whose answer is known."""

import numpy as np
import pytest
from scipy import linalg

from gk import metrics
from gk.metrics import expected_calibration_error


def test_calibration_error_of_an_honest_classifier_is_small():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 200_000)
    labels = (rng.uniform(size=len(confidence)) > confidence).astype(int)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    assert expected_calibration_error(probabilities, labels) < 0.005


def test_calibration_error_by_hand():
    probabilities = [[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]]
    # Bin of 0.9: half are right, off by 0.4. Bin of 0.6: all are right, off by 0.4.
    assert expected_calibration_error(probabilities, [0, 1, 0, 0]) == pytest.approx(0.4)
    # All right at 0.9, none at 0.6: off by 0.1 and by 0.6.
    assert expected_calibration_error(probabilities, [0, 0, 1, 1]) == pytest.approx(0.35)


def test_certain_and_wrong_is_the_worst():
    assert expected_calibration_error(np.eye(2)[[0, 0, 1]], [1, 1, 0]) == 1


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        ([[2.0, -1.0]], [0], "Apply a softmax"),
        ([[3.0, 1.0]], [0], "Apply a softmax"),
        ([[0.5, 0.5]], [0, 1], "labels"),
        (np.zeros((0, 2)), [], "n > 0"),
    ],
)
def test_bad_input_is_refused(probabilities, labels, message):
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(probabilities, labels)


# Sets of samples


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
    np.testing.assert_array_equal(metrics.nearest_distances(x[:5], x), 0)
    assert metrics.nearest_distances([[0, 0, 1000]], x)[0] == pytest.approx(1000, abs=5)


def test_psnr_by_hand_and_against_its_meaning():
    black = np.zeros((2, 4, 4, 1))
    grey = np.stack([black[0] + 0.1, black[1] + 0.05])
    np.testing.assert_allclose(metrics.psnr(black, grey), [20, 26.0206])
    assert np.isinf(metrics.psnr(black, black)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.frechet_distance(np.zeros((1, 2)), np.zeros((5, 2))), "at least 2 rows"),
        (lambda: metrics.frechet_distance(np.zeros((5, 2)), np.zeros((5, 3))), "features"),
        (lambda: metrics.precision_recall(np.zeros((3, 2)), np.zeros((9, 2))), "at least 4 rows"),
        (lambda: metrics.nearest_distances(np.full((3, 2), np.nan), np.zeros((9, 2))), "NaN"),
        (lambda: metrics.psnr(np.zeros((1, 2, 2, 1)), np.zeros((1, 2, 2, 3))), "one shape"),
        (lambda: metrics.psnr(np.full((1, 2, 2, 1), 255), np.zeros((1, 2, 2, 1))), "Clip"),
    ],
)
def test_measures_refuse_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
