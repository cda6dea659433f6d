"""Diagrams of boxes and arrows: what is in a model, what flows in it, and in which shape."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.transforms import Bbox

from gk.diagrams.layout import KINDS, LABEL, MARGIN, NOTE, ROUTES, Arrow, Node, extent, place
from gk.diagrams.strokes import PALE_INK, draw_arrow, draw_node, draw_plate

__all__ = ["Diagram"]

TITLE = 11  # points


class Diagram:
    """Boxes on a grid, and arrows between them.

    Columns count to the right and rows downwards; a box may stand between two. The grid grows
    as its boxes and the labels of its arrows need.

    Args:
        title: what the diagram shows.

    Example:

    >>> diagram = Diagram("784 pixels pass through 16 numbers")
    >>> diagram.add("data", "image", shape=(28, 28, 1))
    >>> diagram.add("narrow", "encoder")
    >>> diagram.add("latent", "code", shape=16)
    >>> diagram.add("widen", "decoder")
    >>> diagram.add("data", "reconstruction", shape=(28, 28, 1))
    >>> diagram.arrow("image", "encoder", "code", "decoder", "reconstruction")
    >>> figure = diagram.draw()
    """

    def __init__(self, title):
        self.title = title
        self._nodes, self._arrows, self._plates = {}, [], []

    def add(self, kind, name, at=None, *, label=None, shape=None, picture=None):
        """Adds a box.

        Args:
            kind: `"data"` (a sheet), `"network"`, `"narrow"` and `"widen"` (networks that make
                less or more of what they get), `"latent"` and `"observed"` (circles),
                `"distribution"`, `"loss"`, or `"box"` for all else.
            name: by which arrows know it.
            at: column and row; right of the box before if not given.
            label: what is written in it, or under its picture; the name if not given.
                A formula stands between dollar signs.
            shape: of its tensor without the batch, an integer, several, or any short text;
                written under the box.
            picture: for data, the image `(height, width, channels)` in [0, 1] to show.

        Raises:
            ValueError: if the kind is unknown, the name or the place is taken, or the picture
                is not an image, or not one of data.
        """
        if kind not in KINDS:
            raise ValueError(f"Expected as kind one of {_list(KINDS)}. Received: {kind!r}")
        if name in self._nodes:
            raise ValueError(
                f"Expected a name that no other box has. Received: {name!r} again. Name it "
                f"otherwise, with label={name!r} if that is to be read."
            )
        if picture is not None and (kind != "data" or np.ndim(picture) != 3):
            raise ValueError(
                "Expected a picture (height, width, channels) in a box of kind 'data'. "
                f"Received: shape {np.shape(picture)} in kind {kind!r}"
            )
        if at is None:
            before = list(self._nodes.values())[-1:]
            at = (before[0].column + 1, before[0].row) if before else (0, 0)
        for node in self._nodes.values():
            if (node.column, node.row) == tuple(at):
                raise ValueError(
                    f"Expected a place of its own for {name!r}. Received: {tuple(at)}, where "
                    f"{node.name!r} stands. Say at=(column, row)."
                )
        label = name if label is None else label
        if shape is not None and not isinstance(shape, str):
            shape = " × ".join(map(str, np.atleast_1d(shape)))
        notes = [] if shape is None else [(shape, NOTE, PALE_INK)]
        if picture is not None:
            label, notes = "", [(label, LABEL, "black"), *notes]
        self._nodes[name] = Node(name, kind, *at, label, notes, picture)

    def arrow(self, *names, label="", route=None, dashed=False):
        """Adds arrows from the first box to the second, from there to the third, and so on.

        Args:
            names: of two boxes or more.
            label: what is written on the arrow, if it is only one.
            route: `"straight"`; `"-|"`, first sideways, then up or down; `"|-"`, the other
                way round; `"above"` or `"below"` all boxes of the row. If not given, straight,
                or around the boxes that stand between two of one row: above on the way to the
                right, below on the way back.
            dashed: whether it is drawn in dashes, as what only happens in training.

        Raises:
            ValueError: if there are fewer than two boxes, or one is unknown, or the route is,
                or several arrows have a label.
        """
        self._check(names, 2)
        if route is not None and route not in ROUTES:
            raise ValueError(f"Expected as route one of {_list(ROUTES)}. Received: {route!r}")
        if label and len(names) > 2:
            raise ValueError(
                f"Expected two boxes for an arrow with a label. Received: {_list(names)}. "
                "Call `arrow` once for each arrow."
            )
        for start, end in itertools.pairwise(self._nodes[name] for name in names):
            self._arrows.append(Arrow(start, end, label, route, dashed))

    def plate(self, *names, label=""):
        """Frames boxes, such as those that there are once for each image.

        Args:
            names: of one box or more.
            label: what is written at the foot of the frame.

        Raises:
            ValueError: if a box is unknown, or there is none.
        """
        self._check(names, 1)
        self._plates.append(([self._nodes[name] for name in names], label))

    def draw(self):
        """Draws the diagram.

        Returns:
            A Matplotlib figure. Boxes, and the texts in and under them, have the name of the
            box as `gid`.

        Raises:
            ValueError: if there is no box.
        """
        if not self._nodes:
            raise ValueError("Expected a box or more. Received: none. Call `add` before `draw`.")
        # One inch is one unit of the axes, now and when the figure has got its size.
        figure = plt.figure(figsize=(1, 1), facecolor="white")
        axis = figure.add_axes((0, 0, 1, 1))
        axis.set_axis_off()
        axis.set_autoscale_on(False)
        nodes = self._nodes.values()
        place(figure, nodes, self._arrows)
        for framed, label in self._plates:
            draw_plate(axis, framed, self._arrows, label)
        for arrow in self._arrows:
            draw_arrow(axis, arrow)
        for node in nodes:
            draw_node(axis, node)

        drawn = [artist.get_window_extent() for artist in (*axis.patches, *axis.texts)]
        (left, bottom), (right, top) = Bbox.union(drawn).get_points() / figure.dpi
        width, height = extent(figure, self.title, TITLE)
        side = MARGIN + max(0, width - (right - left)) / 2
        limits = (left - side, right + side), (bottom - MARGIN, top + height + 2.5 * MARGIN)
        figure.set_size_inches(np.diff(limits).ravel())
        axis.set(xlim=limits[0], ylim=limits[1])
        y = 1 - MARGIN / figure.get_figheight()
        figure.suptitle(self.title, y=y, va="top", fontsize=TITLE, color="black")
        return figure

    def _check(self, names, least):
        unknown = [name for name in names if name not in self._nodes]
        if unknown or len(names) < least:
            raise ValueError(
                f"Expected {least} or more of the boxes {_list(self._nodes) or '(none yet)'}. "
                f"Received: {_list(unknown or names) or 'none'}. Add boxes before their arrows."
            )


def _list(names):
    return ", ".join(map(repr, names))
