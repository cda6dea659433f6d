"""The judges that ship, and their accuracy as the datasheet states it."""

import dataclasses
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from gk import datasets, downloads, judges
from gk.drawing import faces

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "data" / "judges"
DATASHEET = (ROOT / "data" / "README.md").read_text(encoding="utf-8")


def stated(name):
    (row,) = re.findall(rf"`{name}\.keras` \|.*\|(.*)\|", DATASHEET)
    return row


def test_files_are_small():
    sizes = {path.stem: path.stat().st_size for path in FOLDER.glob("*.keras")}
    assert set(sizes) == set(datasets.names())
    assert max(sizes.values()) <= 300_000


@pytest.mark.parametrize("name", ["digits", "pets", "mnist", "fashion_mnist"])
def test_accuracy_is_what_the_datasheet_states(name, need_real):
    if name in downloads.REAL_SETS:
        need_real(name)
    data = datasets.load(name)
    probabilities = judges.load(name).predict(data.x_test)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    accuracy = 100 * np.mean(probabilities.argmax(axis=1) == data.y_test)
    assert accuracy == pytest.approx(float(re.search(r"[\d.]+", stated(name))[0]), abs=0.1)


def test_judge_of_faces_reads_the_attributes():
    data = datasets.load("faces")
    judge = judges.load("faces")
    targets = judges.face_targets(data.attributes_test)
    errors = np.abs(judge.predict(data.x_test) - targets).mean(axis=0)
    spread = np.abs(targets - np.median(targets, axis=0)).mean(axis=0)
    for attribute, error, by_guessing in zip(judge.output_names, errors, spread, strict=True):
        in_datasheet = float(re.search(rf"{attribute} ([\d.]+)", stated("faces"))[1])
        assert error == pytest.approx(in_datasheet, abs=0.01)
        assert error < 0.6 * by_guessing


def test_face_targets_run_from_0_to_1():
    targets = judges.face_targets(datasets.load("faces").attributes_train)
    assert targets.shape[1] == len(faces.ATTRIBUTES)
    assert targets.min() >= 0
    assert targets.max() <= 1


def test_features_are_those_in_front_of_the_verdict():
    judge = judges.load("digits")
    images = datasets.load("digits").x_test[:50]
    features = judge.features(images)
    assert features.shape == (50, 64)
    kernel, bias = judge.network.layers[-1].get_weights()
    logits = judge.network.predict(images, verbose=0)
    np.testing.assert_allclose(features @ kernel + bias, logits, atol=1e-4)


def test_a_judge_is_trained_and_saved_whole(monkeypatch, tmp_path):
    small = datasets.load("digits")
    few = {"x_train": small.x_train[:256], "y_train": small.y_train[:256]}
    monkeypatch.setattr(datasets, "load", lambda name: dataclasses.replace(small, **few))
    monkeypatch.setattr(judges, "EPOCHS", 1)
    monkeypatch.setattr(datasets, "package_data_folder", lambda: tmp_path)
    trained = judges.train("digits")
    judges.save(trained, tmp_path / "judges" / "digits.keras")
    assert [path.name for path in (tmp_path / "judges").iterdir()] == ["digits.keras"]
    images = small.x_test[:20]
    again = judges.load("digits").predict(images)
    np.testing.assert_allclose(
        again, keras.ops.softmax(trained.predict(images, verbose=0)), atol=1e-6
    )


def test_damaged_judge_is_named(monkeypatch, tmp_path):
    (tmp_path / "judges").mkdir()
    whole = (FOLDER / "pets.keras").read_bytes()
    (tmp_path / "judges" / "pets.keras").write_bytes(whole[:1000])
    monkeypatch.setattr(datasets, "package_data_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match=r"pets\.keras cannot be used"):
        judges.load("pets")


def test_unknown_judge_lists_the_known_sets():
    with pytest.raises(ValueError, match="Expected one of 'digits'"):
        judges.load("cifar")
