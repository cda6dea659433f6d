"""Images that stay on disk train, measure and resume as arrays do, number by number."""

import dataclasses

import numpy as np
import pytest
import small_models
import tensorflow as tf
from PIL import Image

import gk
from gk import datasets, features, judges, report
from gk.pixels import Pixels

SHAPE = small_models.SHAPE


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set")
    for number in range(64):
        pixels = np.random.default_rng(number).integers(0, 256, SHAPE[:2], dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02d}.png")
    return folder


@pytest.fixture
def both(folder):
    """The same data set in memory and on disk."""
    return (
        datasets.from_folder(folder, SHAPE, in_memory=True),
        datasets.from_folder(folder, SHAPE, in_memory=False),
    )


def test_they_are_what_arrays_are(both):
    array, pixels = (data.x_train for data in both)
    assert isinstance(pixels, Pixels)
    assert isinstance(pixels.stored, np.memmap)
    assert pixels.shape == array.shape
    assert pixels.dtype == array.dtype
    for key in (0, slice(3, 9), slice(None, None, -2), np.array([5, 1]), array[:, 0, 0, 0] > 0.5):
        np.testing.assert_array_equal(pixels[key], array[key])
    np.testing.assert_array_equal(np.asarray(pixels), array)
    np.testing.assert_array_equal(array - pixels, 0 * array)
    with pytest.raises(ValueError, match="without a copy"):
        np.array(pixels, copy=False)
    with pytest.raises(IndexError):
        pixels[len(pixels)]
    keys = [np.s_[..., 0], np.s_[..., :1], np.s_[:, :4], np.s_[0, 0], np.s_[:, :, ::-1]]
    for key in [*keys, np.s_[..., None], np.s_[[1, 2], 3], np.s_[None], np.s_[2:5, 1, 2, 0]]:
        np.testing.assert_array_equal(pixels[key], array[key])
    np.testing.assert_array_equal(np.flip(pixels, 2), np.flip(array, 2))
    assert len(repr(pixels)) < 100


def test_large_sets_stay_on_disk_by_themselves(folder, monkeypatch):
    free = datasets.psutil.virtual_memory()._replace(available=4 * 4 * 64 * 8 * 8 - 1)
    monkeypatch.setattr(datasets.psutil, "virtual_memory", lambda: free)
    data = datasets.from_folder(folder, SHAPE)
    assert isinstance(data.x_train, Pixels)
    assert "images of 8×8×1" in repr(data)


@pytest.mark.parametrize("options", [{}, {"validation_split": 0.2}, {"steps_per_epoch": 7}])
@pytest.mark.parametrize("kind", small_models.KINDS)
def test_training_gives_the_same_numbers(kind, options, both):
    weights = []
    for data in both:
        model = small_models.make(kind, seed=3)
        history = model.fit(data.x_train, batch_size=16, epochs=2, verbose=0, **options).history
        weights.append([np.ravel(weight) for weight in model.get_weights()])
        weights[-1] += [np.ravel(values) for values in history.values()]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_they_validate_evaluate_reconstruct_and_serve_as_targets(both):
    array, pixels = both
    model = small_models.make("autoencoder", seed=3)
    history = model.fit(
        pixels.x_train, pixels.x_train, verbose=0, validation_data=(pixels.x_test, pixels.x_test)
    ).history
    assert history["val_loss"][-1] == pytest.approx(
        model.evaluate(array.x_test, verbose=0, return_dict=True)["loss"]
    )
    assert model.evaluate(pixels.x_test, verbose=0) == model.evaluate(array.x_test, verbose=0)
    np.testing.assert_array_equal(model.encode(pixels.x_test), model.encode(array.x_test))


def test_a_run_goes_on_and_other_images_are_another_run(both, folder, tmp_path):
    def run(images, epochs):
        model = small_models.make("vae", seed=3)
        resume = gk.callbacks.Resume(tmp_path / "run")
        model.fit(images, batch_size=16, epochs=epochs, verbose=0, callbacks=[resume])
        return model

    images = both[1].x_train
    run(images, 1)
    gone_on = run(images, 3)
    whole = small_models.make("vae", seed=3)
    whole.fit(images, batch_size=16, epochs=3, verbose=0)
    for one, other in zip(gone_on.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    other = datasets.from_folder(folder, SHAPE, test_share=0.4, in_memory=False).x_train
    with pytest.raises(ValueError, match="SHA-256"):
        run(other, 3)


def test_a_run_goes_on_whether_its_images_are_in_memory_or_on_disk(both, tmp_path):
    weights = []
    for first, then in (both, both[::-1]):
        folder = tmp_path / str(len(weights))
        for data, epochs in ((first, 1), (then, 3)):
            model = small_models.make("vae", seed=3)
            resume = gk.callbacks.Resume(folder)
            model.fit(data.x_train, batch_size=16, epochs=epochs, verbose=0, callbacks=[resume])
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", small_models.KINDS)
def test_they_are_never_loaded_as_a_whole(kind, both, monkeypatch):
    array, pixels = (data.x_train for data in both)
    codes = np.zeros((4, 3), "float32")
    model = small_models.make(kind, seed=3)
    wanted = model.evaluate(array, verbose=0, return_dict=True)
    get, largest = Pixels.__getitem__, []

    def watched(self, key):
        images = get(self, key)
        largest.append(len(images))
        return images

    monkeypatch.setattr(Pixels, "__getitem__", watched)
    monkeypatch.setattr(Pixels, "__array__", None)
    assert (
        model.evaluate(pixels, batch_size=16, verbose=0, return_dict=True).keys() == wanted.keys()
    )
    assert model.evaluate(pixels, verbose=0, return_dict=True) == wanted
    model.fit(pixels, batch_size=16, verbose=0, validation_data=pixels, validation_batch_size=16)
    if kind != "dcgan":
        assert len(model.predict(pixels, batch_size=16, verbose=0)) == len(pixels)
    model.generate_from(codes)
    assert max(largest) <= 32


def test_they_are_learned_from_inside_of_a_strategy(both):
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        model = small_models.make("vae", steps_per_execution=1, seed=3)
    model.fit(both[1].x_train[:48], batch_size=16, verbose=0)
    with strategy.scope():
        other = small_models.make("vae", steps_per_execution=1, seed=3)
    other.fit(both[1].x_train.part(slice(48)), batch_size=16, verbose=0)
    for one, another in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, another)


def test_quality_and_the_monitor_take_them(both):
    digits = datasets.load("digits")
    kept = {
        name: Pixels((255 * getattr(digits, name)[:600]).round().astype(np.uint8), np.arange(600))
        for name in ("x_train", "x_test")
    }
    on_disk = dataclasses.replace(digits, **kept)
    in_memory = dataclasses.replace(digits, **{name: part[:] for name, part in kept.items()})
    judge, images = judges.load("digits"), digits.x_test[600:1200]
    assert report.quality(images, on_disk, judge) == report.quality(images, in_memory, judge)
    gk.callbacks.GameMonitor(both[1].x_test)
    assert features.squares(both[1].x_test).shape == both[1].x_test.shape
