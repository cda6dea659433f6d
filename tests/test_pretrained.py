"""The DCGANs that ship: small files, as good as the datasheet states, and no dead end."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

import gk
from gk import datasets, downloads, files, judges, pretrained, report

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "data" / "weights"
DATASHEET = (ROOT / "data" / "README.md").read_text(encoding="utf-8").split("## Trained GANs")[1]


def stated(name):
    """Returns the numbers of a model's row: distance, ratio, precision, recall and classes."""
    (row,) = re.findall(rf"`{name}\.npz` \|.*", DATASHEET)
    return [float(number) for number in re.findall(r"\d[\d.]*", row.split("|", 1)[1])]


def test_files_are_small():
    sizes = {path.stem: path.stat().st_size for path in FOLDER.iterdir()}
    assert set(sizes) == set(pretrained.NAMES)
    assert max(sizes.values()) <= 1_000_000


@pytest.mark.parametrize("name", pretrained.NAMES)
def test_quality_is_what_the_datasheet_states(name, need_real):
    if name in downloads.REAL_SETS:
        need_real(name)
    told = report.quality(pretrained.load(name), datasets.load(name), judges.load(name))
    columns = ["Fréchet distance", "ratio", "precision", "recall"]
    columns += ["rarest class", "most frequent class"] * ("rarest class" in told)
    *expectations, _copies = stated(name)  # that needs all 60,000 training images
    for column, expected in zip(columns, expectations, strict=True):
        assert told[column] == pytest.approx(expected, rel=0.03, abs=0.01), column


def test_saved_model_is_the_same_but_for_half_precision(tmp_path, monkeypatch):
    keras.utils.set_random_seed(0)
    model = gk.DCGAN((28, 28, 1), latent_dim=16, ema_decay=0.9)
    model.compile()
    images = datasets.load("digits").x_train[:256]
    model.fit(images, batch_size=32, verbose=0)
    monkeypatch.setattr(datasets, "package_data_folder", lambda: tmp_path)
    pretrained.save(model, tmp_path / "weights" / "mnist.npz")
    assert [path.name for path in (tmp_path / "weights").iterdir()] == ["mnist.npz"]
    again = pretrained.load("mnist")
    # The averaged generator is what ships.
    np.testing.assert_allclose(again.generate(8, seed=0), model.generate(8, seed=0), atol=0.01)
    np.testing.assert_allclose(
        again(np.ones((2, 16))), again.generate_from(np.ones((2, 16))), atol=1e-5
    )
    judged, before = again.discriminate(images[:50]), model.discriminate(images[:50])
    np.testing.assert_allclose(judged, before, atol=0.05)
    history = again.fit(images, batch_size=32, verbose=0).history
    assert np.isfinite(history["loss"]).all()


@pytest.mark.parametrize("spoil", ["truncated", "other arrays", "other weights", "no config"])
def test_damaged_file_is_named_with_the_way_out(spoil, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "package_data_folder", lambda: tmp_path)
    path = tmp_path / "weights" / "digits.npz"
    path.parent.mkdir()
    whole = (FOLDER / "digits.npz").read_bytes()
    if spoil == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif spoil == "other arrays":
        networks = {"generator": [np.zeros((3, 3))], "discriminator": []}
        files.write_weights(path, {"image_shape": (28, 28, 1), "latent_dim": 16}, networks)
    elif spoil == "other weights":
        arrays = files.read_npz(FOLDER / "digits.npz", "")
        np.savez(path, **{**arrays, "generator_00": -arrays["generator_00"]})
    else:
        np.savez(path, generator_00=np.zeros(3))
    with pytest.raises(ValueError, match=r"digits\.npz cannot be used.*git checkout data"):
        pretrained.load("digits")


@pytest.mark.parametrize("name", ["cifar", "pets"])
def test_a_set_without_weights_is_refused_with_those_that_have_some(name):
    with pytest.raises(ValueError, match=rf"Expected one of 'digits'.*Received: '{name}'"):
        pretrained.load(name)


def test_a_trained_generator_is_calibrated_to_its_average():
    images = np.random.default_rng(0).uniform(size=(128, 8, 8, 1)).astype("float32")
    model = pretrained.train(images, steps=4)
    before = model.averaged_generator.get_weights()
    model.calibrate()  # by the same random vectors
    for old, new in zip(before, model.averaged_generator.get_weights(), strict=True):
        np.testing.assert_allclose(new, old, rtol=0.02, atol=0.02)
