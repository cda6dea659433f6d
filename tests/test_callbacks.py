"""Progress, films and the referee: what they show is what happened."""

import warnings

import keras
import numpy as np
import pytest
from PIL import Image
from small_models import IMAGES, KINDS, SHAPE, make

import gk


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_progress_leaves_one_line_with_the_losses(kind, tmp_path, capsys):
    model = make(kind)
    history = model.fit(
        IMAGES, epochs=3, verbose=0, callbacks=[gk.callbacks.Progress("a model")]
    ).history
    shown = capsys.readouterr().out
    assert shown.count("\n") == 1
    line = shown.strip().split("\r")[-1]
    assert line.startswith("a model: 100%")
    assert "3/3" in line
    for name in ("d_loss", "g_loss") if kind == "dcgan" else ("loss",):
        assert f"{name}={history[name][-1]:.3g}" in line


def test_film_shows_the_same_points_at_every_epoch(kind, tmp_path):
    film = gk.callbacks.SampleImages(tmp_path / "film", num_images=4)
    model = make(kind)
    model.fit(IMAGES, epochs=3, verbose=0, callbacks=[film])
    assert [frame.shape for frame in film.frames] == [(4, *SHAPE)] * 3
    np.testing.assert_array_equal(film.frames[-1], model.generate_from(film.latents))
    assert {path.name for path in (tmp_path / "film").iterdir()} == {"film.gif", "filmstrip.png"}


def test_films_run_forwards_from_the_points_of_their_seed(tmp_path):
    film = gk.callbacks.SampleImages(tmp_path, num_images=2, seed=7)
    model = make("vae")
    model.compile(keras.optimizers.Adam(0.1))  # so that epochs can be told apart
    model.fit(IMAGES, epochs=3, verbose=0, callbacks=[film])
    latents = np.random.default_rng(7).standard_normal((2, 3))
    np.testing.assert_array_equal(film.latents, latents)
    strips = [np.asarray(gk.figures.to_picture(np.concatenate(list(f), 1))) for f in film.frames]
    assert np.abs(strips[0].astype(int) - strips[-1]).max() > 8
    strip = np.asarray(Image.open(tmp_path / "filmstrip.png"))
    np.testing.assert_array_equal(strip, np.concatenate(strips))
    with Image.open(tmp_path / "film.gif") as moving:
        # Of frames that are the same, one is written.
        for number, expected in ((0, strips[0]), (moving.n_frames - 1, strips[-1])):
            moving.seek(number)
            shown = np.asarray(moving.convert("L"))
            np.testing.assert_allclose(shown.astype(int), expected, atol=4)


def one_sided(verdict):
    """Returns a DCGAN whose discriminator always gives the same logit."""
    image = keras.Input(SHAPE)
    last = keras.layers.Dense(1)
    discriminator = keras.Model(image, last(keras.layers.Flatten()(image)))
    last.set_weights([np.zeros((64, 1)), np.array([verdict])])
    model = gk.DCGAN(SHAPE, 3, discriminator=discriminator, filters=4, r1_penalty=0.0)
    model.compile(*(keras.optimizers.SGD(0.0) for _ in range(2)))
    return model


@pytest.mark.parametrize(("verdict", "on_real", "on_fake"), [(2.0, 1, 0), (-2.0, 0, 1)])
def test_accuracies_are_those_of_their_side(verdict, on_real, on_fake):
    model = one_sided(verdict)
    monitor = gk.callbacks.GameMonitor(IMAGES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logs = model.fit(IMAGES, verbose=0, callbacks=[monitor]).history
    assert (logs["d_real_accuracy"], logs["d_fake_accuracy"]) == ([on_real], [on_fake])
    (record,) = monitor.records
    assert (record["real"], record["fake"], record["held_out"]) == (on_real, on_fake, on_real)


@pytest.mark.parametrize(
    "images", [IMAGES[:1], np.zeros_like(IMAGES), IMAGES[[0, 0, 0]], np.nan * IMAGES]
)
def test_a_referee_needs_images_that_differ(images):
    with pytest.raises(ValueError, match="at least two held-out images that differ"):
        gk.callbacks.GameMonitor(images)


def test_referee_sees_an_overpowering_discriminator_and_a_collapse():
    keras.utils.set_random_seed(0)
    model = gk.DCGAN(SHAPE, 3, filters=4)
    model.compile(keras.optimizers.Adam(1e-2), keras.optimizers.SGD(0.0))
    monitor = gk.callbacks.GameMonitor(IMAGES)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model.fit(IMAGES, batch_size=16, epochs=12, verbose=0, callbacks=[monitor])
    messages = " ".join(str(warning.message) for warning in told)
    assert "overpowers the generator" in messages
    assert "collapses" in messages
    assert len(monitor.records) == 12
    assert set(monitor.records[0]) == {"real", "fake", "held_out", "variety"}
