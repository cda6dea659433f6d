"""What the builders of networks share: initial weights by seed, and how far an image is halved."""

import contextlib
import random
import threading

import keras

# Python's generator belongs to all threads.
_ONE_AT_A_TIME = threading.RLock()

LARGEST_SMALL_SIDE = 8
SMALLEST_SIDE = 8


def check_channels_last():
    """Raises ValueError where Keras puts channels first: `(height, width, channels)` is ours."""
    if keras.config.image_data_format() != "channels_last":
        raise ValueError(
            "Expected images as (height, width, channels). Received: Keras set to channels_first. "
            "Call keras.config.set_image_data_format('channels_last'), or change "
            "image_data_format in Keras's configuration file."
        )


@contextlib.contextmanager
def initial_weights(seed):
    """Lets initial weights of what is built inside derive from a seed alone.

    Keras's initializers and dropout layers take their seeds from Python's generator, which is
    put back afterwards. `None` changes nothing: weights then follow Keras's global seed.
    """
    if seed is None:
        yield
        return
    with _ONE_AT_A_TIME:
        before = random.getstate()
        random.seed(int(seed))
        try:
            yield
        finally:
            random.setstate(before)


def halvings(image_shape):
    """Returns the sizes of maps from an image down to the smallest, each half of the one before.

    As in Radford, Metz & Chintala (2016, arXiv:1511.06434), maps are halved until their sides
    are 4 to 8 pixels; a side that is there stays while the other one is halved, and half of an
    odd side is rounded up.

    Args:
        image_shape: `(height, width, channels)`.

    Returns:
        List of `(height, width)`, the image's own first.

    Raises:
        ValueError: if a side has fewer than 8 pixels, which leaves nothing to halve.

    Example:

    >>> halvings((64, 28, 3))
    [(64, 28), (32, 14), (16, 7), (8, 7)]
    """
    check_channels_last()
    image_shape = tuple(int(size) for size in image_shape)
    if len(image_shape) != 3 or min(image_shape) < 1:
        raise ValueError(
            "Expected image_shape (height, width, channels), all positive. "
            f"Received: {tuple(image_shape)}"
        )
    if min(image_shape[:2]) < SMALLEST_SIDE:
        raise ValueError(
            f"Expected images of at least {SMALLEST_SIDE} pixels a side, as convolutional networks "
            f"halve them down to 4. Received: {tuple(image_shape)}. Enlarge the images, or pass "
            "networks of your own, such as gk.networks.dense_pair(…)."
        )
    sizes = [tuple(image_shape[:2])]
    while max(sizes[-1]) > LARGEST_SMALL_SIDE or len(sizes) == 1:
        sizes.append(
            tuple(
                -(-side // 2) if side > LARGEST_SMALL_SIDE or len(sizes) == 1 else side
                for side in sizes[-1]
            )
        )
    return sizes


def strides_between(larger, smaller):
    """Returns the strides that lead from one size of `halvings` to the next."""
    return tuple(2 if one > other else 1 for one, other in zip(larger, smaller, strict=True))
