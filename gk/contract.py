"""What a model learns from: declared once, and checked wherever data come in.

A model says with a `Contract` what its sets hold and what comes with them; `fit`, `evaluate`,
validation and single batches are checked against it (`gk.pipeline`).
"""

import dataclasses

import numpy as np

from gk.pixels import Pixels

# Rounding may leave a value this far outside of [0, 1].
TOLERANCE = 1e-6


@dataclasses.dataclass(frozen=True)
class Images:
    """Images `(n, height, width, channels)` as floats in [0, 1].

    Attributes:
        shape: `(height, width, channels)`.
    """

    shape: tuple

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(int(size) for size in self.shape))

    def __str__(self):
        return "images"

    def check(self, data, name, is_target=False):
        """Returns images as a float32 array, or as the `Pixels` that they are.

        Args:
            data: an array, what NumPy makes one of, or `gk.pixels.Pixels`.
            name: what to call it in an error.
            is_target: whether they are what should come out.

        Raises:
            ValueError: that says what was expected, what came, and what to do.
        """
        data = data if isinstance(data, Pixels) else np.asarray(data)
        expected = f"Expected {name} as floats (n, {', '.join(map(str, self.shape))}) in [0, 1]."
        if data.shape[1:] != tuple(self.shape):
            hint = self._shape_hint(data, is_target)
            raise ValueError(f"{expected} Received: shape {data.shape}.{hint}")
        if not len(data):
            raise ValueError(f"{expected} Received: no images.")
        if isinstance(data, Pixels):  # in [0, 1] by what they are
            return data
        high = data.max()
        if not np.issubdtype(data.dtype, np.floating):
            how = "images.astype('float32')" + _divisor(high)
            raise ValueError(
                f"{expected} Received: {data.dtype}, up to {high}. Convert them: {how}."
            )
        low = data.min()
        if not np.isfinite(low + high):
            bad = np.sum(~np.isfinite(data).all(axis=(1, 2, 3)))
            raise ValueError(
                f"{expected} Received: NaN or infinite values in {bad} of {len(data)} images. "
                "Leave these out: images[np.isfinite(images).all(axis=(1, 2, 3))]."
            )
        if low < -TOLERANCE or high > 1 + TOLERANCE:
            raise ValueError(
                f"{expected} Received: values from {low:.7g} to {high:.7g}. "
                f"{_range_hint(low, high)}"
            )
        return np.asarray(data, dtype="float32")

    def _shape_hint(self, data, is_target):
        if data.shape == tuple(self.shape):
            return " Add the batch: images[None]."
        if self.shape[-1] == 1 and data.shape[1:] == tuple(self.shape[:2]):
            return " Add the channel: images[..., None]."
        if data.ndim <= 2 and is_target:
            return " Labels are not learned from: leave y out; of a dataset, map(lambda x, y: x)."
        if data.ndim == 2 and data.shape[1] == np.prod(self.shape):
            sizes = ", ".join(map(str, self.shape))
            return f" Give the pixels their places: images.reshape(-1, {sizes})."
        return ""


@dataclasses.dataclass(frozen=True)
class Labels:
    """Labels as integers from 0: `(n,)`, or `(n, k)` where an image has several.

    Attributes:
        num_classes: number of classes, or a tuple of one for each of k labels.
    """

    num_classes: int | tuple

    def __post_init__(self):
        if isinstance(self.num_classes, list):  # as it comes back from a file
            object.__setattr__(self, "num_classes", tuple(self.num_classes))

    def __str__(self):
        return "labels"

    def check(self, data, name):
        """Returns labels as an int32 array; arguments and errors as for `Images.check`."""
        data = np.asarray(data)
        one = not isinstance(self.num_classes, tuple)
        form = "(n,)" if one else f"(n, {len(self.num_classes)})"
        expected = f"Expected {name} as integers {form}, each from 0 to below {self.num_classes}."
        if data.shape[1:] != (() if one else (len(self.num_classes),)) or not data.ndim:
            raise ValueError(f"{expected} Received: shape {data.shape}.{self._shape_hint(data)}")
        if not np.issubdtype(data.dtype, np.integer):
            raise ValueError(
                f"{expected} Received: {data.dtype}. Number them: "
                "classes, labels = np.unique(labels, return_inverse=True)."
            )
        if len(data) and (data.min() < 0 or np.any(data >= np.asarray(self.num_classes))):
            raise ValueError(f"{expected} Received: from {data.min()} to {data.max()}.")
        return data.astype("int32")

    def _shape_hint(self, data):
        if isinstance(self.num_classes, tuple) or data.ndim != 2:
            return ""
        if data.shape[1] == 1:
            return " Take the one column: labels[:, 0]."
        if data.shape[1] == self.num_classes:
            return " Of one-hot labels take labels.argmax(axis=-1)."
        return ""


