"""Images that stay bytes, on disk or in memory, until somebody asks for some of them."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Pixels:
    """Images kept as bytes that come as floats in [0, 1].

    What an index or a slice picks out is an array as any other, and `np.asarray` makes one of
    all. The models of `gk` learn from it batch by batch, so that there may be more images than
    memory holds.

    Attributes:
        stored: uint8 array `(m, height, width, channels)`, as a rule one that lies on disk.
        places: int64 array `(n,)`, where in `stored` each image lies.

    Example:

    >>> images = Pixels(np.full((3, 2, 2, 1), 255, np.uint8), np.array([0, 2]))
    >>> images.shape, images[:1].dtype, float(images[1].max())
    ((2, 2, 2, 1), dtype('float32'), 1.0)
    """

    stored: np.ndarray
    places: np.ndarray

    dtype = np.dtype("float32")
    ndim = 4

    @property
    def shape(self):
        return (len(self.places), *self.stored.shape[1:])

    def __len__(self):
        return len(self.places)

    def __repr__(self):
        return f"Pixels({self.shape}, kept as bytes, float32 in [0, 1] where asked for)"

    def __getitem__(self, key):
        """Returns what NumPy would of an array, as float32; reads the images of its first part."""
        first, *rest = key if isinstance(key, tuple) else (key,)
        if first is Ellipsis or first is None:
            return self[:][key]
        images = self.stored[self.places[first]].astype(np.float32)
        images /= np.float32(255)
        if not rest:
            return images
        return images[tuple(rest) if images.ndim == 3 else (slice(None), *rest)]

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("Images that are kept as bytes cannot be given without a copy.")
        return np.asarray(self[:], dtype)

    def part(self, where):
        """Returns the images of a slice, kept as they are."""
        return Pixels(self.stored, self.places[where])
