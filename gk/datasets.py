"""Image data sets under one roof: drawn ones that ship with `gk`, real ones by download."""

import contextlib
import dataclasses
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from gk import archives, downloads, files, folders, published
from gk.pixels import Pixels


@dataclasses.dataclass(frozen=True)
class EmbeddedSet:
    """A drawn set: its file ships with the package, and its content is known."""

    class_names: tuple
    image_shape: tuple
    content_sha256: str


EMBEDDED_SETS = {
    "digits": EmbeddedSet(
        tuple("0123456789"),
        (28, 28, 1),
        "d13ab5205aedba1f93bb2796df6ff3baf4903954fd9c8737dd861779b1374657",
    ),
    "faces": EmbeddedSet(
        ("no sunglasses", "sunglasses"),
        (32, 32, 3),
        "e342b34768b14d2bd079fc0dd2202d11b8361459c746699605786e4eb598fe74",
    ),
    "pets": EmbeddedSet(
        ("cat", "dog"),
        (32, 32, 3),
        "67cd3a3d39325401dff9a1e42525526bb09485a7717243cb4fe5366835c25c85",
    ),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Images with their labels, split into a training and a test set.

    Attributes:
        name: the name it was loaded by.
        source: one line for captions.
        x_train, x_test: float32 arrays `(n, height, width, channels)` in [0, 1]; `gk.pixels.Pixels`
            where they would fill memory.
        y_train, y_test: int64 arrays `(n,)`, indices into `class_names`.
        class_names: tuple of strings.
        attributes_train, attributes_test: a pandas table with one row for each image and one
            column for each attribute, for drawn sets and CelebA; `None` for others.
        report: for images read from files what became of each, a `gk.folders.Report`.
    """

    name: str
    source: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple
    attributes_train: pd.DataFrame | None = None
    attributes_test: pd.DataFrame | None = None
    report: folders.Report | None = None

    def __repr__(self):
        height, width, channels = self.x_train.shape[1:]
        return (
            f"Dataset({self.name!r}: {len(self.x_train):,} + {len(self.x_test):,} images of "
            f"{height}×{width}×{channels}, {len(self.class_names)} classes; {self.source})"
        )


def names():
    """Returns the names that `load` knows, the embedded sets first."""
    return (*EMBEDDED_SETS, *downloads.REAL_SETS, *archives.ARCHIVE_SETS)


def class_names(name):
    """Returns the names of the classes of a data set, a tuple of strings."""
    for sets in (EMBEDDED_SETS, downloads.REAL_SETS, archives.ARCHIVE_SETS):
        if name not in sets:
            continue
        if sets[name].class_names is None:
            raise ValueError(
                f"The names of the {sets[name].num_classes:,} classes of {name!r} are known when "
                f"it is read: take `gk.datasets.load({name!r}).class_names`."
            )
        return sets[name].class_names
    known = ", ".join(repr(known) for known in names())
    raise ValueError(
        f"Unknown data set. Expected one of {known}, or the path of a folder of images. "
        f"Received: {name!r}"
    )


# Of images of one's own where nobody says otherwise: about those of the course's sets.
DEFAULT_SHAPE = (32, 32, 3)


def load(name, image_shape=None):
    """Loads a data set by name, or images of one's own by the path of their folder.

    `"digits"`, `"faces"` and `"pets"` ship with the package. All others are read from the folder
    that the environment variable `GK_DATA_DIR` names, or else from the user's cache folder; what
    is not there is downloaded into it, CelebA excepted, whose hosts want a browser.
    `data/README.md` tells what each set holds, under which terms, and where a file may be put by
    hand. Of LFW and CelebA small copies are kept, as by `from_folder`, and images that would
    fill memory stay on disk.

    Args:
        name: one of `"digits"`, `"faces"`, `"pets"`, `"mnist"`, `"fashion_mnist"`, `"cifar10"`,
            `"lfw"`, `"celeba"`; or the path of a folder or a zip archive, which is read by
            `from_folder`.
        image_shape: `(height, width, channels)` of the images to make: for `"lfw"` and
            `"celeba"` by default `(64, 64, 3)`, for a folder `(32, 32, 3)`. All others have a
            shape of their own.

    Returns:
        A `Dataset`.

    Raises:
        ValueError: if the name is unknown, the set has another shape, or a file is damaged.
        FileNotFoundError: if CelebA has not been put in its place.
        ConnectionError: if a download fails.
        OSError: if the folder for downloads cannot be written to, or is full.

    Example:

    >>> data = load("digits")
    >>> data.x_train.shape, data.x_train.dtype
    ((12000, 28, 28, 1), dtype('float32'))
    """
    if isinstance(name, os.PathLike) or (name not in names() and _is_path(name)):
        return from_folder(name, DEFAULT_SHAPE if image_shape is None else image_shape)
    fixed = _fixed_shape(name)
    if image_shape is not None and fixed is not None and tuple(image_shape) != fixed:
        raise ValueError(
            f"{name!r} has images of {fixed}; only 'lfw', 'celeba' and folders are made in other "
            f"shapes. Received: image_shape={tuple(image_shape)}"
        )
    if name in archives.ARCHIVE_SETS:
        fields = published.read(name, image_shape)
    elif name in downloads.REAL_SETS:
        fields = {**downloads.read(name), "source": downloads.REAL_SETS[name].source}
        fields["class_names"] = class_names(name)
    else:
        fields = {"class_names": class_names(name), **_read_embedded(name)}
    return Dataset(name=name, **_as_floats(fields))


def from_folder(path, image_shape, fit="crop", test_share=0.15, *, cache=True, in_memory=None):
    """Makes a data set of one's own images.

    Files are known by their content, not by their names: JPEG, PNG, GIF, WebP, TIFF, BMP and
    what else Pillow reads; grey, colour, CMYK, palettes, 16 bits, transparent ones (on white),
    turned by EXIF, animated (the first frame). What cannot be read is left out and named in
    `report`; so are files with the same bytes as an earlier one. Where all images lie in two
    or more folders, these are the classes. Which images become the test set depends on their
    content alone, so that further files move none from one side to the other.

    Small copies of the images are kept in the user's cache folder, in
    `generative-keras/folders`; the next time only files that are new or have changed, by size
    or time, are decoded. A reading that was interrupted goes on where it stood. Whoever deletes
    that folder loses nothing but time.

    Args:
        path: a folder, looked through with all folders below it, or a zip archive.
        image_shape: `(height, width, channels)` of the images to make; 1 channel is grey, 3
            are colour.
        fit: how an image of another form is made to fit: `"crop"` cuts off what is too long,
            `"pad"` adds white, `"squeeze"` changes its form.
        test_share: share of the images that become the test set, about, in (0, 1).
        cache: `True`, or the path of a folder in which to keep the small copies; `False`
            keeps none.
        in_memory: whether `x_train` and `x_test` are arrays. By default they are as long as
            they take less than a quarter of the memory that is free, and else are
            `gk.pixels.Pixels`, which the models learn from in the same way: they stay on disk,
            and come as arrays where an index or a slice asks for some.

    Returns:
        A `Dataset`; its `report` has a row for each file, groups of images that look alike,
        and notes on what may stand in the way of learning.

    Raises:
        ValueError: if there is no image, or an argument is out of range.
        OSError: if the small copies cannot be kept.

    Example:

    ```python
    data = gk.datasets.from_folder("~/Pictures/birds", (64, 64, 3))
    print(data.report)
    ```
    """
    arrays, classes, report = folders.read(path, image_shape, fit, test_share, cache)
    place = Path(os.fsdecode(path)).expanduser().resolve()
    name = place.name if place.is_dir() else place.stem
    source = f"{len(report.table):,} files of {name}"
    fields = _as_floats(arrays, in_memory)
    return Dataset(name, source, **fields, class_names=classes, report=report)


def _is_path(name):
    """Whether a name means a place on disk, so that one that is not there is named as such."""
    if not isinstance(name, str):
        return False
    with contextlib.suppress(OSError, RuntimeError):  # longer than a name may be; nobody's home
        return "/" in name or os.sep in name or Path(name).expanduser().exists()
    return False


def package_data_folder():
    """Returns the folder of the embedded sets and the judges, installed or in a clone."""
    package = Path(__file__).resolve().parent
    installed = package / "data"
    return installed if installed.is_dir() else package.parent / "data"


def _read_embedded(name):
    path = package_data_folder() / f"{name}.npz"
    remedy = (
        "Restore it with `git checkout data` in a clone, or install the package again with "
        "`pip install --force-reinstall`."
    )
    arrays = files.read_npz(path, remedy)
    if files.content_sha256(arrays) != EMBEDDED_SETS[name].content_sha256:
        raise files.damaged(path, "its content is not what data/draw.py draws", remedy)
    columns = arrays.pop("attribute_names")
    for split in ("attributes_train", "attributes_test"):
        arrays[split] = pd.DataFrame(arrays[split], columns=columns)
    return {**arrays, "source": f"gk {name}, drawn by data/draw.py"}


def _as_floats(fields, in_memory=None):
    """Makes float32 of images and int64 of labels; images on disk stay there if need be."""
    splits = ("x_train", "x_test")
    if in_memory is None:
        size = sum(4 * math.prod(fields[split].shape) for split in splits)
        in_memory = size < psutil.virtual_memory().available / 4
    for split in splits:
        images = fields.pop(split)  # so that the bytes go as soon as their floats are made
        if isinstance(images, Pixels):
            fields[split] = images[:] if in_memory else images
            continue
        fields[split] = images.astype(np.float32)
        fields[split] /= np.float32(255)
        if images.ndim == 3:
            fields[split] = fields[split][..., np.newaxis]
    for split in ("y_train", "y_test"):
        fields[split] = fields[split].astype(np.int64)
    return fields


def _fixed_shape(name):
    """Returns the shape of a set's images, or `None` where it can be chosen."""
    if name in EMBEDDED_SETS:
        return EMBEDDED_SETS[name].image_shape
    if name in downloads.REAL_SETS:
        return (*downloads.IDX_FILES["x_train"][1][1:], 1)
    return archives.ARCHIVE_SETS["cifar10"].picture_shape if name == "cifar10" else None
