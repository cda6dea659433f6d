"""Sliders through a latent space, or a still picture of it where nothing can be dragged."""

import io
import os

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

from gk import figures
from gk.metrics import line

MAX_SLIDERS = 8


def explore(model, limit=3.0, scale=6, start=None):
    """Shows what a model decodes from each point of its latent space.

    In JupyterLab and Colab there is a slider for each of the first eight numbers of the code,
    and the image follows while they are dragged. Where the environment variable `GK_STATIC`
    is set, as in tests and in the course's pages, a still map takes their place: a grid over
    two numbers, or a row for each of more.

    Args:
        model: with `latent_dim` and `generate_from`, as all models of the course that draw from
            codes.
        limit: sliders run from `-limit` to `limit`.
        scale: size of a pixel of the decoded image on the screen.
        start: code `(latent_dim,)` where the sliders stand at first; zeros by default.

    Raises:
        ValueError: if `start` is not one code.
    """
    start = np.zeros(model.latent_dim) if start is None else np.asarray(start, dtype=float)
    if start.shape != (model.latent_dim,):
        raise ValueError(f"Expected start as ({model.latent_dim},). Received: shape {start.shape}")
    draw = model.generate_from
    if os.environ.get("GK_STATIC"):
        _still(draw, start, limit)
        plt.show()
    else:
        display(_sliders(draw, start, limit, scale))


def _sliders(draw, start, limit, scale):
    picture = ipywidgets.Image(format="png")
    sliders = [
        ipywidgets.FloatSlider(
            value=float(start[number]),
            min=-limit,
            max=limit,
            step=limit / 100,
            description=f"z[{number}]",
            readout_format=".2f",
        )
        for number in range(min(len(start), MAX_SLIDERS))
    ]

    def redraw(_=None):
        code = start.copy()
        code[: len(sliders)] = [slider.value for slider in sliders]
        image = figures.to_picture(draw(code[np.newaxis])[0], ink=True)
        content = io.BytesIO()
        image.resize((image.width * scale, image.height * scale), 0).save(content, "png")
        picture.value = content.getvalue()

    for slider in sliders:
        slider.observe(redraw, names="value")
    redraw()
    return ipywidgets.HBox([ipywidgets.VBox(sliders), picture])


def _still(draw, start, limit):
    values = np.linspace(-limit, limit, 11)
    if len(start) == 2:
        grid = np.stack(np.meshgrid(values, values[::-1]), axis=-1).reshape(-1, 2)
        figure, axis = plt.subplots(figsize=(5, 5.3), layout="constrained")
        figures.show_map(axis, draw(grid).reshape(11, 11, *draw(grid[:1]).shape[1:]), limit)
        axis.set(title="What each point decodes to", xlabel="z[0]", ylabel="z[1]")
        return figure
    low, high = np.tile(start, (2, min(len(start), MAX_SLIDERS), 1))
    np.fill_diagonal(low, -limit)
    np.fill_diagonal(high, limit)
    rows = [draw(walk) for walk in line(low, high, 11)]
    title = f"Each row moves one number of the code from {-limit:g} to {limit:g}"
    return figures.image_rows(rows, title, [f"z[{number}]" for number in range(len(rows))])
