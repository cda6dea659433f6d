"""The judges that ship, and their accuracy as the datasheet states it."""

import dataclasses
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from gk import datasets, downloads, files, judges
from gk.drawing import faces

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "data" / "judges"
DATASHEET = (ROOT / "data" / "README.md").read_text(encoding="utf-8")


def stated(name):
    (row,) = re.findall(rf"`judges/{name}\.npz` \|.*\|(.*)\|", DATASHEET)
    return row


def test_files_are_small():
    sizes = {path.stem: path.stat().st_size for path in FOLDER.iterdir()}
    assert set(sizes) == set(judges.NAMES)
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
    judges.save(trained, "digits")
    assert [path.name for path in (tmp_path / "judges").iterdir()] == ["digits.npz"]
    images = small.x_test[:20]
    again = judges.load("digits").predict(images)
    np.testing.assert_allclose(
        again, keras.ops.softmax(trained.predict(images, verbose=0)), atol=1e-6
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("truncated", "not a complete .npz file"),
        ("one weight changed", "its content is not what was written"),
        ("of another set", "expected the judge of 'pets'"),
        ("missing", "it does not exist"),
    ],
)
def test_damaged_judge_is_named(spoil, message, monkeypatch, tmp_path):
    path = tmp_path / "judges" / "pets.npz"
    path.parent.mkdir()
    if spoil == "truncated":
        path.write_bytes((FOLDER / "pets.npz").read_bytes()[:1000])
    elif spoil == "one weight changed":
        arrays = files.read_npz(FOLDER / "pets.npz", "")
        arrays["judge_00"][0, 0, 0, 0] += 1e-3
        np.savez(path, **arrays)
    elif spoil == "of another set":
        path.write_bytes((FOLDER / "faces.npz").read_bytes())
    monkeypatch.setattr(datasets, "package_data_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match=rf"pets\.npz cannot be used: .*{message}.*git checkout"):
        judges.load("pets")


def test_unknown_judge_lists_the_known_sets():
    with pytest.raises(ValueError, match="Expected one of 'digits'"):
        judges.load("cifar")


def test_a_set_without_a_judge_says_how_to_train_one():
    with pytest.raises(ValueError, match=r"Judges ship for digits.*gk\.judges\.train\('cifar10'\)"):
        judges.load("cifar10")
    with pytest.raises(ValueError, match="are known when it is read"):
        judges.load("lfw")