@dataclasses.dataclass(frozen=True)
class Words:
    """Texts `(n,)`, a string for each image."""

    def __str__(self):
        return "texts"

    def check(self, data, name):
        """Returns texts as an array of strings; arguments and errors as for `Images.check`."""
        data = np.asarray(data, dtype=object)
        if data.ndim != 1 or not all(isinstance(text, (str, bytes)) for text in data.tolist()):
            kinds = ", ".join(sorted({type(item).__name__ for item in data.ravel().tolist()}))
            raise ValueError(
                f"Expected {name} as strings (n,). Received: shape {data.shape} of {kinds}."
            )
        texts = [text.decode() if isinstance(text, bytes) else text for text in data]
        return np.array(texts, dtype=object)


@dataclasses.dataclass(frozen=True)
class Contract:
    """What a model learns from.

    Attributes:
        sets: tuple of one `Images`, or of two whose images do not belong together.
        targets: what comes with each image: `Images`, `Labels`, `Words`, or `None`.
        required: whether there is nothing to learn without targets.
    """

    sets: tuple
    targets: Images | Labels | Words | None = None
    required: bool = False

    @property
    def unpaired(self):
        """Whether there are two sets that need not be of one size."""
        return len(self.sets) > 1

    @property
    def form(self):
        """What a batch is, in words."""
        if self.unpaired:
            return f"pairs of batches, one of each of {len(self.sets)} sets"
        if self.required:
            return f"pairs (images, {'targets' if self.targets == self.sets[0] else self.targets})"
        if self.targets is not None:
            return "images, or pairs (images, targets)"
        return "images"

    def check(self, parts, name):
        """Checks images and what comes with them.

        Args:
            parts: list of the sets' images, and behind them the targets or `None`.
            name: what to call the images in an error.

        Returns:
            The parts as arrays.

        Raises:
            ValueError: that says what was expected, what came, and what to do.
        """
        *sets, targets = parts
        names = [f"{name}[{number}]" for number in range(len(sets))] if self.unpaired else [name]
        sets = [
            kind.check(images, name)
            for kind, images, name in zip(self.sets, sets, names, strict=True)
        ]
        if targets is None:
            if self.required:
                raise ValueError(
                    f"Expected {self.targets} beside {name}, as this model learns what belongs to "
                    f"each image. Received: none. Beside an array pass them as y; of a stream let "
                    f"the batches be {self.form}."
                )
            return [*sets, None]
        if self.targets is None:
            raise ValueError(
                f"Expected no targets beside {name}, as this model learns from images alone. "
                f"Received: targets of shape {np.shape(targets)}. Leave y out; of a dataset, "
                "map(lambda x, y: x)."
            )
        what = f"the targets in {'y' if name == 'x' else name}"
        options = {"is_target": True} if isinstance(self.targets, Images) else {}
        targets = self.targets.check(targets, what, **options)
        if len(targets) != len(sets[0]):
            raise ValueError(
                f"Expected as many {self.targets} in {what} as images in {name}. "
                f"Received: {len(targets)} and {len(sets[0])}."
            )
        return [*sets, targets]


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
