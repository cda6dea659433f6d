"""What became of each file, told before anybody trains on it."""

import dataclasses
import html
import posixpath
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import NearestNeighbors

# Fewer than that teach little more than themselves.
FEW = 500
# Of fewer, chance decides much of a Fréchet distance.
FEW_FOR_TESTS = 500
FEWEST_TO_MEASURE = 4
# Images of which each is compared with each, in seconds.
MANY = 10_000
# Levels of 255 by which the greys of pictures that look alike differ, on average.
ALIKE = 3
SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation"}


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Report:
    """What became of each file of a folder.

    Attributes:
        table: pandas table, a row for each file: `file`; `class`; `split`, "train" or "test";
            `width` and `height` in pixels and `mode` as stored; `became`, "read", "rejected",
            "duplicate" or "skipped"; `why`.
        near: list of tuples of files that look alike though their content differs.
        notes: list of sentences on what may stand in the way of learning.
        kept_in: folder of the small copies that make the next reading fast, or `None`.
    """

    table: pd.DataFrame
    near: list
    notes: list
    kept_in: Path | None = None

    def __str__(self):
        counts = self.table["became"].value_counts()
        lines = [f"{count:,} {what}" for what, count in counts.items()]
        return ", ".join(lines) + "".join(f"\n- {note}" for note in self.notes)

    __repr__ = __str__

    def _repr_html_(self):
        """Shows the counts, the sizes and the notes, and the rows of what was left out."""
        taken = self.table[self.table["became"] == "read"]
        facts = taken.groupby("class").agg(
            training=("split", lambda split: (split == "train").sum()),
            test=("split", lambda split: (split == "test").sum()),
            width=("width", _span),
            height=("height", _span),
        )
        shown = self.table.assign(file=self.table["file"].map(_as_text))
        left_out = shown[shown["became"] != "read"][["file", "became", "why"]]
        notes = (html.escape(_as_text(note)) for note in self.notes)
        notes = "".join(f"<li>{note}</li>" for note in notes)
        counts = html.escape(str(self).split("\n")[0])
        tables = facts.to_html(max_rows=20)
        if len(left_out):
            tables += left_out.to_html(max_rows=20, index=False)
        return f"<p>{counts}</p><ul>{notes}</ul>{tables}"


def look_alikes(names, looks):
    """Returns groups of files that look alike, as tuples.

    Args:
        names: of the files that were read.
        looks: of each the picture in 8 × 8 greys, as hexadecimal text. Up to `MANY` are compared
            each with each; of more only those are found that are nearly equal.
    """
    greys = np.array([list(bytes.fromhex(look)) for look in looks], dtype=np.float32)
    if len(names) > MANY:
        keys = map(bytes, (greys // 8).astype(np.uint8))
        group_of = pd.Series(names, dtype=object).groupby(list(keys)).agg(tuple)
        return [group for group in group_of if len(group) > 1]
    neighbours = NearestNeighbors(radius=ALIKE * 8).fit(greys).radius_neighbors_graph()
    _, number = connected_components(neighbours, directed=False)
    group_of = pd.Series(names, dtype=object).groupby(number).agg(tuple)
    return [group for group in group_of if len(group) > 1]


def notes(table, near):
    """Returns what may stand in the way of learning, a sentence each."""
    taken = table[table["became"] == "read"]
    sentences = []
    if len(taken) < FEW:
        sentences.append(f"{len(taken)} images are few: expect a model that knows them by heart.")
    for split in ("train", "test"):
        if not (taken["split"] == split).any():
            sentences.append(
                f"No image fell to the {split} set: more images, or another test_share."
            )
    num_test = int((taken["split"] == "test").sum())
    if 0 < num_test < FEW_FOR_TESTS:
        sentences.append(
            f"{num_test} test images are few: numbers measured on them waver. Compare models on "
            "the same images only."
        )
    if 0 < num_test < FEWEST_TO_MEASURE:
        sentences.append(
            f"With fewer than {FEWEST_TO_MEASURE} test images a model's quality cannot be "
            "measured: more images, or a larger test_share."
        )
    sentences += _on_classes(table, taken)
    if near:
        split_of = dict(zip(taken["file"], taken["split"], strict=True))
        across = sum(len({split_of[name] for name in group}) > 1 for group in near)
        sentences.append(
            f"Images that look alike: {len(near)} group{'s' * (len(near) > 1)}, {across} of them "
            "across training and test."
        )
    rejected = table[table["became"] == "rejected"]
    for why, group in rejected.groupby("why"):
        sentences.append(f"{len(group)} rejected, {why}: {', '.join(group['file'][:3])}")
    return sentences


def _on_classes(table, taken):
    """Returns what is odd about the classes, a sentence each."""
    sentences, counts = [], taken["class"].value_counts()
    folder_of = table["file"].map(posixpath.dirname)
    if len(counts) == 1:
        outside = taken[folder_of[taken.index] == ""]
        if 0 < len(outside) < 0.1 * len(taken):
            sentences.append(
                f"There are no classes, as {len(outside)} images lie outside of all folders: "
                f"{', '.join(outside['file'][:3])}"
            )
        return sentences
    if set(counts.index.str.lower()) <= SPLITS:
        sentences.append(
            f"The classes are {' and '.join(counts.index)}: if these are parts of a set and no "
            "classes, name the folder of one of them."
        )
    if counts.min() < 0.1 * counts.max():
        sentences.append(f"Classes differ much in size: {counts.idxmin()} has {counts.min()}.")
    copies = table[table["became"] == "duplicate"]
    originals = copies["why"].str.removeprefix("the same bytes as ").map(posixpath.dirname)
    if n := int((originals != folder_of[copies.index]).sum()):
        sentences.append(f"{n} files lie in two classes with the same bytes: the first counts.")
    in_training = set(taken.loc[taken["split"] == "train", "class"])
    if missing := [name for name in counts.index if name not in in_training]:
        sentences.append(f"No training image of: {', '.join(missing[:3])}.")
    empty = set(folder_of[table["became"] == "rejected"]) - set(folder_of[taken.index])
    if empty := sorted(name for name in empty if name):
        sentences.append(f"No image could be read in: {', '.join(empty[:3])}.")
    return sentences


def nothing_read(path, table):
    """Returns the words for a folder in which there is no image."""
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


def _as_text(name):
    """Returns a name in which what is no text is a question mark."""
    return name.encode("utf-8", "replace").decode()


def _span(sizes):
    low, high = int(sizes.min()), int(sizes.max())
    return f"{low}" if low == high else f"{low} to {high}"
