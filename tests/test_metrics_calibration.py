"""The calibration error, on classifiers whose error is known."""

import numpy as np
import pytest

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
