"""Your own images: a folder or a zip archive becomes a data set, with an account of every file."""

import collections
import concurrent.futures
import dataclasses
import hashlib
import io
import os
import posixpath
import warnings
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

FITS = ("crop", "pad", "squeeze")
# Fewer than that teach little more than themselves.
FEW = 500
LEFT_BEHIND = ("Thumbs.db", "desktop.ini")
COLUMNS = ["file", "class", "split", "width", "height", "mode", "became", "why"]


@dataclasses.dataclass(frozen=True)
class Report:
    """What became of each file of a folder.

    Attributes:
        table: pandas table, a row for each file: `file`; `class`; `split`, "train" or "test";
            `width` and `height` in pixels and `mode` as stored; `became`, "read", "rejected",
            "duplicate" or "skipped"; `why`.
        near: list of tuples of files that look alike though their content differs.
        notes: list of sentences on what may stand in the way of learning.
    """

    table: pd.DataFrame
    near: list
    notes: list

    def __str__(self):
        counts = self.table["became"].value_counts()
        lines = [f"{count:,} {what}" for what, count in counts.items()]
        return ", ".join(lines) + "".join(f"\n- {note}" for note in self.notes)


def read(path, image_shape, fit="crop", test_share=0.15):
    """Reads all images of a folder or a zip archive; see `gk.datasets.from_folder`.

    Returns:
        dict of arrays `x_train`, `y_train`, `x_test`, `y_test` (uint8 images, int64 labels),
        the names of the classes, and a `Report`.
    """
    image_shape = _checked_shape(image_shape)
    if fit not in FITS:
        known = ", ".join(map(repr, FITS))
        raise ValueError(f"Expected fit as one of {known}. Received: {fit!r}")
    if not 0 < test_share < 1:
        raise ValueError(f"Expected test_share between 0 and 1. Received: {test_share}")
    path = Path(path).expanduser()
    names, open_file = _listed(path)
    hidden = [name for name in names if _is_hidden(name)]
    names = [name for name in names if not _is_hidden(name)]
    # Filters of warnings belong to all threads.
    with concurrent.futures.ThreadPoolExecutor() as pool, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        decoded = pool.map(lambda name: _decoded(open_file, name, image_shape, fit), names)
        shown = tqdm(names, desc=f"reading {path.name}", unit="file", leave=False)
        rows, images = _rows(zip(shown, decoded, strict=True), test_share)
    why = "a hidden file, or one that a system keeps for itself"
    rows += [{"file": name, "became": "skipped", "why": why} for name in hidden]
    table = pd.DataFrame(rows, columns=COLUMNS)
    taken = table["became"] == "read"
    if not taken.any():
        raise ValueError(_nothing_read(path, table))
    class_of = _classes_of(table.loc[taken, "file"])
    classes = tuple(sorted(set(class_of.values())))
    table["class"] = table["file"].map(class_of)
    images = np.stack(images)
    labels = np.array([classes.index(name) for name in table.loc[taken, "class"]], dtype=np.int64)
    in_test = (table.loc[taken, "split"] == "test").to_numpy()
    near = _look_alikes(images, table.loc[taken, "file"].tolist())
    report = Report(table, near, _notes(table, classes, near))
    arrays = {
        "x_train": images[~in_test],
        "y_train": labels[~in_test],
        "x_test": images[in_test],
        "y_test": labels[in_test],
    }
    return arrays, classes, report


def _rows(decoded, test_share):
    """Returns a row of the table for each file, and the images that were taken."""
    rows, images, first_of = [], [], {}
    for name, (image, facts, digest) in decoded:
        row = {"file": name, "became": "rejected", "why": "", **facts}
        if image is not None and digest in first_of:
            row |= {"became": "duplicate", "why": f"the same bytes as {first_of[digest]}"}
        elif image is not None:
            first_of[digest] = name
            # By content, so that further files move none from one side to the other.
            in_test = int(digest[:16], 16) < test_share * 2**64
            row |= {"became": "read", "split": "test" if in_test else "train"}
            images.append(image)
        rows.append(row)
    return rows, images


def _checked_shape(image_shape):
    shape = tuple(int(size) for size in image_shape)
    if len(shape) != 3 or min(shape) < 1 or shape[2] not in (1, 3):
        raise ValueError(
            "Expected image_shape (height, width, channels) with 1 channel (grey) or 3 (colour). "
            f"Received: {shape}"
        )
    return shape


def _listed(path):
    """Returns the names of all files, sorted, and a function that opens one by its name."""
    if path.is_file() and zipfile.is_zipfile(path):
        archive = zipfile.ZipFile(path)
        names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
        return sorted(names), lambda name: io.BytesIO(archive.read(name))
    if not path.is_dir():
        what = "a file that is no zip archive" if path.exists() else "nothing there"
        raise ValueError(f"Expected {path} as a folder or a zip archive. Received: {what}.")
    names = [
        Path(folder, name).relative_to(path).as_posix()
        for folder, _, files in os.walk(path)
        for name in files
    ]
    return sorted(names), lambda name: (path / name).open("rb")


