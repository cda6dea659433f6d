"""Images that stay bytes, on disk or in memory, until somebody asks for some of them."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Pixels:
    """Images kept as bytes that come as floats in [0, 1].

    What an index or a slice picks out is an array as any other, and `np.asarray` makes one of
    all. The models of `gk` learn from it batch by batch, so that there may be more images than
    memory holds.

    Attributes:
        stored: uint8 array `(m, height, width, channels)`, as a rule one that lies on disk.
        places: int64 array `(n,)`, where in `stored` each image lies.
        content: text that tells this content from other.

    Example:

    >>> images = Pixels(np.full((3, 2, 2, 1), 255, np.uint8), np.array([0, 2]), "white")
    >>> images.shape, images[:1].dtype, float(images[1].max())
    ((2, 2, 2, 1), dtype('float32'), 1.0)
    """

    stored: np.ndarray
    places: np.ndarray
    content: str

    dtype = np.dtype("float32")
    ndim = 4

    @property
    def shape(self):
        return (len(self.places), *self.stored.shape[1:])

    def __len__(self):
        return len(self.places)

    def __getitem__(self, key):
        """Returns the images of an index, a slice or an array of indices as float32."""
        images = self.stored[self.places[key]].astype(np.float32)
        images /= np.float32(255)
        return images

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("Images that are kept as bytes cannot be given without a copy.")
        return np.asarray(self[:], dtype)

    def part(self, where):
        """Returns the images of a slice, kept as they are."""
        return Pixels(self.stored, self.places[where], f"{self.content}, {where}")
