"""Sliders where there are some to drag, a still map where there are not."""

import io

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from gk import explore


class Model:
    """Decodes a code to a grey square, as dark as its first number is large."""

    def __init__(self, latent_dim):
        self.latent_dim = latent_dim

    def generate_from(self, codes):
        values = np.clip(np.asarray(codes)[:, 0] / 6 + 0.5, 0, 1)
        return np.broadcast_to(values[:, None, None, None], (len(values), 4, 4, 1))


@pytest.fixture
def shown(monkeypatch):
    """What was displayed."""
    things = []
    monkeypatch.setattr("gk.sliders.display", things.append)
    return things


@pytest.mark.parametrize("latent_dim", [2, 5])
def test_a_still_map_takes_the_place_of_sliders(latent_dim, monkeypatch, shown):
    monkeypatch.setenv("GK_STATIC", "1")
    monkeypatch.setattr(plt, "show", lambda: None)
    explore(Model(latent_dim))
    assert shown == []
    assert len(plt.gcf().axes) == (1 if latent_dim == 2 else 11 * latent_dim)
    plt.close("all")


def test_the_picture_follows_the_slider(monkeypatch, shown):
    monkeypatch.delenv("GK_STATIC")
    explore(Model(12))
    sliders, picture = shown[0].children[0].children, shown[0].children[1]
    assert len(sliders) == 8
    assert isinstance(picture, ipywidgets.Image)
    for value, grey in ((3.0, 0), (-3.0, 255)):
        sliders[0].value = value
        image = np.asarray(Image.open(io.BytesIO(picture.value)))
        assert image.shape == (24, 24)
        assert np.all(image == grey)


def test_a_start_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"Expected start as \(2,\)"):
        explore(Model(2), start=[0.0, 0.0, 0.0])


def test_the_still_map_is_the_right_way_up(monkeypatch, shown):
    class Plane(Model):
        """Decodes a code to two pixels, as dark as its two numbers are large."""

        def generate_from(self, codes):
            values = np.clip(np.asarray(codes) / 6 + 0.5, 0, 1)
            return values.reshape(-1, 1, 2, 1)

    monkeypatch.setenv("GK_STATIC", "1")
    monkeypatch.setattr(plt, "show", lambda: None)
    explore(Plane(2))
    (picture,) = plt.gcf().axes[0].images
    left, right, bottom, top = picture.get_extent()
    assert left < right
    assert bottom < top
    assert picture.origin == "upper"
    canvas = np.asarray(picture.get_array())
    # The corner at the top left is (-3, 3), the one at the bottom right (3, -3).
    np.testing.assert_allclose(canvas[0, :2], [0, 1])
    np.testing.assert_allclose(canvas[-1, -2:], [1, 0])
    plt.close("all")
