"""The report of a model's quality is what its parts say, one by one."""

import numpy as np
import pytest

import gk
from gk import datasets, metrics, report

DATA = datasets.load("digits")


@pytest.fixture(scope="module")
def judge():
    return gk.judges.load("digits")


def test_numbers_are_those_of_the_measures(judge):
    images = DATA.x_train[2000:4000]
    told = report.quality(images, DATA, judge)
    real, features = judge.features(DATA.x_test), judge.features(images)
    distance = metrics.frechet_distance(real, features)
    floor = metrics.frechet_distance(real, judge.features(DATA.x_train[:2000]))
    assert told["Fréchet distance"] == pytest.approx(distance)
    assert told["ratio"] == pytest.approx(distance / floor)
    pair = metrics.precision_recall(real[:2000], features)
    assert (told["precision"], told["recall"]) == pytest.approx(pair)
    shares = np.bincount(judge.predict(images).argmax(axis=1), minlength=10) / 2000
    assert told["rarest class"] == pytest.approx(shares.min())
    assert told["most frequent class"] == pytest.approx(shares.max())
    assert told["copies"] == 1  # they are training images
    assert report.quality(images, DATA, judge, train_images=DATA.x_train[:2000])["copies"] < 0.05


def test_a_model_is_asked_for_images(judge):
    class Stuck:
        def generate(self, n, seed):
            return np.repeat(DATA.x_train[:1] * (seed == 3), n, axis=0)

    told = report.quality(Stuck(), DATA, judge, seed=3)
    assert told["most frequent class"] == 1
    assert told["rarest class"] == 0
    assert told["recall"] < 0.01
    assert told["ratio"] > 100


def test_faces_have_no_classes():
    faces = datasets.load("faces")
    told = report.quality(faces.x_test[:300], faces, gk.judges.load("faces"))
    assert set(told) == {"Fréchet distance", "ratio", "precision", "recall", "copies"}
    assert told["ratio"] < 2


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (2 * DATA.x_train[:50] - 1, "images as floats.*0.5 . images"),
        ((255 * DATA.x_train[:50]).astype("uint8"), "images as floats.*astype"),
        (DATA.x_train[:3], "at least 4 images"),
        ([], "images as floats"),
    ],
)
def test_what_is_no_set_of_images_gets_no_report(images, message, judge):
    with pytest.raises(ValueError, match=message):
        report.quality(images, DATA, judge)
    with pytest.raises(ValueError, match="train_images as floats"):
        report.quality(DATA.x_train[:50], DATA, judge, (255 * DATA.x_train).astype("uint8"))
