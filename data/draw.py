"""Draws the embedded data sets again: `python data/draw.py [digits] [faces] [pets] [ratings]`.

Every picture has a random generator of its own, seeded by the data set, the split and the
picture's number, so that any of them can be drawn alone. Attributes are rounded to three
decimals before they are drawn: the table in the file is exactly what the picture shows.
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from gk import files, ratings
from gk.drawing import digits, faces, pets

FOLDER = Path(__file__).resolve().parent
SPLITS = ("train", "test")
SIZES = {"digits": (12_000, 2_000), "faces": (8_000, 1_000), "pets": (3_000, 1_000)}
SEEDS = {"digits": 0, "faces": 1, "pets": 2}
NUM_IDENTITIES = {"train": 2_000, "test": 250}


def draw_one(name, split, index):
    """Returns picture number `index` of a split, its label and its attributes."""
    rng = np.random.default_rng([SEEDS[name], SPLITS.index(split), index])
    return {"digits": _digit, "faces": _face, "pets": _pet}[name](split, index, rng)


def draw_data_set(name):
    """Draws a whole data set; returns the arrays of its file."""
    arrays = {}
    for split, size in zip(SPLITS, SIZES[name], strict=True):
        drawn = [draw_one(name, split, i) for i in tqdm(range(size), desc=f"{name} {split}")]
        pictures, labels, attributes = zip(*drawn, strict=True)
        arrays[f"x_{split}"] = np.stack(pictures)
        arrays[f"y_{split}"] = np.array(labels, dtype=np.int64)
        arrays[f"attributes_{split}"] = np.array([list(row.values()) for row in attributes])
        arrays["attribute_names"] = np.array(list(attributes[0]))
    return arrays


def _rounded(attributes):
    return {name: round(value, 3) for name, value in attributes.items()}


def _digit(split, index, rng):
    # Ten in a row hold each class once, so that every prefix is balanced.
    label = (index + index // 10 * 3) % 10
    attributes = _rounded(digits.sample_digit_attributes(rng))
    weights = np.array([weight for weight, _ in digits.WAYS_OF_WRITING[label]], dtype=float)
    way = int(rng.choice(len(weights), p=weights / weights.sum()))
    return digits.draw_digit(label, way=way, rng=rng, **attributes), label, attributes


def _face(split, index, rng):
    # The people of the test set are not among those of the training set.
    first = 0 if split == "train" else NUM_IDENTITIES["train"]
    attributes = _rounded(faces.sample_face_attributes(rng))
    attributes["identity"] = int(first + rng.integers(NUM_IDENTITIES[split]))
    return faces.draw_face(**attributes), int(attributes["sunglasses"]), attributes


def _pet(split, index, rng):
    label = index % 2
    attributes = _rounded(pets.sample_pet_features(pets.CLASS_NAMES[label], rng))
    return pets.draw_pet(**attributes), label, attributes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = [*sorted(SIZES), "ratings"]
    parser.add_argument("names", nargs="*", default=known, help="default: all")
    names = parser.parse_args().names
    if unknown := set(names) - set(known):
        parser.error(f"unknown data set {sorted(unknown)}; known are {known}")
    for name in names:
        arrays = ratings.draw() if name == "ratings" else draw_data_set(name)
        path = FOLDER / f"{name}.npz"
        files.write_npz(path, arrays)
        size, digest = path.stat().st_size / 1e6, files.content_sha256(arrays)
        print(f"{path.name}  {size:.2f} MB  SHA-256 {digest}")


if __name__ == "__main__":
    main()
