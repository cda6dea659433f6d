"""Colours stay apart for everyone, nothing is small, pictures are sharp and opaque, and light."""

import base64
import io
import itertools

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from nbclient import NotebookClient
from PIL import Image
from skimage.color import rgb2lab

from gk import figures, style

# How linear RGB is seen without one kind of cones (Machado, Oliveira & Fernandes, 2009,
# severity 1).
SIGHTS = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.fixture(autouse=True)
def left_as_it_was():
    with plt.rc_context():
        yield
    plt.close("all")


def seen(colours, sight):
    """Returns colours as they are seen, in CIELAB."""
    rgb = np.array([to_rgb(colour) for colour in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = (linear @ np.transpose(sight)).clip(0, 1)
    rgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb2lab(rgb)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("colours", [style.COLOURS, style.CLASS_COLOURS])
def test_any_two_colours_stay_apart_without_one_kind_of_cones(colours, sight):
    for one, other in itertools.combinations(seen(colours, SIGHTS[sight]), 2):
        assert np.linalg.norm(one - other) > 15  # 2.3 is just noticeable


def test_the_test_of_colours_knows_bad_ones():
    """Matplotlib's own ten, of which some pairs fall together."""
    tab10 = seen(plt.cm.tab10.colors, SIGHTS["protanopia"])
    nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(tab10, 2))
    assert nearest < 5


def test_the_first_three_colours_stay_apart_in_grey():
    lightness = seen(style.COLOURS[:3], SIGHTS["all cones"])[:, 0]
    assert np.diff(np.sort(lightness)).min() > 10


def test_grey_can_be_read_on_white():
    share = to_rgb(style.GREY)[0]
    luminance = ((share + 0.055) / 1.055) ** 2.4
    assert 1.05 / (luminance + 0.05) > 4.5  # what the WCAG ask of text


def test_each_of_ten_classes_has_a_colour_and_a_marker_of_its_own():
    assert len(set(style.CLASS_COLOURS)) == len(set(style.MARKERS)) == 10
    points, labels = np.zeros((10, 2)), np.arange(10)
    axis = plt.figure().subplots()
    figures.scatter_by_class(axis, points, labels, list("abcdefghij"))
    assert len({(line.get_color(), line.get_marker()) for line in axis.lines}) == 10
    assert axis.get_legend().get_texts()[0].get_fontsize() >= style.SMALLEST


def test_what_a_theme_of_the_page_has_set_is_undone():
    with plt.style.context("dark_background"):
        style.use()
        figure, axis = plt.subplots(figsize=(2, 2))
        axis.plot([0, 1], label="a curve")
        axis.set(title="a title", xlabel="x", ylabel="y")
        axis.legend()
        figure.suptitle("the whole")
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())
    assert np.all(pixels[..., 3] == 255)
    assert np.mean(np.all(pixels[..., :3] == 255, axis=-1)) > 0.7
    words = figure.findobj(lambda artist: hasattr(artist, "get_fontsize"))
    assert {"a title", "x", "a curve", "the whole"} <= {text.get_text() for text in words}
    for text in words:
        assert text.get_fontsize() >= style.SMALLEST
        assert to_rgb(text.get_color()) == (0, 0, 0)


def curves():
    figure, axis = plt.subplots(figsize=(4, 3))
    for shift in range(5):
        axis.plot(np.sin(np.arange(40) / 5 + shift), label=str(shift))
    axis.legend()
    return figure


def scattered():
    rng = np.random.default_rng(0)
    axis = plt.figure(figsize=(4, 3)).subplots()
    points, labels = rng.normal(size=(1000, 2)), rng.integers(0, 10, 1000)
    figures.scatter_by_class(axis, points, labels, list("abcdefghij"))
    return axis.figure


def colourful():
    rng = np.random.default_rng(0)
    return figures.image_rows([rng.uniform(size=(4, 32, 32, 3))], "any colours")


def in_true_colours(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=2 * figure.dpi, bbox_inches="tight")
    return Image.open(file).convert("RGB"), len(file.getvalue())


@pytest.mark.parametrize("draw", [curves, scattered, colourful])
def test_pictures_are_sharp_and_show_the_figure(draw):
    style.use()
    figure = draw()
    expected, _ = in_true_colours(figure)
    encoded, shown = style.sharp_png(figure)
    picture = Image.open(io.BytesIO(base64.b64decode(encoded)))
    assert picture.size == expected.size
    assert (shown["width"], shown["height"]) == (picture.width // 2, picture.height // 2)
    assert picture.mode == ("RGB" if draw is colourful else "P")
    assert "transparency" not in picture.info
    change = np.abs(np.subtract(picture.convert("RGB"), expected, dtype=int))
    assert change.mean() < 1
    assert change.max() < 32
    assert np.all(change[np.all(np.asarray(expected) == 255, axis=-1)] == 0)


@pytest.mark.parametrize("draw", [curves, scattered])
def test_twice_the_pixels_cost_no_more_bytes_than_one_in_true_colours(draw):
    style.use()
    figure = draw()
    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight")
    encoded, _ = style.sharp_png(figure)
    assert len(base64.b64decode(encoded)) < len(file.getvalue())


def test_a_thin_line_keeps_its_colour_among_many_others():
    style.use()
    figure = figures.image_rows([np.tile(np.linspace(0, 1, 64), (64, 1))[None, ..., None]], "")
    figure.axes[0].axhline(30, color=style.ORANGE, linewidth=1)
    encoded, _ = style.sharp_png(figure)
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"), int)
    nearest = np.abs(pixels - 255 * np.array(to_rgb(style.ORANGE))).max(axis=-1).min()
    assert nearest < 8


def test_a_figure_with_nothing_in_it_has_no_picture():
    assert style.sharp_png(plt.figure()) is None


def test_notebooks_show_sharp_pictures_from_the_first_figure_on():
    """In a kernel, whose backend brings pictures of its own."""
    cells = [
        "from gk import style\nstyle.use()",
        "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.show()",
        "%matplotlib inline\nplt.figure(figsize=(2, 1)).text(0, 0, 'one')\nplt.show()",
    ]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    NotebookClient(notebook).execute()
    for cell in notebook.cells[1:]:
        (output,) = cell.outputs
        picture = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
        assert picture.width // 2 == output.metadata["image/png"]["width"]
        assert picture.mode == "P"
