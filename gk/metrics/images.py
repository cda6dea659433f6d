"""How close two images are, pixel by pixel."""

import numpy as np
import tensorflow as tf

from gk.metrics.samples import nearest_distances

CHUNK = 20_000


def psnr(references, images):
    """Returns the peak signal-to-noise ratio of each image against its reference.

    `10 log10(1 / mean squared error)`, for pixels in [0, 1]. Range [0, inf]; infinite for
    equal images, higher is better; 6 dB more is a quarter of the squared error.

    Args:
        references: array `(n, height, width, channels)` in [0, 1].
        images: array of the same shape.

    Returns:
        float32 array `(n,)` in decibels.

    Raises:
        ValueError: if the shapes differ, or values are outside [0, 1].

    Example:

    >>> psnr(np.zeros((1, 2, 2, 1)), np.full((1, 2, 2, 1), 0.1)).round(2).tolist()
    [20.0]
    """
    references, images = (np.asarray(array, dtype="float32") for array in (references, images))
    if images.shape != references.shape or images.ndim != 4:
        raise ValueError(
            "Expected references and images of one shape (n, height, width, channels). "
            f"Received: {references.shape} and {images.shape}"
        )
    for array in (references, images):
        if not (array.min() >= 0 and array.max() <= 1):
            raise ValueError(
                "Expected values in [0, 1]. "
                f"Received: from {array.min():.4g} to {array.max():.4g}. Clip or rescale first."
            )
    return tf.image.psnr(references, images, max_val=1.0).numpy()


def copied_share(train_images, unseen_images, *, images, percentile=1):
    """Returns the share of generated images that are copies of training images.

    A copy is an image nearer to a training image, by the Euclidean distance of the pixels,
    than all but `percentile` per cent of the unseen real images are. Range [0, 1], lower is
    better; new real images have about `percentile / 100`, a generator that memorises has 1.

    Args:
        train_images: array `(m, height, width, channels)`, what a model was trained on.
        unseen_images: array `(k, height, width, channels)`, real ones that it was not.
        images: array `(n, height, width, channels)`, what it generates.
        percentile: in [0, 100], how many of the unseen ones may count as copies, in per cent.

    Returns:
        A float.

    Raises:
        ValueError: if a set is empty, or the images differ in shape.

    Example:

    >>> images = np.random.default_rng(0).uniform(size=(300, 4, 4, 1))
    >>> copied_share(images[:200], images[200:], images=images[:50])
    1.0
    """
    sets = (train_images, unseen_images, images)
    if len({part.shape[1:] for part in sets}) > 1 or not all(map(len, sets)):
        raise ValueError(
            "Expected three sets of images of one shape, none of them empty. "
            f"Received: shapes {', '.join(str(part.shape) for part in sets)}"
        )
    limit = np.percentile(_distances_to_nearest(train_images, unseen_images), percentile)
    return float(np.mean(_distances_to_nearest(train_images, images) < limit))


def _distances_to_nearest(references, images):
    """Returns the distance of each image to the nearest of many, some of those at a time."""
    nearest = np.inf
    for first in range(0, len(references), CHUNK):
        some = np.asarray(references[first : first + CHUNK])
        distances = nearest_distances(
            some.reshape(len(some), -1), features=images.reshape(len(images), -1)
        )
        nearest = np.minimum(nearest, distances)
    return nearest
