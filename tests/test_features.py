"""Features that are learned without labels, and those of Inception v3."""

import urllib.error

import keras
import numpy as np
import pytest
import tensorflow as tf

from gk import datasets, features, judges, metrics


@pytest.fixture(scope="module")
def learned():
    """A network that has looked at turned digits for a while: ten seconds."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(features, "STEPS", 400)
        return features.learn(datasets.load("digits").x_train)


def test_it_tells_how_images_were_turned(learned):
    images = datasets.load("digits").x_test[:500]
    for quarters in range(4):
        told = learned.predict(np.rot90(images, quarters, axes=(1, 2)), verbose=0).argmax(axis=1)
        assert np.mean(told == quarters) > 0.6


def test_distances_grow_with_noise_and_blur_as_the_judges_do(learned):
    digits = datasets.load("digits")
    kinds = judges.load("digits"), judges.Judge(learned, range(4), exclusive=True)
    rng = np.random.default_rng(0)
    images = digits.x_test[1000:2000]
    sets = [np.clip(images + rng.normal(0, s, images.shape), 0, 1) for s in (0, 0.1, 0.2, 0.4)]
    blurred = tf.nn.avg_pool2d(images, 5, 1, "SAME").numpy()
    for kind in kinds:
        real = kind.features(digits.x_test[:1000])
        far = [metrics.frechet_distance(real, kind.features(part)) for part in sets]
        assert far == sorted(far)
        assert metrics.frechet_distance(real, kind.features(blurred)) > 5 * far[0]


def test_the_same_seed_learns_the_same(monkeypatch):
    monkeypatch.setattr(features, "STEPS", 5)
    images = datasets.load("pets").x_train[:40]
    one, again, other = (features.learn(images, seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_what_looks_the_same_whichever_way_is_told(monkeypatch):
    monkeypatch.setattr(features, "STEPS", 60)
    noise = np.random.default_rng(0).uniform(size=(500, 16, 16, 1)).astype("float32")
    with pytest.warns(UserWarning, match="look much the same whichever way they are turned"):
        features.learn(noise)


def test_squares_are_left_and_others_are_squeezed():
    images = np.random.default_rng(0).uniform(size=(3, 8, 8, 1)).astype("float32")
    np.testing.assert_array_equal(features.squares(images), images)
    assert features.squares(images[:, :4]).shape == (3, 8, 8, 1)


@pytest.fixture
def weights(tmp_path):
    """A file of weights as Keras publishes them, of a network that has learned nothing."""
    keras.utils.set_random_seed(0)
    network = keras.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    network.save_weights(tmp_path / "inception.weights.h5")
    return tmp_path / "inception.weights.h5"


def test_inception_takes_grey_and_colour_of_any_size(weights):
    """Builds Inception v3 twice, a network of 300 layers."""
    kind = features.inception(weights)
    rng = np.random.default_rng(0)
    for shape in ((3, 28, 28, 1), (3, 40, 64, 3)):
        found = kind.features(rng.uniform(size=shape).astype("float32"))
        assert found.shape == (3, 2048)
        assert np.ptp(found, axis=0).max() > 0
    # What Keras's own way of preparing gives.
    images = rng.uniform(size=(2, 299, 299, 3)).astype("float32")
    prepared = keras.applications.inception_v3.preprocess_input(255 * images)
    np.testing.assert_allclose(
        kind.features(images), kind.network.predict(prepared, verbose=0), rtol=1e-3, atol=1e-4
    )


def test_offline_inception_says_so(monkeypatch):
    def refuse(*arguments, **options):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", refuse)
    monkeypatch.setenv("KERAS_HOME", "/nonexistent")
    with pytest.raises(ConnectionError, match=r"weights=path.*gk\.judges\.load"):
        features.inception()
