"""How close two images are, pixel by pixel."""

import numpy as np

from gk.metrics.samples import nearest_distances


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


def copied_share(images, train_images, unseen_images, percentile=1):
    """Returns the share of generated images that are copies of training images.

    A copy is an image nearer to a training image, by the Euclidean distance of the pixels,
    than all but `percentile` per cent of the unseen real images are. Range [0, 1], lower is
    better; new real images have about `percentile / 100`, a generator that memorises has 1.

    Args:
        images: array `(n, height, width, channels)`, what a model generates.
        train_images: array `(m, height, width, channels)`, what it was trained on.
        unseen_images: array `(k, height, width, channels)`, real ones that it was not.
        percentile: in [0, 100], how many of the unseen ones may count as copies, in per cent.

    Returns:
        A float.

    Raises:
        ValueError: if a set is empty, or the images differ in shape.

    Example:

    >>> images = np.random.default_rng(0).uniform(size=(300, 4, 4, 1))
    >>> copied_share(images[:50], images[:200], images[200:])
    1.0
    """
    sets = [np.asarray(images) for images in (images, train_images, unseen_images)]
    if len({part.shape[1:] for part in sets}) > 1 or not all(map(len, sets)):
        raise ValueError(
            "Expected three sets of images of one shape, none of them empty. "
            f"Received: shapes {', '.join(str(part.shape) for part in sets)}"
        )
    generated, train, unseen = (part.reshape(len(part), -1) for part in sets)
    limit = np.percentile(nearest_distances(unseen, train), percentile)
    return float(np.mean(nearest_distances(generated, train) < limit))
