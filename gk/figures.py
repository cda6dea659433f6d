"""Figures: arrays in, a Matplotlib figure out, never shown from here."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from PIL import Image

# Notebooks take their colours from here.
from gk.style import BLUE, CLASS_COLOURS, COLOURS, GREEN, GREY, MARKERS, ORANGE, SMALLEST  # noqa: F401

FRAME = {"fill": False, "edgecolor": "#D55E00", "linewidth": 1.6}


def image_rows(rows, title, labels=None, scale=0.62, framed=None):
    """Draws rows of small images, each row with a label on its left.

    Args:
        rows: list of arrays `(n, height, width, channels)` in [0, 1]; rows may differ in n
            and in image shape.
        title: what is to be seen.
        labels: list of strings, one for each row.
        scale: side of an image in inches.
        framed: list of lists of integers, for each row the places of the images to frame.

    Returns:
        A Matplotlib figure.

    Raises:
        ValueError: if a row has no images, or rows differ in number from labels or frames.
    """
    labels = [""] * len(rows) if labels is None else labels
    framed = [()] * len(rows) if framed is None else framed
    for what, given in (("labels", labels), ("lists of frames", framed)):
        if len(given) != len(rows):
            raise ValueError(
                f"Expected {len(rows)} {what}, one for each row. Received: {len(given)}"
            )
    for row in rows:
        if np.ndim(row) != 4 or not len(row):
            raise ValueError(
                "Expected each row as images (n, height, width, channels), n > 0. "
                f"Received: shape {np.shape(row)}"
            )
    num_columns = max(len(row) for row in rows)
    margin = 0.12 + 0.088 * max(map(len, labels)) if any(labels) else 0
    size = (num_columns * scale + margin, len(rows) * scale + 0.3)
    figure, axes = plt.subplots(len(rows), num_columns, figsize=size, squeeze=False)
    for row, label, places, row_axes in zip(rows, labels, framed, axes, strict=True):
        for axis in row_axes:
            axis.axis("off")
        for image, axis in zip(row, row_axes, strict=False):
            show_image(axis, image)
        for axis in row_axes[list(places)]:
            axis.add_patch(Rectangle((0, 0), 1, 1, transform=axis.transAxes, **FRAME))
        if label:
            row_axes[0].text(
                -0.15, 0.5, label, transform=row_axes[0].transAxes, ha="right", va="center"
            )
    figure.suptitle(title, fontsize=11, y=0.995)
    figure.subplots_adjust(
        left=margin / size[0], right=1, bottom=0, top=1 - 0.3 / size[1], wspace=0.04, hspace=0.04
    )
    return figure


def show_image(axis, image, extent=None):
    """Draws one image `(height, width, channels)` in [0, 1] into axes; grey ones as ink.

    Args:
        axis: Matplotlib axes.
        image: the array.
        extent: left, right, lower and upper limit of the image; where its pixels are if not given.
    """
    if image.shape[-1] == 1:
        axis.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=1, extent=extent)
    else:
        axis.imshow(np.clip(image, 0, 1), extent=extent)
    axis.axis("off")


def show_map(axis, images, limit=None):
    """Draws a grid of images `(rows, columns, height, width, channels)` without gaps.

    Args:
        axis: Matplotlib axes.
        images: array in [0, 1].
        limit: if given, the axes run from `-limit` to `limit`, through the images' centres.
    """
    rows, columns, height, width, channels = images.shape
    canvas = images.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, channels)
    if limit is None:
        show_image(axis, canvas)
        return
    x, y = limit * columns / (columns - 1), limit * rows / (rows - 1)
    grey = {"cmap": "gray_r", "vmin": 0, "vmax": 1} if channels == 1 else {}
    axis.imshow(canvas.squeeze(), extent=(-x, x, -y, y), **grey)


def scatter_by_class(axis, points, labels, names):
    """Draws points of the plane, a colour and a marker for each class, and a legend beside.

    Args:
        axis: Matplotlib axes.
        points: array `(n, 2)`.
        labels: integers `(n,)`, the class of each, from 0.
        names: names of the classes.
    """
    for label in np.unique(labels):
        axis.plot(
            *points[labels == label].T,
            MARKERS[label % len(MARKERS)],
            markersize=2,
            color=CLASS_COLOURS[label % len(CLASS_COLOURS)],
            label=names[label],
        )
    beside = {"loc": "center left", "bbox_to_anchor": (1, 0.5), "frameon": False}
    axis.legend(markerscale=3, fontsize=SMALLEST, handletextpad=0.1, **beside)


def to_picture(image, ink=False):
    """Returns a Pillow image of an array `(height, width, channels)` in [0, 1].

    Args:
        image: the array.
        ink: whether grey values mean ink, 1 is black.
    """
    pixels = np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)
    if pixels.shape[-1] == 1:
        return Image.fromarray(255 - pixels[..., 0] if ink else pixels[..., 0])
    return Image.fromarray(pixels)


def write_film(target, frames, milliseconds=200, scale=1, ink=False):
    """Writes images as a film that goes round and round.

    Args:
        target: path that ends in `.gif`, or a file that is open for bytes.
        frames: list of arrays `(height, width, channels)` in [0, 1], or of Pillow images.
        milliseconds: how long each is shown.
        scale: integer, how many pixels of the film a pixel becomes along each side.
        ink: whether grey values mean ink, 1 is black.

    Raises:
        ValueError: if there are no frames.
    """
    pictures = [
        frame if isinstance(frame, Image.Image) else to_picture(frame, ink) for frame in frames
    ]
    if not pictures:
        raise ValueError("Expected at least one frame. Received: none.")
    first, *others = (
        picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
        for picture in pictures
    )
    options = {"save_all": True, "append_images": others, "duration": milliseconds, "loop": 0}
    first.save(target, "gif", **options)


def feature_map(axis, values, points, labels, levels=None, names=None, cmap="PuOr_r"):
    """Draws a function of two features in [0, 1] as a shaded map with the data on it.

    Args:
        axis: Matplotlib axes.
        values: array `(rows, columns)` over a regular grid; the first row is the lowest.
            Scores around 0, or densities from 0 up.
        points: array `(n, 2)`, the data.
        labels: integers `(n,)`, the class of each.
        levels: contours to draw in black, such as `[0.5]` for a border.
        names: names of the classes, for a legend.
        cmap: Matplotlib's name of the colours.
    """
    limits = (0, 1, 0, 1)
    # Around 0, so that a border at 0 is where two colours meet.
    largest = np.abs(values).max()
    lowest = -largest if np.min(values) < 0 else 0
    axis.imshow(
        values,
        origin="lower",
        extent=limits,
        aspect="auto",
        cmap=cmap,
        alpha=0.75,
        vmin=lowest,
        vmax=largest,
    )
    if levels is not None:
        axis.contour(values, levels=levels, extent=limits, colors="black", linewidths=1.4)
    for label in np.unique(labels):
        axis.plot(
            *points[labels == label].T,
            MARKERS[label],
            markersize=3.5,
            markerfacecolor=("white", "black")[label % 2],
            markeredgecolor="black",
            markeredgewidth=0.5,
            label=None if names is None else names[label],
        )
    axis.set(xlim=(0, 1), ylim=(0, 1))


def dots(axis, groups):
    """Draws a row of dots for each group, such as a method's results over seeds.

    Args:
        axis: Matplotlib axes; the groups become the labels of its y axis, the first on top.
        groups: dict from a name to numbers `(n,)`. A line marks the mean of each.
    """
    for row, numbers in enumerate(groups.values()):
        axis.plot(numbers, np.full(len(numbers), row), "o", color=BLUE, alpha=0.6, clip_on=False)
        axis.plot(2 * [np.mean(numbers)], (row - 0.3, row + 0.3), color="black")
    axis.set_yticks(range(len(groups)), list(groups))
    axis.set_ylim(len(groups) - 0.5, -0.5)
