"""What `fit` and `evaluate` take: checked before any work is done."""

import dataclasses
import itertools
import types

import keras
import numpy as np
import tensorflow as tf

from gk.pixels import Pixels


@dataclasses.dataclass(frozen=True)
class Data:
    """What one call of `fit` or `evaluate` was given, checked.

    Attributes:
        sets: tuple of images, one array or `gk.pixels.Pixels` for each set of the contract;
            `None` where batches come from elsewhere.
        targets: array or `None`.
        weights: float32 array `(n,)` or `None`.
        stream: a `tf.data.Dataset`, a `PyDataset` or a generator of batches, or `None`.
    """

    sets: tuple | None = None
    targets: np.ndarray | None = None
    weights: np.ndarray | None = None
    stream: object = None

    @property
    def parts(self):
        """What a batch of these arrays consists of, a tuple of arrays."""
        targets = self.targets
        if targets is None and self.weights is not None:
            targets = self.sets[0]  # Keras passes over weights that do not come third
        return (*self.sets, *(part for part in (targets, self.weights) if part is not None))


def checked(contract, x, y=None, sample_weight=None, name="x"):
    """Checks the data of a call; looks at whole arrays, and at the first batch of all else.

    Args:
        contract: `gk.contract.Contract` of the model.
        x: images `(n, height, width, channels)` in [0, 1] as an array, a tensor or
            `gk.pixels.Pixels`, a pair of those where the model learns from two sets; or a
            `tf.data.Dataset`, a `keras.utils.PyDataset` or a generator of batches of what the
            contract names, where wanted with weights as the third part.
        y: what comes with each image, or `None`.
        sample_weight: a number of at least 0 for each image, or `None`.
        name: what to call `x` in an error.

    Returns:
        `Data`.

    Raises:
        ValueError: if the data are not what the model learns from.
    """
    is_pair = contract.unpaired and isinstance(x, (list, tuple)) and all(map(_is_array, x))
    if is_pair and len(x) != len(contract.sets):
        raise ValueError(f"Expected {name} as {len(contract.sets)} arrays. Received: {len(x)}.")
    if is_pair or (_is_array(x) and not contract.unpaired):
        sets = x if is_pair else (x,)
        *sets, targets = contract.check([*sets, y], name)
        holds_place = contract.targets in (None, contract.sets[0])
        if sample_weight is not None and targets is None and not holds_place:
            raise ValueError(
                f"Expected {contract.targets} where sample_weight is given. Received: none. Pass "
                "them as y."
            )
        if is_pair and sample_weight is not None:
            raise ValueError(
                "Expected no sample_weight where two sets come together by chance. Received: one. "
                "Leave images out instead, or repeat them."
            )
        return Data(tuple(sets), targets, _weights(sample_weight, len(sets[0])))
    if contract.unpaired and y is not None:
        raise ValueError(
            f"Expected {name} as both sets. Received: {name} and y. Pass the sets as one: "
            "fit((first, second))."
        )
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
        raise ValueError(
            f"Expected {name} as {'two arrays' if contract.unpaired else 'an array'} of images, a "
            "tf.data.Dataset, a keras.utils.PyDataset or a generator of batches. Received: "
            f"{type(x).__name__}.{_hint_of_lists(x, contract)}"
        )
    _check_batch(batch, name, contract)
    return Data(stream=x)


def checked_validation(contract, data):
    """Checks validation data: what `checked` takes, or a tuple (x, y) or (x, y, weights)."""
    if contract.unpaired and isinstance(data, (tuple, list)) and isinstance(data[0], (tuple, list)):
        data = data[0]  # Keras's form (x, y)
    if not isinstance(data, (tuple, list)) or contract.unpaired:
        return checked(contract, data, name="validation_data")
    x, y, weights = (*data, None, None)[:3]
    return checked(contract, x, y, weights, "validation_data")


def split(data, share):
    """Puts the last images aside for validation, as Keras does, before any shuffling.

    Returns:
        Two `Data`: for training and for validation.
    """
    if data.stream is not None:
        raise ValueError(
            "Expected x as an array where validation_split is given. Received: "
            f"{type(data.stream).__name__}. Split it yourself, and pass validation_data."
        )
    firsts = [int(len(images) * (1.0 - share)) for images in data.sets]
    for images, first in zip(data.sets, firsts, strict=True):
        if not 0 < first < len(images):
            raise ValueError(
                "Expected validation_split to leave images on both sides. Received: "
                f"{share} of {len(images)} images."
            )
    wheres = (
        [slice(first) for first in firsts],
        [slice(first, None) for first in firsts],
    )
    return tuple(
        Data(
            tuple(_part(images, part) for images, part in zip(data.sets, where, strict=True)),
            *(
                None if part is None else _part(part, where[0])
                for part in (data.targets, data.weights)
            ),
        )
        for where in wheres
    )


def _part(array, where):
    return array.part(where) if isinstance(array, Pixels) else array[where]


def _is_array(data):
    return hasattr(data, "__array__") and not isinstance(data, (list, tuple))


def _chained(first, rest):
    """Yields batches as Keras wants them from a generator: as tuples, from a generator."""
    for batch in itertools.chain(first, rest):
        yield tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)


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


def _hint_of_lists(x, contract):
    if not isinstance(x, (list, tuple)) or contract.unpaired:
        return ""
    if len(x) == 1 and np.ndim(x[0]) == 4:
        return " Pass the array itself, without the list around it."
    return " Make one array of them: np.stack(images)."


def _check_batch(batch, name, contract):
    if batch is None:
        raise ValueError(f"Expected {contract.form} in {name}. Received: no batch at all.")
    if isinstance(batch, dict):
        keys = ", ".join(map(repr, batch))
        raise ValueError(
            f"Expected {name} as batches of images. Received: dictionaries with the keys {keys}. "
            f"Name the one of the images: map(lambda batch: batch[{next(iter(batch))!r}])."
        )
    parts = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
    image_shape = tuple(contract.sets[0].shape)
    if tuple(np.shape(parts[0])) == image_shape:
        raise ValueError(
            f"Expected {name} as batches of images. Received: single images of shape "
            f"{image_shape}. Batch them: {name}.batch(32)."
        )
    num_sets = len(contract.sets)
    if contract.unpaired and len(parts) != num_sets:
        raise ValueError(
            f"Expected {name} as {contract.form}. Received: batches of {len(parts)} parts. Zip "
            "both, and no more: tf.data.Dataset.zip((first, second))."
        )
    sets, targets = parts[:num_sets], (*parts[num_sets:], None)[0]
    if contract.targets is None and len(parts) == 3:
        targets = None  # it holds the place in front of the weights
    contract.check([*sets, targets], f"the first batch of {name}")
