"""How close two images are, pixel by pixel."""

import numpy as np


def psnr(images, references):
    """Returns the peak signal-to-noise ratio of each image against its reference.

    `10 log10(1 / mean squared error)`, for pixels in [0, 1]. Range [0, inf]; infinite for
    equal images, higher is better; 6 dB more is a quarter of the squared error.

    Args:
        images: array `(n, height, width, channels)` in [0, 1].
        references: array of the same shape.

    Returns:
        float64 array `(n,)` in decibels.

    Raises:
        ValueError: if the shapes differ, or values are outside [0, 1].

    Example:

    >>> psnr(np.zeros((1, 2, 2, 1)), np.full((1, 2, 2, 1), 0.1)).round(2)
    array([20.])
    """
    images, references = np.asarray(images, dtype=float), np.asarray(references, dtype=float)
    if images.shape != references.shape or images.ndim < 2:
        raise ValueError(
            "Expected images and references of one shape (n, height, width, channels). "
            f"Received: {images.shape} and {references.shape}"
        )
    for array in (images, references):
        if not (array.min() >= 0 and array.max() <= 1):
            raise ValueError(
                "Expected values in [0, 1]. "
                f"Received: from {array.min():.4g} to {array.max():.4g}. Clip or rescale first."
            )
    errors = np.square(images - references).reshape(len(images), -1).mean(axis=1)
    with np.errstate(divide="ignore"):
        return -10 * np.log10(errors)
