"""Every file that ships can be read and used, with whatever versions of Keras and TensorFlow."""

import csv
from pathlib import Path

import numpy as np
import pytest

from gk import datasets, judges, pretrained

DATA = Path(__file__).resolve().parent.parent / "data"
SHAPES = {"faces": (32, 32, 3), "pets": (32, 32, 3)}


def test_these_are_all_files_that_ship():
    ships = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*.*")}
    ships = {path for path in ships if not path.endswith((".py", ".md", ".pyc"))}
    judged = {path for path in ships if path.startswith("judges/")}
    assert {Path(path).stem for path in judged} == set(judges.NAMES)
    weights = {f"weights/{name}.npz" for name in pretrained.NAMES}
    sets = {f"{name}.npz" for name in (*datasets.EMBEDDED_SETS, "ratings")}
    assert ships == judged | weights | sets | {"tricks.csv", "two_words.csv"}


@pytest.mark.parametrize("name", judges.NAMES)
def test_every_judge_judges(name):
    judge = judges.load(name)
    images = np.random.default_rng(0).uniform(size=(4, *SHAPES.get(name, (28, 28, 1))))
    verdicts = judge.predict(images)
    assert verdicts.shape == (4, len(judge.output_names))
    assert np.isfinite(verdicts).all()
    assert np.ptp(verdicts, axis=0).max() > 0
    assert judge.features(images).shape == (4, 64)


@pytest.mark.parametrize("name", pretrained.NAMES)
def test_every_trained_gan_draws(name):
    images = pretrained.load(name).generate(4, seed=0)
    assert images.shape == (4, *SHAPES.get(name, (28, 28, 1)))
    assert 0 <= images.min() < images.max() <= 1
    assert np.abs(images[0] - images[1]).max() > 0.1


@pytest.mark.parametrize("name", ["tricks.csv", "two_words.csv"])
def test_every_table_is_whole(name):
    with (DATA / name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert all(None not in row.values() for row in rows)
