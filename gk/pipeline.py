"""What `fit` and `evaluate` take: checked before any work is done, in an order that repeats."""

import dataclasses
import itertools
import types

import keras
import numpy as np
import tensorflow as tf

# Rounding may leave a value this far outside of [0, 1].
TOLERANCE = 1e-6


def checked(x, y, sample_weight, image_shape, name="x"):
    """Checks the data of a call; looks at whole arrays, and at the first batch of all else.

    Args:
        x: images `(n, height, width, channels)` in [0, 1] as an array or tensor; or a
            `tf.data.Dataset`, a `keras.utils.PyDataset` or a generator of batches of images,
            of pairs (images, targets) or of triples with weights.
        y: target images, or `None`.
        sample_weight: a number of at least 0 for each image, or `None`.
        image_shape: `(height, width, channels)` of the model.
        name: what to call `x` in an error.

    Returns:
        `x`, `y` and `sample_weight`: arrays as float32, all else as it came.

    Raises:
        ValueError: if the data are not what the model learns from.
    """
    if _is_array(x):
        x = _images(x, name, image_shape)
        y = None if y is None else _images(y, "y", image_shape, targets=True)
        if y is not None and len(y) != len(x):
            raise ValueError(
                f"Expected as many target images as images. Received: {len(x)} and {len(y)}."
            )
        if sample_weight is not None:
            y = x if y is None else y  # Keras passes over weights that do not come third
        return x, y, _weights(sample_weight, len(x))
    if y is not None or sample_weight is not None:
        raise ValueError(
            f"Expected {name} as an array where y or sample_weight is given. Received: "
            f"{type(x).__name__}. Let its batches be pairs (images, targets) or triples "
            "(images, targets, weights)."
        )
    if isinstance(x, tf.data.Dataset):
        batch = next(iter(x.take(1)), None)
    elif isinstance(x, keras.utils.PyDataset):
        batch = None if x.num_batches == 0 else x[0]
    elif isinstance(x, types.GeneratorType):
        batch = next(x, None)
        x = _chained([batch], x)
    else:
        hint = ""
        if isinstance(x, (list, tuple)):
            hint = " Make one array of them: np.stack(images)."
            if len(x) == 1 and np.ndim(x[0]) == 4:
                hint = " Pass the array itself, without the list around it."
        raise ValueError(
            f"Expected {name} as an array of images, a tf.data.Dataset, a keras.utils.PyDataset "
            f"or a generator of batches. Received: {type(x).__name__}.{hint}"
        )
    _check_batch(batch, name, image_shape)
    return x, None, None


def images_of(data, name, image_shape):
    """Returns images as a float32 array `(n, height, width, channels)`, checked."""
    if not _is_array(data):
        data = np.asarray(data)
    return _images(data, name, image_shape)


def checked_validation(data, image_shape):
    """Checks validation data: what `checked` takes, or a tuple (x, y) or (x, y, weights)."""
    data = tuple(data) if isinstance(data, (tuple, list)) else (data,)
    x, y, weights = (*data, None, None)[:3]
    x, y, weights = checked(x, y, weights, image_shape, "validation_data")
    return (x, y, weights) if _is_array(x) else x


def split(x, y, sample_weight, share):
    """Puts the last images aside for validation, as Keras does, before any shuffling.

    Returns:
        Two triples (images, targets, weights): for training and for validation.
    """
    if not _is_array(x):
        raise ValueError(
            "Expected x as an array where validation_split is given. Received: "
            f"{type(x).__name__}. Split it yourself, and pass validation_data."
        )
    first = int(len(x) * (1.0 - share))
    if not 0 < first < len(x):
        raise ValueError(
            "Expected validation_split to leave images on both sides. Received: "
            f"{share} of {len(x)} images."
        )
    parts = (x, y, sample_weight)
    return tuple(
        tuple(None if part is None else part[where] for part in parts)
        for where in (slice(first), slice(first, None))
    )


