"""The embedded data sets: what they hold, and what happens when something is wrong with a file."""

import re
from pathlib import Path

import draw
import numpy as np
import pytest
from PIL import Image

from gk import datasets
from gk.drawing import faces

ROOT = Path(__file__).resolve().parent.parent
SHAPES = {"digits": (28, 28, 1), "faces": (32, 32, 3), "pets": (32, 32, 3)}


@pytest.mark.parametrize("name", SHAPES)
def test_embedded_sets_hold_what_load_promises(name):
    data = datasets.load(name)
    num_train, num_test = draw.SIZES[name]
    for images, labels, size in (
        (data.x_train, data.y_train, num_train),
        (data.x_test, data.y_test, num_test),
    ):
        assert images.shape == (size, *SHAPES[name])
        assert images.dtype == np.float32
        assert images.min() >= 0
        assert images.max() <= 1
        assert labels.dtype == np.int64
        assert set(labels) == set(range(len(data.class_names)))
    assert len(data.attributes_train) == num_train
    assert not data.attributes_test.isna().any(axis=None)
    assert name in data.source
    with pytest.raises(AttributeError):
        data.name = "other"


def test_embedded_sets_stay_small():
    sizes = [path.stat().st_size for path in (ROOT / "data").glob("*.npz")]
    assert len(sizes) == len(SHAPES) + 1  # the ratings
    assert sum(sizes) < 12e6


@pytest.mark.parametrize("name", SHAPES)
def test_drawing_again_gives_the_same_pictures(name):
    data = datasets.load(name)
    for split in ("train", "test"):
        images, labels = getattr(data, f"x_{split}"), getattr(data, f"y_{split}")
        table = getattr(data, f"attributes_{split}")
        for index in np.random.default_rng(0).choice(len(images), 40, replace=False):
            picture, label, attributes = draw.draw_one(name, split, index)
            np.testing.assert_array_equal(
                np.reshape(picture, images.shape[1:]), np.round(images[index] * 255)
            )
            assert label == labels[index]
            assert attributes == table.iloc[index].to_dict()


def test_datasheet_tells_the_hashes_of_the_content():
    datasheet = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for name, spec in datasets.EMBEDDED_SETS.items():
        assert re.search(rf"`{name}\.npz`.*{spec.content_sha256}", datasheet), name


def test_attributes_of_faces_are_independent_and_people_of_the_test_set_are_new():
    data = datasets.load("faces")
    correlations = data.attributes_train[list(faces.ATTRIBUTES)].corr().to_numpy()
    assert np.abs(correlations - np.eye(len(correlations))).max() < 0.05
    people = [set(table["identity"]) for table in (data.attributes_train, data.attributes_test)]
    assert len(people[0]) > 1000
    assert not people[0] & people[1]


def test_a_coat_does_not_tell_a_cat_from_a_dog_but_ears_and_muzzle_do():
    data = datasets.load("pets")
    by_class = data.attributes_train.groupby(data.y_train).mean()
    gap = (by_class.loc[1] - by_class.loc[0]).abs()
    assert gap["coat_colour"] < 0.03
    assert gap.drop("coat_colour").min() > 0.1


def test_unknown_name_lists_the_known_ones():
    known = "'digits', 'faces', 'pets', 'mnist', 'fashion_mnist', 'cifar10', 'lfw', 'celeba'"
    with pytest.raises(ValueError, match=known):
        datasets.load("cifar")


def test_names_of_classes_are_told_or_where_they_are_to_be_had():
    assert len(datasets.class_names("cifar10")) == 10
    assert datasets.class_names("celeba") == ("face",)
    with pytest.raises(ValueError, match=r"5,749 classes of 'lfw'.*load\('lfw'\)\.class_names"):
        datasets.class_names("lfw")


def test_a_set_has_its_own_shape_unless_it_is_made_of_pictures():
    assert len(datasets.load("pets", image_shape=(32, 32, 3)).x_train) == 3000
    with pytest.raises(
        ValueError, match=r"\(28, 28, 1\); only 'lfw', 'celeba' and folders.*\(32, 32, 1\)"
    ):
        datasets.load("digits", image_shape=(32, 32, 1))


def test_the_path_of_a_folder_is_as_good_as_a_name(tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 40, 40, 3), dtype=np.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    assert datasets.load(str(tmp_path)).x_train.shape[1:] == (32, 32, 3)
    assert datasets.load(str(tmp_path), (16, 16, 1)).x_train.shape[1:] == (16, 16, 1)
    monkeypatch.chdir(tmp_path.parent)
    assert datasets.load(tmp_path.name).report is not None
    with pytest.raises(ValueError, match="nothing there"):
        datasets.load(str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="or the path of a folder"):
        datasets.load("nowhere")


def test_damaged_embedded_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "package_data_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match=r"digits\.npz cannot be used: it does not exist"):
        datasets.load("digits")
    np.savez_compressed(tmp_path / "digits.npz", x_train=np.zeros(3))
    with pytest.raises(ValueError, match=r"digits\.npz cannot be used.*is not what data/draw"):
        datasets.load("digits")


@pytest.mark.parametrize("installed", [True, False])
def test_data_are_looked_for_in_the_package_or_beside_it(installed, tmp_path, monkeypatch):
    (tmp_path / "gk").mkdir()
    folder = tmp_path / "gk" / "data" if installed else tmp_path / "data"
    folder.mkdir()
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "gk" / "datasets.py"))
    assert datasets.package_data_folder() == folder
