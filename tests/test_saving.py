"""What is saved comes back: settings, weights, moments, random numbers, in any process."""

import copy
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from processes import run
from small_models import IMAGES, KINDS, SHAPE, make

import gk
from gk.states import values_of


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_saved_model_is_the_same_in_a_fresh_process_and_trains_on(kind, tmp_path):
    """Takes some ten seconds: another process starts TensorFlow and traces a step anew."""
    model = make(kind, seed=5)
    model.fit(IMAGES, batch_size=32, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", IMAGES)
    script = f"""
import numpy as np, keras, gk
model = keras.models.load_model("model.keras")
images = np.load("images.npy")
from gk.states import values_of
loaded, generated = values_of(model), model.generate(5, seed=0)
model.fit(images, batch_size=32, epochs=4, initial_epoch=2, verbose=0)
np.savez("{tmp_path}/there.npz", generated, *loaded, *values_of(model))
"""
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    here = [model.generate(5, seed=0), *values_of(model)]
    model.fit(IMAGES, batch_size=32, epochs=4, initial_epoch=2, verbose=0)
    here += values_of(model)
    with np.load(tmp_path / "there.npz") as there:
        assert len(there.files) == len(here)
        for name, value in zip(there.files, here, strict=True):
            np.testing.assert_array_equal(there[name], value)


SETTINGS = {
    "autoencoder": {"likelihood": "bernoulli", "output": "sigmoid"},
    "vae": {"kl_weight": 0.25, "likelihood": "bernoulli"},
    "dcgan": {
        "game": "non_saturating",
        "label_smoothing": 0.25,
        "r1_penalty": 0.3,
        "gradient_penalty": 2.0,
        "d_steps": 2,
        "joint_batch": True,
        "ema_decay": 0.5,
    },
}


def test_what_was_passed_is_kept_by_config_and_file(kind, tmp_path):
    settings = {**SETTINGS[kind], "seed": 5, "name": "mine"}
    model = make(kind, **settings)
    model.save(tmp_path / "model.keras")
    for again in (
        type(model).from_config(model.get_config()),
        keras.models.load_model(tmp_path / "model.keras"),
    ):
        config = again.get_config()
        assert {name: config[name] for name in settings} == settings
        assert (config["image_shape"], config["latent_dim"]) == (SHAPE, 3)


def test_a_model_that_is_not_compiled_is_saved_and_copied(kind, tmp_path):
    model = {"autoencoder": gk.Autoencoder, "vae": gk.VAE, "dcgan": gk.DCGAN}[kind](SHAPE, 2)
    model.save(tmp_path / "model.keras")
    for again in (keras.models.load_model(tmp_path / "model.keras"), copy.deepcopy(model)):
        assert not again.compiled
        for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="compile"):
        model.fit(IMAGES, verbose=0, callbacks=[gk.callbacks.Resume(tmp_path / "run")])


def test_what_is_frozen_keeps_its_moments_through_a_file(tmp_path):
    model = make("autoencoder")
    model.fit(IMAGES, verbose=0)
    model.encoder.trainable = False
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for one in (model, again):
        one.encoder.trainable = True
        one.fit(IMAGES, verbose=0)
    for one, other in zip(values_of(model), values_of(again), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["model.h5", "model", "model.weights.h5", "model.tf"])
def test_files_of_other_formats_are_refused(kind, name, tmp_path):
    model = make(kind)
    with pytest.raises(ValueError, match=r"ends in \.keras"):
        model.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_save_that_fails_leaves_the_file_of_before(tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    model = make("vae")
    model.save(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="Pass overwrite=True"):
        model.save(path, overwrite=False)

    def break_off(self, store):
        raise OSError("No space left on device")

    monkeypatch.setattr(gk.VAE, "save_own_variables", break_off)
    with pytest.raises(OSError, match="No space left"):
        model.save(path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"model.keras": before}


def test_an_exported_model_takes_any_number_of_images(tmp_path):
    model = make("vae")
    model.fit(IMAGES, verbose=0)
    model(IMAGES[:1])
    model.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    for n in (1, 5):
        expected = model.predict(IMAGES[:n], verbose=0)
        np.testing.assert_allclose(exported.serve(tf.constant(IMAGES[:n])), expected, atol=1e-5)


@pytest.mark.parametrize(
    "order",
    [
        "import gk, keras",
        "import keras, gk",
        "import gk, tensorflow, keras",
        "import importlib.util, gk; importlib.util.find_spec('keras'); import gk.metrics, keras",
    ],
)
def test_keras_loads_models_whichever_is_imported_first(order, tmp_path):
    make("vae").save(tmp_path / "model.keras")
    program = f"{order}\nprint(type(keras.models.load_model({str(tmp_path / 'model.keras')!r})))"
    done = run(program)
    assert "gk.vae.VAE" in done.stdout, done.stderr