@dataclasses.dataclass(frozen=True)
class Order:
    """The order in which an epoch takes images: it depends on seed and steps taken alone.

    So another call of `fit` sees another order, and a run that goes on after a kill the one
    that it would have seen.

    Attributes:
        num_images: number of images.
        batch_size: images in a batch.
        seed: integer.
        shuffle: whether they come in another order than that of the array.
        steps_per_epoch: number of batches in an epoch, or `None` for one pass. An epoch then
            begins where the last one ended, inside of a pass.
    """

    num_images: int
    batch_size: int
    seed: int
    shuffle: bool
    steps_per_epoch: int | None = None

    @property
    def steps(self):
        """Number of batches in an epoch."""
        return self.steps_per_epoch or self.steps_per_pass

    @property
    def steps_per_pass(self):
        """Number of batches in which each image comes once."""
        return -(-self.num_images // self.batch_size)

    def of_epoch(self, steps_taken):
        """Returns the indices of the images of an epoch of one pass, int64 `(num_images,)`."""
        return self._one_pass(*divmod(steps_taken, self.steps_per_pass))

    def of_step(self, step):
        """Returns the indices of the images of a step, where epochs do not end with passes."""
        number, position = divmod(int(step), self.steps_per_pass)
        return self._one_pass(number)[position * self.batch_size :][: self.batch_size]

    def _one_pass(self, number, inside=0):
        """Returns the order of a pass by its number, and by where inside of one it begins."""
        if not self.shuffle:
            return np.arange(self.num_images)
        key = [self.seed, number, inside] if inside else [self.seed, number]
        return np.random.default_rng(key).permutation(self.num_images)


def batches(x, y, sample_weight, order, steps_taken):
    """Returns a dataset of batches of arrays.

    Args:
        x: images, an array.
        y: target images or `None`.
        sample_weight: weights or `None`.
        order: an `Order`.
        steps_taken: function that gives the number of steps taken before the epoch.

    Returns:
        A `tf.data.Dataset` of tuples of tensors.
    """
    tensors = [tf.constant(array) for array in (x, y, sample_weight) if array is not None]
    # Python is asked by a map: TensorFlow's datasets from generators tell glibc to give freed
    # memory back (`gk.memory` tells it to keep it).
    if order.steps_per_epoch is None:
        # One call per epoch, so that Python costs nothing per batch.
        indices = _asked(lambda _: order.of_epoch(steps_taken()), 1)
        indices = indices.flat_map(tf.data.Dataset.from_tensor_slices).batch(order.batch_size)
    else:
        indices = _asked(lambda step: order.of_step(steps_taken() + step), order.steps)
    # Several workers share out the images of each batch.
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return (
        indices.with_options(options)
        .apply(tf.data.experimental.assert_cardinality(order.steps))
        .map(
            lambda batch: tuple(tf.gather(tensor, batch) for tensor in tensors),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        .prefetch(tf.data.AUTOTUNE)
    )


def _asked(function, number):
    """Returns a dataset of what a Python function gives for 0, 1, 2 … : indices, a vector each."""

    def indices(number):
        given = tf.numpy_function(function, [number], tf.int64)
        given.set_shape((None,))
        return given

    return tf.data.Dataset.range(number).map(indices)


def _is_array(data):
    return hasattr(data, "__array__") and not isinstance(data, (list, tuple))


def _chained(first, rest):
    """Yields batches as Keras wants them from a generator: as tuples, from a generator."""
    for batch in itertools.chain(first, rest):
        yield batch if isinstance(batch, tuple) else (batch,)


def _weights(weights, num_images):
    if weights is None:
        return None
    weights = np.asarray(weights, dtype="float32")
    if weights.shape != (num_images,) or not np.all(np.isfinite(weights) & (weights >= 0)):
        raise ValueError(
            f"Expected sample_weight as {num_images} numbers of at least 0. Received: shape "
            f"{weights.shape}, values {weights.ravel()[:3].tolist()} …"
        )
    return weights


def _check_batch(batch, name, image_shape):
    if batch is None:
        raise ValueError(f"Expected images in {name}. Received: no batch at all.")
    if isinstance(batch, dict):
        keys = ", ".join(map(repr, batch))
        raise ValueError(
            f"Expected {name} as batches of images. Received: dictionaries with the keys {keys}. "
            f"Name the one of the images: map(lambda batch: batch[{next(iter(batch))!r}])."
        )
    parts = batch if isinstance(batch, (tuple, list)) else (batch,)
    where = f"the first batch of {name}"
    if tuple(np.shape(parts[0])) == tuple(image_shape):
        raise ValueError(
            f"Expected {name} as batches of images. Received: single images of shape "
            f"{tuple(image_shape)}. Batch them: {name}.batch(32)."
        )
    _images(np.asarray(parts[0]), where, image_shape)
    if len(parts) > 1 and parts[1] is not None:
        _images(np.asarray(parts[1]), where, image_shape, targets=True)


def _images(images, name, image_shape, targets=False):
    """Returns checked images as float32."""
    images = np.asarray(images)
    what = f"the targets in {name}" if targets else name
    shape = ", ".join(map(str, image_shape))
    expected = f"Expected {what} as floats (n, {shape}) in [0, 1]. Received:"
    if images.shape[1:] != tuple(image_shape):
        raise ValueError(
            f"{expected} shape {images.shape}.{_shape_hint(images, image_shape, targets)}"
        )
    if not len(images):
        raise ValueError(f"{expected} no images.")
    high = images.max()
    if not np.issubdtype(images.dtype, np.floating):
        how = "images.astype('float32')" + _divisor(high)
        raise ValueError(f"{expected} {images.dtype}, up to {high}. Convert them: {how}.")
    low = images.min()
    if not np.isfinite(low + high):
        bad = np.sum(~np.isfinite(images).all(axis=(1, 2, 3)))
        raise ValueError(
            f"{expected} NaN or infinite values in {bad} of {len(images)} images. Leave these "
            "out: images[np.isfinite(images).all(axis=(1, 2, 3))]."
        )
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        raise ValueError(
            f"{expected} values from {low:.7g} to {high:.7g}. {_range_hint(low, high)}"
        )
    return np.asarray(images, dtype="float32")


def _shape_hint(images, image_shape, targets):
    if images.shape == tuple(image_shape):
        return " Add the batch: images[None]."
    if image_shape[-1] == 1 and images.shape[1:] == tuple(image_shape[:2]):
        return " Add the channel: images[..., None]."
    if targets and images.ndim <= 2:
        return " Labels are not learned from: leave y out; of a dataset, map(lambda x, y: x)."
    return ""


def _divisor(high):
    """Returns how to bring values that are not negative and end at `high` into [0, 1]."""
    for largest in (1, 255, 65_535):
        if high <= largest:
            return f" / {largest}" if largest > 1 else ""
    return " / images.max()"


def _range_hint(low, high):
    if low >= 0 and high > 1.5:
        return f"Divide them: images{_divisor(high)}."
    if low >= -0.5 and high <= 1.5:
        return "Clip them: np.clip(images, 0, 1)."
    if low >= -1 and high <= 1:
        return "Bring them from [-1, 1] to [0, 1]: 0.5 * images + 0.5."
    return "Scale them: (images - images.min()) / np.ptp(images)."
