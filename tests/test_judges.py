"""The judges that ship, and their accuracy as the datasheet states it."""

import dataclasses
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from gk import datasets, downloads, features, figures, files, judges, report
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


@pytest.fixture
def own(tmp_path):
    """A folder of digits by class, and one of the same without classes."""
    digits = datasets.load("digits")
    for index, (image, label) in enumerate(zip(digits.x_train[:400], digits.y_train, strict=False)):
        picture = figures.to_picture(image)
        for name in (f"classes/{label}", "plain"):
            place = tmp_path / name
            place.mkdir(parents=True, exist_ok=True)
            picture.save(place / f"{index}.png")
    return tmp_path


def test_the_judge_of_ones_own_classes_is_trained_once_and_tells_them(own, capsys, monkeypatch):
    data = datasets.from_folder(own / "classes", (28, 28, 1))
    judge = judges.load(data)
    assert "Training a judge of classes, once." in capsys.readouterr().out
    assert judge.output_names == tuple("0123456789")
    assert judge.tells_classes
    accuracy = np.mean(judge.predict(data.x_test).argmax(axis=1) == data.y_test)
    assert accuracy > 0.5
    monkeypatch.setattr(judges, "train", None)
    again = judges.load(data)
    np.testing.assert_array_equal(again.predict(data.x_test), judge.predict(data.x_test))
    assert "Training" not in capsys.readouterr().out


def test_other_images_get_another_judge(own, monkeypatch):
    monkeypatch.setattr(judges, "EPOCHS", 1)
    one = judges.load(datasets.from_folder(own / "classes", (28, 28, 1)), verbose=0)
    (own / "classes" / "3" / "new.png").write_bytes((own / "plain" / "0.png").read_bytes() + b" ")
    other = judges.load(datasets.from_folder(own / "classes", (28, 28, 1)), verbose=0)
    images = datasets.load("digits").x_test[:5]
    assert np.abs(one.predict(images) - other.predict(images)).max() > 0
    assert len(list((files.user_cache() / "judges").iterdir())) == 2


def test_images_of_one_class_are_judged_by_how_they_are_turned(own, monkeypatch):
    monkeypatch.setattr(features, "STEPS", 100)
    data = datasets.from_folder(own / "plain", (20, 28, 1))
    judge = judges.load(data, verbose=0)
    assert judge.features(data.x_test).shape == (len(data.x_test), 64)
    assert (judge.predict(data.x_test) == 1).all()
    assert not judge.tells_classes
    again = judges.load(data)
    np.testing.assert_array_equal(again.features(data.x_test), judge.features(data.x_test))
    row = report.quality(data.x_train[:50], data, judge)
    assert row["copies"] == 1
    assert "confidence" not in row


def test_classes_of_a_few_images_each_are_not_learned_from(own, monkeypatch):
    monkeypatch.setattr(features, "STEPS", 100)
    data = datasets.from_folder(own / "classes", (28, 28, 1))
    few = dataclasses.replace(data, x_train=data.x_train[:100], y_train=data.y_train[:100])
    judge = judges.load(few, verbose=0)
    assert not judge.tells_classes
    assert judge.output_names == ("image",)


def test_a_judge_that_cannot_be_kept_is_given_all_the_same(own, tmp_path, monkeypatch):
    monkeypatch.setattr(judges, "EPOCHS", 1)
    data = datasets.from_folder(own / "classes", (28, 28, 1))
    (tmp_path / "file").touch()
    monkeypatch.setattr(files, "user_cache", lambda: tmp_path / "file")
    with pytest.warns(UserWarning, match="could not be kept"):
        assert judges.load(data, verbose=0).tells_classes


def test_what_is_too_little_to_judge_by_is_said_at_once(own, monkeypatch):
    monkeypatch.setattr(judges, "EPOCHS", 1)
    data = datasets.from_folder(own / "classes", (28, 28, 1))
    judge = judges.load(data, verbose=0)
    assert judge.features(data.x_test[:0]).shape == (0, 64)
    with pytest.raises(ValueError, match=r"at least 4 training and 4 test images.*test_share"):
        report.quality(data.x_train[:9], dataclasses.replace(data, x_test=data.x_test[:2]), judge)
    none = dataclasses.replace(data, x_train=data.x_train[:0], y_train=data.y_train[:0])
    for load in (judges.load, judges.train):
        with pytest.raises(ValueError, match="Expected training images in classes"):
            load(none)
    grey = np.full((9, 28, 28, 1), 0.5, "float32")
    same = dataclasses.replace(data, x_train=grey, x_test=grey)
    assert report.quality(data.x_train[:9], same, judge)["ratio"] == np.inf
    assert judges.load(own / "classes").output_names  # by its path
