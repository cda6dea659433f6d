"""Whether a classifier is as sure as it is right."""

import numpy as np


def expected_calibration_error(probabilities, labels, num_bins=15):
    """Returns how far a classifier's confidence is from its accuracy.

    Predictions are put into bins of equal width by their confidence, the largest
    probability; the result is the mean over all predictions of the distance between the
    accuracy and the mean confidence of their bin (Guo et al., 2017, On Calibration of Modern
    Neural Networks, arXiv:1706.04599). Range [0, 1]; 0 is calibrated, lower is better.

    Args:
        probabilities: array `(n, classes)`, each row sums to 1.
        labels: integer array `(n,)`.
        num_bins: number of bins.

    Returns:
        A float.

    Raises:
        ValueError: if the shapes do not fit, or the rows are not probabilities.

    Example:

    >>> round(expected_calibration_error([[0.9, 0.1]] * 5, [0, 0, 0, 0, 1]), 3)
    0.1
    """
    probabilities, labels = np.asarray(probabilities, dtype=float), np.asarray(labels)
    _check_probabilities(probabilities, labels)
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    gaps = np.bincount(bins, weights=correct - confidence)
    return float(np.abs(gaps).sum() / len(labels))


def _check_probabilities(probabilities, labels):
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not len(labels):
        raise ValueError(
            "Expected probabilities (n, classes) and labels (n,), n > 0. "
            f"Received: shapes {probabilities.shape} and {labels.shape}"
        )
    sums = probabilities.sum(axis=1)
    if probabilities.min() < 0 or not np.allclose(sums, 1, atol=1e-3):
        raise ValueError(
            "Expected rows of probabilities, each with the sum 1. Received: values from "
            f"{probabilities.min():.4g}, sums from {sums.min():.4g} to {sums.max():.4g}. "
            "Apply a softmax to logits first."
        )
