"""Reads all images of a folder or an archive, each once, and accounts for every file."""

import concurrent.futures
import functools
import hashlib
import numbers
import os
import posixpath
import warnings
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from gk import files
from gk.folders import report
from gk.folders.decoding import FITS, VERSION, decoded
from gk.folders.listing import listed
from gk.folders.store import Store
from gk.pixels import Pixels

# How many files wait for a thread at a time: a bound on memory.
CHUNK = 2048


def read(path, image_shape, fit="crop", test_share=0.15, cache=True):
    """Reads all images of a folder or a zip archive; see `gk.datasets.from_folder`.

    Returns:
        dict of `x_train` and `x_test`, `gk.pixels.Pixels`, and `y_train` and `y_test`, int64
        labels; the names of the classes; and a `Report`.
    """
    image_shape = _checked_shape(image_shape)
    if fit not in FITS:
        known = ", ".join(map(repr, FITS))
        raise ValueError(f"Expected fit as one of {known}. Received: {fit!r}")
    if not (isinstance(test_share, numbers.Real) and 0 < test_share < 1):
        raise ValueError(f"Expected test_share between 0 and 1. Received: {test_share!r}")
    if not os.fspath(path):
        raise ValueError("Expected the path of a folder or a zip archive. Received: an empty one.")
    path = Path(os.fsdecode(path)).expanduser()
    folder = _folder_of(path, image_shape, fit, cache)
    listing = listed(path, None if folder is None else folder.parent)
    with Store(image_shape, folder) as store:
        decode = functools.partial(decoded, image_shape=image_shape, fit=fit)
        rows = _rows(path, listing, store, decode)
        stored = store.images()
    table, places = _table(rows, listing.skipped, float(test_share))
    if not len(places):
        raise ValueError(report.nothing_read(path, table))
    taken = (table["became"] == "read").to_numpy()
    class_of = _classes_of(table.loc[taken, "file"])
    table["class"] = table["file"].map(class_of)
    classes = tuple(sorted(set(class_of.values())))
    labels = pd.Categorical(table.loc[taken, "class"], classes).codes.astype(np.int64)
    in_test = (table.loc[taken, "split"] == "test").to_numpy()
    arrays = {}
    for split, where in (("train", ~in_test), ("test", in_test)):
        arrays[f"x_{split}"] = Pixels(stored, places[where])
        arrays[f"y_{split}"] = labels[where]
    looks = [row.look for row, is_taken in zip(rows, taken, strict=False) if is_taken]
    near = report.look_alikes(table.loc[taken, "file"].tolist(), looks)
    return arrays, classes, report.Report(table, near, report.notes(table, near), folder)


def _checked_shape(image_shape):
    shape = tuple(image_shape) if np.iterable(image_shape) else ()
    are_sizes = all(isinstance(size, numbers.Integral) and size > 0 for size in shape)
    if len(shape) != 3 or not are_sizes or shape[2] not in (1, 3):
        raise ValueError(
            "Expected image_shape (height, width, channels) with 1 channel (grey) or 3 (colour). "
            f"Received: {image_shape!r}"
        )
    return tuple(map(int, shape))


def _folder_of(path, image_shape, fit, cache):
    """Returns where images made from these files in this way are kept, or `None`."""
    if cache is False:
        return None
    if cache is not True and not (isinstance(cache, (str, os.PathLike)) and os.fspath(cache)):
        raise ValueError(
            f"Expected cache as True, False or the path of a folder. Received: {cache!r}"
        )
    where = files.user_cache() if cache is True else Path(cache).expanduser()
    way = f"{path.resolve()} {image_shape} {fit} {VERSION}"
    number = hashlib.sha256(way.encode(errors="surrogateescape")).hexdigest()[:12]
    return where.resolve() / "folders" / f"{path.resolve().stem}-{number}"


def _rows(path, listing, store, decode):
    """Returns the row of each file; decodes those that are new or have changed."""
    rows = []
    # Filters of warnings belong to all threads.
    with concurrent.futures.ThreadPoolExecutor() as pool, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with tqdm(
            total=len(listing.names), desc=f"reading {path.name}", unit="file", leave=False, delay=1
        ) as shown:
            for first in range(0, len(listing.names), CHUNK):
                names = listing.names[first : first + CHUNK]
                stamps = {name: listing.stamp(name) for name in names}
                for name in [name for name in names if stamps[name] is None]:
                    listing.skipped[name] = "no file with content, such as a pipe"
                names = [name for name in names if stamps[name] is not None]
                known = {name: store.known(name, stamps[name]) for name in names}
                new = [name for name in names if known[name] is None]
                results = pool.map(decode, map(listing.opener, new))
                for name, (image, facts) in zip(new, results, strict=True):
                    known[name] = store.add(name, stamps[name], image, facts)
                    shown.update()
                shown.update(len(names) - len(new))
                rows += known.values()
    return rows


def _table(rows, skipped, test_share):
    """Returns the table of all files, and the places of the images that were taken."""
    first_of, places = {}, []
    became, why, split = [], [], []
    for row in rows:
        if row.place < 0:
            became.append("rejected")
            why.append(row.why)
            split.append(None)
        elif row.digest in first_of:
            became.append("duplicate")
            why.append(f"the same bytes as {first_of[row.digest]}")
            split.append(None)
        else:
            first_of[row.digest] = row.file
            places.append(row.place)
            became.append("read")
            why.append("")
            # By content, so that further files move none from one side to the other.
            split.append("test" if int(row.digest[:16], 16) < test_share * 2**64 else "train")
    none = [None] * len(skipped)
    columns = {
        "file": [row.file for row in rows] + list(skipped),
        "class": [None] * (len(rows) + len(skipped)),
        "split": split + none,
        "width": _sizes([row.width for row in rows] + none),
        "height": _sizes([row.height for row in rows] + none),
        "mode": [row.mode for row in rows] + none,
        "became": became + ["skipped"] * len(skipped),
        "why": why + list(skipped.values()),
    }
    return pd.DataFrame(columns), np.array(places, dtype=np.int64)


def _sizes(texts):
    return pd.array([int(text) if text else None for text in texts], "Int32")


def _classes_of(names):
    """Returns the class of each file: its folder, where all files are in two or more.

    A folder around all of them, as archives often have it, tells nothing and does not count.
    """
    parts = [PurePosixPath(name).parts for name in names]
    common = posixpath.commonpath([posixpath.dirname(name) for name in names])
    around = len(PurePosixPath(common).parts)
    folders = [part[around] if len(part) > around + 1 else None for part in parts]
    if None in folders or len(set(folders)) < 2:
        folders = ["image"] * len(parts)
    return dict(zip(names, folders, strict=True))
