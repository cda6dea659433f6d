"""What became of each file, told before anybody trains on it."""

import dataclasses
import html
from pathlib import Path

import pandas as pd

# Fewer than that teach little more than themselves.
FEW = 500
# Of fewer, chance decides much of a Fréchet distance.
FEW_FOR_TESTS = 500


@dataclasses.dataclass(frozen=True)
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

    def _repr_html_(self):
        """Shows the counts, the sizes and the notes, and the rows of what was left out."""
        taken = self.table[self.table["became"] == "read"]
        facts = taken.groupby("class").agg(
            training=("split", lambda split: (split == "train").sum()),
            test=("split", lambda split: (split == "test").sum()),
            width=("width", _span),
            height=("height", _span),
        )
        left_out = self.table[self.table["became"] != "read"][["file", "became", "why"]]
        notes = "".join(f"<li>{note}</li>" for note in map(html.escape, self.notes))
        counts = html.escape(str(self).split("\n")[0])
        tables = facts.to_html(max_rows=20)
        if len(left_out):
            tables += left_out.to_html(max_rows=20, index=False)
        return f"<p>{counts}</p><ul>{notes}</ul>{tables}"


def look_alikes(table, looks):
    """Returns groups of files that were read and have one look, as tuples."""
    groups = table["file"].groupby(looks).agg(tuple)
    return [group for group in groups if len(group) > 1]


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
    counts = taken["class"].value_counts()
    if len(counts) > 1 and counts.min() < 0.1 * counts.max():
        sentences.append(f"Classes differ much in size: {counts.idxmin()} has {counts.min()}.")
    if near:
        split_of = dict(zip(taken["file"], taken["split"], strict=True))
        across = sum(len({split_of[name] for name in group}) > 1 for group in near)
        sentences.append(
            f"{len(near)} groups of images look alike, {across} of them across training and test."
        )
    rejected = table[table["became"] == "rejected"]
    for why, group in rejected.groupby("why"):
        sentences.append(f"{len(group)} rejected, {why}: {', '.join(group['file'][:3])}")
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


def _span(sizes):
    low, high = int(sizes.min()), int(sizes.max())
    return f"{low}" if low == high else f"{low} to {high}"