def _is_hidden(name):
    """Whether a file is what systems leave behind: hidden, or of a resource fork."""
    parts = PurePosixPath(name).parts
    return any(part.startswith((".", "__MACOSX")) for part in parts) or parts[-1] in LEFT_BEHIND


def _decoded(open_file, name, image_shape, fit):
    """Returns an image as a uint8 array, facts of its file, and the SHA-256 of its bytes.

    The image is `None` where there is none, and the facts then say why.
    """
    try:
        with open_file(name) as file:
            content = file.read()
    except (OSError, RuntimeError) as error:  # no permission; a zip archive with a password
        return None, {"why": f"cannot be opened: {error}"}, ""
    digest, facts = hashlib.sha256(content).hexdigest(), {}
    try:
        with Image.open(io.BytesIO(content)) as image:
            facts = {"width": image.width, "height": image.height, "mode": image.mode}
            array = _fitted(_plain(image, image_shape[2]), image_shape, fit)
    except UnidentifiedImageError:
        what = "empty" if not content else "no image of a known format"
        return None, {**facts, "why": what}, digest
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return None, {**facts, "why": f"cannot be decoded: {error}"}, digest
    except Image.DecompressionBombWarning as error:
        return None, {**facts, "why": f"too large: {error}"}, digest
    return array, facts, digest


def _plain(image, channels):
    """Returns the first frame, upright, without transparency, in grey or in colour."""
    image.seek(0)
    image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise ValueError("floating-point pixels, whose range is unknown")
    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip instead of scaling them
        image = Image.fromarray((np.asarray(image) / 257).round().clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if channels == 1 else "RGB")


def _fitted(image, image_shape, fit):
    """Returns an image of the wanted shape as an array; Pillow averages where it shrinks."""
    height, width, _ = image_shape
    size, method = (width, height), Image.Resampling.LANCZOS
    if fit == "crop":
        image = ImageOps.fit(image, size, method)
    elif fit == "pad":
        image = ImageOps.pad(image, size, method, color="white")
    else:
        image = image.resize(size, method)
    return np.asarray(image).reshape(image_shape)


def _classes_of(names):
    """Returns the class of each file: its folder, where all files are in two or more.

    A folder around all of them, as archives often have it, tells nothing and does not count.
    """
    parts = [PurePosixPath(name).parts for name in names]
    common = posixpath.commonpath([str(PurePosixPath(name).parent) for name in names])
    around = len(PurePosixPath(common).parts)
    folders = [part[around] if len(part) > around + 1 else None for part in parts]
    if None in folders or len(set(folders)) < 2:
        folders = ["image"] * len(parts)
    return dict(zip(names, folders, strict=True))


def _look_alikes(images, names):
    """Returns groups of files whose pictures, shrunk to 16 × 16 pixels of 16 greys, are equal."""
    groups = collections.defaultdict(list)
    for image, name in zip(images, names, strict=True):
        picture = Image.fromarray(image.squeeze()).convert("L")
        small = np.asarray(picture.resize((16, 16), Image.Resampling.BOX))
        groups[(small // 16).tobytes()].append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _notes(table, classes, near):
    """Returns what may stand in the way of learning, a sentence each."""
    taken = table[table["became"] == "read"]
    notes = []
    if len(taken) < FEW:
        notes.append(f"{len(taken)} images are few: expect a model that knows them by heart.")
    for split in ("train", "test"):
        if not (taken["split"] == split).any():
            notes.append(f"No image fell to the {split} set: more images, or another test_share.")
    counts = taken["class"].value_counts()
    if len(classes) > 1 and counts.min() < 0.1 * counts.max():
        notes.append(f"Classes differ much in size: {counts.idxmin()} has {counts.min()}.")
    if near:
        split_of = dict(zip(taken["file"], taken["split"], strict=True))
        across = sum(len({split_of[name] for name in group}) > 1 for group in near)
        notes.append(
            f"{len(near)} groups of images look alike, {across} of them across training and test."
        )
    rejected = table[table["became"] == "rejected"]
    for why, group in rejected.groupby("why"):
        notes.append(f"{len(group)} rejected, {why}: {', '.join(group['file'][:3])}")
    return notes


def _nothing_read(path, table):
    if table.empty:
        return (
            f"Expected images in {path}, in it or in folders below. Received: no files. Formats "
            "are told by content: JPEG, PNG, GIF, WebP, TIFF, BMP and all others that Pillow reads."
        )
    reasons = "; ".join(f"{row.file}: {row.why}" for row in table[:3].itertuples())
    return (
        f"Expected images in {path}. Received: {len(table)} files, none of which is one "
        f"({reasons}). Formats are told by content, not by name."
    )
