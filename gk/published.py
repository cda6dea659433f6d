"""CIFAR-10, LFW and CelebA as arrays, read from the archives in which they are published."""

import dataclasses
import tarfile
import zipfile
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from gk import archives, folders
from gk.files import damaged
from gk.pixels import Pixels

CIFAR10_BATCHES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
ATTRIBUTES, PARTITION = "list_attr_celeba.txt", "list_eval_partition.txt"


def read(name, image_shape=None):
    """Returns what a `gk.datasets.Dataset` is made of, its images still uint8.

    Args:
        name: a key of `gk.archives.ARCHIVE_SETS`.
        image_shape: `(height, width, channels)` for LFW and CelebA; by default that of the set.

    Returns:
        dict with `x_train`, `y_train`, `x_test`, `y_test`, `class_names` and `source`; for LFW and
        CelebA with their `report`; for CelebA with `attributes_train` and `attributes_test` where
        the file of attributes lies beside the archive.

    Raises:
        ValueError: if a file is damaged, or laid out in another way than published.
        FileNotFoundError: if a file is missing that can only be put there by hand.
        ConnectionError, OSError: as `gk.fetch.fetch`.
    """
    if name == "cifar10":
        return _read_cifar10()
    if image_shape is None:
        image_shape = archives.ARCHIVE_SETS[name].image_shape
    return _read_lfw(image_shape) if name == "lfw" else _read_celeba(image_shape)


def _read_cifar10():
    spec, path = archives.ARCHIVE_SETS["cifar10"], archives.path_of("cifar10")
    with tarfile.open(path) as archive:
        files = {
            entry.name: archive.extractfile(entry).read() for entry in archive if entry.isreg()
        }
    batches = [files.get(f"{spec.folder}/{batch}", b"") for batch in CIFAR10_BATCHES]
    # A record is a label and the planes of red, green and blue.
    record = 1 + int(np.prod(spec.picture_shape))
    size = spec.num_images // len(batches) * record
    classes = tuple(files.get(f"{spec.folder}/batches.meta.txt", b"").decode().split())
    if {len(batch) for batch in batches} != {size} or classes != spec.class_names:
        found = ", ".join(f"{name} of {len(content):,}" for name, content in files.items())
        what = (
            f"expected {', '.join(CIFAR10_BATCHES)} of {size:,} bytes in {spec.folder}, and the "
            f"classes {', '.join(spec.class_names)} in batches.meta.txt; found {found}, and the "
            f"classes {', '.join(classes) or 'none'}"
        )
        raise damaged(path, what, archives.remedy("cifar10", path))
    records = np.frombuffer(b"".join(batches), np.uint8).reshape(-1, record)
    labels = records[:, 0].astype(np.int64)
    if labels.max() >= spec.num_classes:
        what = f"expected labels below {spec.num_classes}, found {labels.max()}"
        raise damaged(path, what, archives.remedy("cifar10", path))
    height, width, channels = spec.picture_shape
    # (n, channels, height, width) → (n, height, width, channels)
    images = records[:, 1:].reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    num_train = len(images) * (len(batches) - 1) // len(batches)
    return {
        "x_train": images[:num_train],
        "y_train": labels[:num_train],
        "x_test": images[num_train:],
        "y_test": labels[num_train:],
        "class_names": spec.class_names,
        "source": spec.source,
    }


def _read_lfw(image_shape):
    folder = archives.unpacked("lfw")
    files = [path.relative_to(folder.parent).as_posix() for path in folder.rglob("*.jpg")]
    archives.check_names("lfw", folder, files)
    arrays, classes, report = folders.read(folder, image_shape)
    archives.check_pictures("lfw", folder, report)
    source = f"{archives.ARCHIVE_SETS['lfw'].source}, split by content"
    return {**arrays, "class_names": classes, "source": source, "report": report}


def _read_celeba(image_shape):
    spec, path = archives.ARCHIVE_SETS["celeba"], archives.path_of("celeba")
    with zipfile.ZipFile(path) as archive:
        files = archive.namelist()
    archives.check_names("celeba", path, files)
    # The tables come first: reading the pictures takes minutes.
    pictures = sorted(PurePosixPath(file).name for file in files if file.endswith(".jpg"))
    attributes = _read_list(path.with_name(ATTRIBUTES), pictures, 40, (-1, 1), skiprows=1)
    partition = _read_list(
        path.with_name(PARTITION), pictures, 1, (0, 1, 2), header=None, names=["partition"]
    )
    arrays, _, report = folders.read(path, image_shape)
    archives.check_pictures("celeba", path, report)
    report.table["class"] = report.table["class"].replace("image", *spec.class_names)
    split_by = "split by content"
    if partition is not None:
        arrays, report = _split_anew(arrays, report, partition)
        split_by = "official split"
    tables = {} if attributes is None else _attributes(attributes, report)
    return {
        **arrays,
        **tables,
        "class_names": spec.class_names,
        "source": f"{spec.source}, {split_by}",
        "report": report,
    }


def _read_list(path, pictures, num_columns, values, **options):
    """Returns a table that lies beside CelebA, a row for each picture; None where it does not."""
    if not path.exists():
        return None
    remedy = archives.remedy("celeba", path)
    try:
        # Rows have an entry more than the header, so that their first ones become the index.
        table = pd.read_csv(path, sep=r"\s+", **options)
    except ValueError as error:
        raise damaged(path, f"it is not a table ({error})", remedy) from error
    if table.index.tolist() != pictures:
        what = f"expected a row for each of {len(pictures):,} pictures from {pictures[0]} on"
        raise damaged(path, f"{what}, found {len(table):,} rows, or other names", remedy)
    if table.shape[1] != num_columns or not table.isin(values).all(axis=None):
        what = f"expected {num_columns} columns of {values}"
        raise damaged(path, f"{what}, found {table.shape[1]}, or other values", remedy)
    return table


def _taken(report):
    """Returns the rows of the images, in their order, and their names without the folder."""
    taken = report.table[report.table["became"] == "read"]
    return taken, taken["file"].map(lambda file: PurePosixPath(file).name)


def _split_anew(arrays, report, partition):
    """Returns arrays and report with the official split: validation joins training."""
    taken, pictures = _taken(report)
    was_test = (taken["split"] == "test").to_numpy()
    is_test = partition.loc[pictures].to_numpy()[:, 0] == 2
    images = arrays["x_train"]
    places, labels = np.empty((2, len(taken)), np.int64)
    places[~was_test], places[was_test] = images.places, arrays["x_test"].places
    labels[~was_test], labels[was_test] = arrays["y_train"], arrays["y_test"]
    split = {}
    for name, where in (("train", ~is_test), ("test", is_test)):
        split[f"x_{name}"] = Pixels(images.stored, places[where])
        split[f"y_{name}"] = labels[where]
    table = report.table.copy()
    table.loc[taken.index, "split"] = np.where(is_test, "test", "train")
    # Its notes speak of the other split.
    return split, dataclasses.replace(report, table=table, notes=[])


def _attributes(attributes, report):
    """Returns the tables of 0 and 1 of both splits, a row for each image."""
    taken, pictures = _taken(report)
    table = (attributes.loc[pictures] == 1).astype(np.int8).reset_index(drop=True)
    in_test = (taken["split"] == "test").to_numpy()
    return {
        "attributes_train": table[~in_test].reset_index(drop=True),
        "attributes_test": table[in_test].reset_index(drop=True),
    }
