"""Diagrams can be read: large enough, nothing over anything else, arrows from border to border."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.path import Path
from matplotlib.transforms import Bbox
from PIL import ImageColor
from skimage.color import rgb2lab

from gk import style
from gk.diagrams import Diagram
from gk.diagrams.layout import KINDS

DIGIT = np.tri(28)[..., None]
FACE = np.stack([np.tri(32)] * 3, axis=-1)


def autoencoder():
    diagram = Diagram("784 pixels pass through 16 numbers")
    diagram.add("data", "image", shape=(28, 28, 1), picture=DIGIT)
    diagram.add("narrow", "encoder")
    diagram.add("latent", "code", shape=16)
    diagram.add("widen", "decoder")
    diagram.add("data", "reconstruction", shape=(28, 28, 1), picture=DIGIT)
    diagram.arrow("image", "encoder", "code", "decoder", "reconstruction")
    return diagram


def shapes_on_arrows():
    diagram = Diagram("784 pixels pass through 16 numbers")
    for kind, name in zip(
        ("data", "narrow", "latent", "widen", "data"),
        ("image", "encoder", "code", "decoder", "reconstruction"),
        strict=True,
    ):
        diagram.add(kind, name)
    diagram.arrow("image", "encoder", label="28 × 28 × 1")
    diagram.arrow("encoder", "code", label="16")
    diagram.arrow("code", "decoder", label="16")
    diagram.arrow("decoder", "reconstruction", label="28 × 28 × 1")
    return diagram


def vae():
    diagram = Diagram("An image becomes a region, and a point of it is decoded")
    diagram.add("data", "image", (0, 1), shape=(28, 28, 1), picture=DIGIT)
    diagram.add("narrow", "encoder", (1, 1))
    diagram.add("latent", "mean", (2, 0), label=r"$\mu$", shape=16)
    diagram.add("loss", "KL", (2, 1), label="KL to $N(0, I)$")
    diagram.add("latent", "log-variance", (2, 2), label=r"$\log\,\sigma^2$", shape=16)
    diagram.add("distribution", "noise", (3, 0), label=r"$\epsilon\sim N(0, I)$")
    diagram.add("latent", "z", (3, 1), label="$z$", shape=16)
    diagram.add("widen", "decoder", (4, 1))
    diagram.add("data", "reconstruction", (5, 1), shape=(28, 28, 1), picture=DIGIT)
    diagram.arrow("image", "encoder", "mean", "z", "decoder", "reconstruction")
    diagram.arrow("encoder", "log-variance", "z")
    diagram.arrow("noise", "z")
    diagram.arrow("mean", "KL", dashed=True)
    diagram.arrow("log-variance", "KL", dashed=True)
    return diagram


def latent_variable_model():
    diagram = Diagram("Each image has a code that nobody sees")
    diagram.add("latent", "z", label="$z$")
    diagram.add("observed", "x", label="$x$")
    diagram.arrow("z", "x", label=r"$p(x\,|\,z)$")
    diagram.plate("z", "x", label="$n$ images")
    return diagram


def gan():
    diagram = Diagram("The generator learns from what the discriminator sees")
    diagram.add("distribution", "noise", label="noise $z$", shape=64)
    diagram.add("widen", "G")
    diagram.add("data", "fake", shape=(28, 28, 1), picture=DIGIT)
    diagram.add("narrow", "D")
    diagram.add("box", "real or fake?", shape=1)
    diagram.add("data", "real", (2, 1), shape=(28, 28, 1), picture=DIGIT)
    diagram.add("loss", "loss of G", (1, -1))
    diagram.add("loss", "loss of D", (3, -1))
    diagram.arrow("noise", "G", "fake", "D", "real or fake?")
    diagram.arrow("real", "D", route="-|")
    diagram.arrow("real or fake?", "loss of D", route="|-")
    diagram.arrow("real or fake?", "loss of G", route="above")
    diagram.arrow("loss of D", "D", label="trains", dashed=True)
    diagram.arrow("loss of G", "G", label="trains", dashed=True)
    return diagram


def course():
    diagram = Diagram("Six families, in the order of the course")
    families = {
        "explicit density": ((0, 0), "01"),
        "latent variables": ((0, 1), "02 to 06"),
        "adversarial": ((1, 1), "07 to 12"),
        "autoregressive": ((2, 1), "not in the course"),
        "flow": ((3, 1), "13"),
        "diffusion": ((3, 0), "13"),
    }
    for name, (at, notebooks) in families.items():
        diagram.add("box", name, at, shape=notebooks)
    diagram.arrow(*families)
    return diagram


def face_swap():
    diagram = Diagram("One encoder sees both faces, each decoder draws only one")
    diagram.add("narrow", "encoder", (1, 0.5))
    diagram.add("latent", "code", (2, 0.5), shape=64)
    diagram.arrow("encoder", "code")
    for row, who in enumerate("AB"):
        diagram.add("data", f"face {who}", (0, row), shape=(32, 32, 3), picture=FACE)
        diagram.add("widen", f"decoder {who}", (3, row))
        diagram.add("data", f"drawn {who}", (4, row), shape=(32, 32, 3), picture=FACE)
        diagram.arrow(f"face {who}", "encoder")
        diagram.arrow("code", f"decoder {who}", f"drawn {who}")
    return diagram


def cycle():
    diagram = Diagram("There and back again must give the same picture")
    diagram.add("data", "horse", picture=FACE, shape=(32, 32, 3))
    diagram.add("network", "G", label="G: to zebras")
    diagram.add("data", "zebra", picture=FACE)
    diagram.add("network", "F", label="F: to horses")
    diagram.add("data", "horse again", picture=FACE)
    diagram.add("loss", "cycle", (2, -1), label="cycle loss")
    diagram.add("data", "real zebra", (1, 1), picture=FACE)
    diagram.add("narrow", "D", (2, 1))
    diagram.add("loss", "game", (3, 1), label="real or fake?")
    diagram.arrow("horse", "G", "zebra", "F", "horse again")
    diagram.arrow("horse", "cycle", route="|-")
    diagram.arrow("horse again", "cycle", route="|-")
    diagram.arrow("zebra", "D", "game")
    diagram.arrow("real zebra", "D")
    return diagram


def contrast():
    diagram = Diagram("A patch of the zebra is nearest to the same patch of the horse")
    diagram.add("data", "horse", picture=FACE)
    diagram.add("narrow", "encoder")
    diagram.add("widen", "decoder")
    diagram.add("data", "zebra", picture=FACE)
    diagram.add("loss", "patches", (1, -1), label="same patches\nnearest")
    diagram.arrow("horse", "encoder", "decoder", "zebra")
    diagram.arrow("zebra", "encoder", label="encoded again", dashed=True)
    diagram.arrow("encoder", "patches", dashed=True)
    return diagram


def u_net():
    diagram = Diagram("What the narrow part would lose goes around it")
    kinds = ("data", "narrow", "narrow", "network", "widen", "widen", "data")
    names = ("noisy", "28", "14", "7", "14 again", "28 again", "noise")
    for kind, name in zip(kinds, names, strict=True):
        diagram.add(kind, name)
    diagram.arrow(*names)
    diagram.arrow("28", "28 again", label="skip")
    diagram.arrow("14", "14 again", label="skip")
    return diagram


def long_words():
    diagram = Diagram("A title that is much longer than " * 3 + "what it stands over")
    diagram.add("network", "a name of\nthree lines and\nquite some length")
    diagram.add("latent", "z", label="a long word", shape="with a longer note under it")
    diagram.add("loss", "below", (0, 1))
    diagram.add("distribution", "also below", (1, 1), label="noise of\ntwo lines", shape=16)
    diagram.arrow("a name of\nthree lines and\nquite some length", "z", label="a long label")
    diagram.arrow("a name of\nthree lines and\nquite some length", "below", label="one\nmore")
    diagram.arrow("z", "also below", label="and another one")
    diagram.arrow("also below", "below", label="back")
    diagram.arrow("a name of\nthree lines and\nquite some length", "also below", label="aslant")
    diagram.plate("z", "also below", label="each")
    return diagram


EXAMPLES = [
    autoencoder,
    shapes_on_arrows,
    vae,
    latent_variable_model,
    gan,
    course,
    face_swap,
    cycle,
    contrast,
    u_net,
    long_words,
]


@pytest.fixture(params=EXAMPLES, ids=lambda example: example.__name__)
def drawn(request):
    """The diagram, its figure, and the borders of its boxes in pixels."""
    diagram = request.param()
    figure = diagram.draw()
    figure.canvas.draw()
    yield diagram, figure, borders(figure)
    plt.close(figure)


def texts(figure):
    return [text for text in (*figure.texts, *figure.axes[0].texts) if text.get_text()]


def in_pixels(patch):
    """Returns the outline of a patch on the screen, without curves."""
    (polygon,) = (
        patch.get_transform().transform_path(patch.get_path()).to_polygons(closed_only=False)
    )
    return Path(polygon)


def borders(figure):
    found = {}
    for patch in figure.axes[0].patches:
        if patch.get_gid() and "→" not in patch.get_gid():
            found[patch.get_gid()] = in_pixels(patch)
    return found


def arrows(figure):
    """Returns for each arrow the names of its boxes, its line, and the tip of its head."""
    patches = [patch for patch in figure.axes[0].patches if "→" in (patch.get_gid() or "")]
    for line, head in zip(patches[::2], patches[1::2], strict=True):
        yield line.get_gid().split("→"), in_pixels(line), in_pixels(head).vertices[0]


def distance(point, outline):
    """Returns how far a point is from an outline, in pixels."""
    start, way = outline.vertices[:-1], np.diff(outline.vertices, axis=0)
    length = np.square(way).sum(axis=1).clip(1e-9)
    share = ((point - start) * way).sum(axis=1) / length
    nearest = start + way * share.clip(0, 1)[:, None]
    return np.hypot(*(point - nearest).T).min()


def corners(box):
    return [(x, y) for x in (box.x0, box.x1) for y in (box.y0, box.y1)]


def test_texts_are_large_enough_and_over_nothing_else(drawn):
    _, figure, boxes = drawn
    whole = Bbox([(0, 0), figure.canvas.get_width_height()])
    extents = [(text, text.get_window_extent()) for text in texts(figure)]
    for text, extent in extents:
        assert text.get_fontsize() >= style.SMALLEST
        assert all(whole.contains(*corner) for corner in corners(extent)), text
        for name, box in boxes.items():
            if box.intersects_bbox(extent):
                assert name == text.get_gid(), f"{text} over {name}"
                assert box.contains_points(corners(extent)).all(), f"{text} leaves its box"
    for (one, extent), (other, other_extent) in itertools.combinations(extents, 2):
        assert not extent.overlaps(other_extent), f"{one} over {other}"


def test_boxes_stand_apart(drawn):
    _, figure, boxes = drawn
    for one, other in itertools.combinations(boxes, 2):
        gap = boxes[one].get_extents().padded(0.1 * figure.dpi)
        assert not gap.overlaps(boxes[other].get_extents()), (one, other)


def test_arrows_end_at_borders_and_pass_over_nothing(drawn):
    diagram, figure, boxes = drawn
    found = list(arrows(figure))
    assert len(found) == len(diagram._arrows)
    for ends, line, tip in found:
        for name, point in zip(ends, (line.vertices[0], tip), strict=True):
            notes = [
                text.get_window_extent().padded(0.1 * figure.dpi)
                for text in texts(figure)
                if text.get_gid() == name
            ]
            at_border = distance(point, boxes[name]) < 1
            assert at_border or any(note.contains(*point) for note in notes), (ends, name)
        for name, box in boxes.items():
            assert name in ends or not box.intersects_path(line, filled=False), (ends, name)
        is_slanting = len(line.vertices) == 2 and np.ptp(line.vertices, axis=0).min() > 1
        for text in texts(figure):
            if not (is_slanting and text.get_gid() == "→".join(ends)):
                assert not line.intersects_bbox(text.get_window_extent(), filled=False), text


def test_frames_cross_no_words(drawn):
    _, figure, _ = drawn
    for frame in (patch for patch in figure.axes[0].patches if patch.get_gid() is None):
        if frame.get_zorder() == 0:
            for text in texts(figure):
                crosses = in_pixels(frame).intersects_bbox(text.get_window_extent(), filled=False)
                # An arrow into the frame may carry its label, with a ground of its own.
                assert not crosses or text.get_bbox_patch() is not None, text


def test_the_ground_is_white_whatever_the_page(drawn):
    diagram, figure, _ = drawn
    pixels = np.asarray(figure.canvas.buffer_rgba())
    assert np.all(pixels[..., 3] == 255)
    assert np.all(pixels[[0, 0, -1, -1], [0, -1, 0, -1], :3] == 255)
    with plt.style.context("dark_background"):
        again = diagram.draw()
        again.canvas.draw()
    assert np.array_equal(pixels, np.asarray(again.canvas.buffer_rgba()))
    plt.close(again)


def look(kind):
    """Returns what tells a kind of box from others in grey: outline, dashes, inner lines."""
    diagram = Diagram("")
    diagram.add(kind, "name", label="")
    figure = diagram.draw()
    outline, *inner = figure.axes[0].patches
    vertices = outline.get_path().transformed(outline.get_patch_transform()).vertices
    across = (vertices - vertices.min(axis=0)) / np.ptp(vertices, axis=0)
    plt.close(figure)
    is_dashed = outline.get_linestyle() not in ("-", "solid")
    return np.round(across, 1).tolist(), is_dashed, len(inner)


def test_kinds_can_be_told_apart_without_colour():
    looks = {kind: look(kind) for kind in KINDS}
    fills = {kind: np.array(to_rgba(fill)[:3]) for kind, (fill, *_) in KINDS.items()}
    for one, other in itertools.combinations(KINDS, 2):
        if looks[one] == looks[other]:
            light, dark = (rgb2lab(fills[kind])[0] for kind in (one, other))
            assert abs(light - dark) > 10, (one, other)


def test_a_picture_is_seen_in_its_box():
    image = np.zeros((8, 16, 3))
    image[..., 0] = 1
    diagram = Diagram("a picture")
    diagram.add("data", "red", picture=image)
    figure = diagram.draw()
    figure.canvas.draw()
    box = borders(figure)["red"].get_extents()
    assert box.width == pytest.approx(2 * box.height)
    pixels = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3]
    inside = pixels[int(box.y0) + 4 : int(box.y1) - 4, int(box.x0) + 4 : int(box.x1) - 4]
    assert np.all(inside == ImageColor.getrgb("red"))
    plt.close(figure)


def test_arrows_go_around_what_stands_between():
    diagram = Diagram("around")
    for name in "abc":
        diagram.add("network", name)
    diagram.arrow("a", "c")
    diagram.arrow("c", "a")
    diagram.arrow("a", "b")
    figure = diagram.draw()
    boxes = borders(figure)
    there, back, straight = (line.vertices[:, 1] for _, line, _ in arrows(figure))
    assert there.max() > boxes["b"].get_extents().y1
    assert back.min() < boxes["b"].get_extents().y0
    assert np.ptp(straight) == pytest.approx(0, abs=1e-6)
    plt.close(figure)


def test_places_follow_each_other_to_the_right():
    diagram = Diagram("a row")
    diagram.add("network", "a", (2, 1))
    diagram.add("network", "b")
    node = diagram._nodes["b"]
    assert (node.column, node.row) == (3, 1)


def test_errors_say_what_was_expected():
    diagram = Diagram("errors")
    with pytest.raises(ValueError, match="Call `add` before `draw`"):
        diagram.draw()
    with pytest.raises(ValueError, match=r"boxes \(none yet\)\. Received: 'a', 'b'"):
        diagram.arrow("a", "b")
    diagram.add("network", "encoder")
    diagram.add("network", "decoder")
    with pytest.raises(ValueError, match=r"'encoder', 'decoder'. Received: 'encodr'. Add boxes"):
        diagram.arrow("encodr", "decoder")
    with pytest.raises(ValueError, match=r"Expected 2 or more .* Received: 'encoder'"):
        diagram.arrow("encoder")
    with pytest.raises(ValueError, match="Received: 'discriminator'"):
        diagram.plate("encoder", "discriminator")
    with pytest.raises(ValueError, match=r"Expected 1 or more .* Received: none"):
        diagram.plate()
    with pytest.raises(ValueError, match=r"as kind one of 'data', .* Received: 'net'"):
        diagram.add("net", "other")
    with pytest.raises(ValueError, match=r"Received: 'encoder' again.*label='encoder'"):
        diagram.add("network", "encoder")
    with pytest.raises(ValueError, match=r"Received: \(1, 0\), where 'decoder' stands"):
        diagram.add("network", "other", (1, 0))
    with pytest.raises(ValueError, match=r"Received: shape \(28, 28\) in kind 'data'"):
        diagram.add("data", "other", picture=DIGIT[..., 0])
    with pytest.raises(ValueError, match="in kind 'network'"):
        diagram.add("network", "other", picture=DIGIT)
    with pytest.raises(ValueError, match=r"'straight', .* Received: 'left'"):
        diagram.arrow("encoder", "decoder", route="left")
    diagram.add("network", "other")
    with pytest.raises(ValueError, match=r"Received: 'encoder', 'decoder', 'other'. Call `arrow`"):
        diagram.arrow("encoder", "decoder", "other", label="16")
