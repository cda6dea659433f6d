"""Where the boxes and arrows of a diagram go. All lengths are in inches."""

import dataclasses
import math

import numpy as np

LABEL, NOTE = 10, 8.5  # points
MARGIN, PAD, GAP, LANE, LEADING, BELL = 0.12, 0.12, 0.45, 0.3, 0.06, 0.3
HEAD = (0.12, 0.1)  # length and width of an arrow's head

# Fill, least width and least height. Shape and label tell the kinds apart without the colour.
KINDS = {
    "data": ("white", 0.8, 0.7),
    "network": ("#CFE3F1", 0.9, 0.7),
    "narrow": ("#CFE3F1", 0.95, 1.0),
    "widen": ("#CFE3F1", 0.95, 1.0),
    "latent": ("#FBE3B3", 0.6, 0.6),
    "observed": ("#C4C4C4", 0.6, 0.6),
    "distribution": ("#C6E7DC", 0.85, 0.7),
    "loss": ("white", 0.8, 0.5),
    "box": ("#EFEFEF", 0.9, 0.6),
}
ROUTES = ("straight", "-|", "|-", "above", "below")
SIDES = {"left": (-1, 0), "right": (1, 0), "top": (0, 1), "bottom": (0, -1)}


@dataclasses.dataclass
class Node:
    """A box: what is in it, where in the grid, and after `place` its size and its `centre`."""

    name: str
    kind: str
    column: float
    row: float
    label: str
    notes: list  # of (text, points, colour), under the box
    picture: np.ndarray | None

    @property
    def is_round(self):
        return self.kind in ("latent", "observed")

    @property
    def is_slanted(self):
        return self.kind in ("narrow", "widen")

    @property
    def foot(self):
        """Height of the notes under the box."""
        return sum(self.note_heights)

    @property
    def corners(self):
        """The lower left and the upper right corner of the box with its notes."""
        half = np.array((self.span, self.height)) / 2
        return self.centre - half - (0, self.foot), self.centre + half

    def fit(self, figure):
        """Makes the box as large as what is in it needs."""
        _, self.width, self.height = KINDS[self.kind]
        width, height = extent(figure, self.label, LABEL)
        if self.picture is not None:
            self.height = 0.85
            self.width = self.height * self.picture.shape[1] / self.picture.shape[0]
        elif self.is_round:
            self.width = self.height = max(self.width, math.hypot(width, height) + PAD)
        else:
            # The label stands where a trapezoid is lowest, too, and under a bell.
            height = 2 * height if self.is_slanted else height
            height += BELL if self.kind == "distribution" else 0
            self.width = max(self.width, width + 2 * PAD)
            self.height = max(self.height, height + 2 * PAD)
        extents = [extent(figure, text, points) for text, points, _ in self.notes]
        self.note_heights = [height + LEADING for _, height in extents]
        self.span = max([self.width, *(width for width, _ in extents)])

    def port(self, side, other=None):
        """Returns where an arrow meets a side, for a slanting one nearer to the other box."""
        across, up = SIDES[side]
        if other is not None and self.is_round:
            across, up = unit(other.centre - self.centre)
        elif other is not None:
            # Those from above and from below arrive side by side.
            is_short = side == {"narrow": "right", "widen": "left"}.get(self.kind)
            up = np.sign(other.centre[1] - self.centre[1]) * (0.2 if is_short else 0.4)
        elif self.is_slanted:
            up *= 0.75
        port = self.centre + np.array((across * self.width, up * self.height)) / 2
        if side == "bottom" and self.notes:
            port[1] = self.centre[1] - self.height / 2 - self.foot - LEADING
        return port


@dataclasses.dataclass
class Arrow:
    """An arrow: from where to where, and after `place` its `route` and its `lane`."""

    start: Node
    end: Node
    label: str
    asked_route: str | None
    dashed: bool

    @property
    def reach(self):
        """How many columns it crosses."""
        return abs(self.start.column - self.end.column)

    def choose_route(self, nodes):
        low, high = sorted((self.start.column, self.end.column))
        is_blocked = self.start.row == self.end.row and any(
            node.row == self.start.row and low < node.column < high for node in nodes
        )
        around = "above" if self.start.column < self.end.column else "below"
        self.route = self.asked_route or (around if is_blocked else "straight")

    def corners(self):
        """Returns the points of its way, from border to border."""
        start, end = self.start, self.end
        across = ("right", "left") if start.column < end.column else ("left", "right")
        along = ("bottom", "top") if start.row < end.row else ("top", "bottom")
        if self.route in ("above", "below"):
            side = "top" if self.route == "above" else "bottom"
            first, last = start.port(side), end.port(side)
            return [first, (first[0], self.lane), (last[0], self.lane), last]
        if self.route == "-|":
            first, last = start.port(across[0]), end.port(along[1])
            return [first, (last[0], first[1]), last]
        if self.route == "|-":
            first, last = start.port(along[0]), end.port(across[1])
            return [first, (first[0], last[1]), last]
        sides = along if start.column == end.column else across
        if start.column != end.column and start.row != end.row:
            return [start.port(sides[0], end), end.port(sides[1], start)]
        return [start.port(sides[0]), end.port(sides[1])]


class Grid:
    """Lines across one direction, as far apart as what stands on and between them needs."""

    def __init__(self, places):
        self.lines = np.arange(math.floor(min(places)), math.ceil(max(places)) + 1)
        self.before, self.after = np.full((2, len(self.lines)), 0.1)
        self.gaps = np.full(len(self.lines), GAP)

    def reserve(self, place, before, after):
        """Keeps room before and after a line, for what stands on it."""
        on_line = self.lines == place
        self.before[on_line] = np.maximum(self.before[on_line], before)
        self.after[on_line] = np.maximum(self.after[on_line], after)

    def widen(self, place, other, gap):
        """Keeps a gap between what stands on two neighbouring lines."""
        between = (self.lines == math.floor(min(place, other))) & (abs(place - other) <= 1)
        self.gaps[between] = np.maximum(self.gaps[between], gap)

    def locate(self, place):
        """Returns how far from the first line a place is."""
        steps = self.after[:-1] + self.gaps[:-1] + self.before[1:]
        return np.interp(place, self.lines, np.concatenate([[0], np.cumsum(steps)]))


def place(figure, nodes, arrows):
    """Gives boxes their sizes and centres, and arrows their routes."""
    columns, rows = Grid([node.column for node in nodes]), Grid([node.row for node in nodes])
    for node in nodes:
        node.fit(figure)
        columns.reserve(node.column, node.span / 2, node.span / 2)
        rows.reserve(node.row, node.height / 2, node.height / 2 + node.foot)
    for arrow in arrows:
        arrow.choose_route(nodes)
        start, end = arrow.start, arrow.end
        arrow.label_width, height = extent(figure, arrow.label, NOTE)
        if start.column == end.column:
            columns.reserve(start.column, 0, arrow.label_width + PAD)
            rows.widen(start.row, end.row, height + HEAD[0] + 2 * PAD)
        elif arrow.route == "straight":
            gap = arrow.label_width + HEAD[0] + 2 * PAD
            columns.widen(start.column, end.column, gap)
    lanes = []
    # The shorter ones run inside the longer ones.
    for arrow in sorted(arrows, key=lambda arrow: arrow.reach):
        ends = arrow.start.row, arrow.end.row
        if arrow.route == "above":
            line = math.floor(min(ends))
            rows.before[rows.lines == line] += LANE
            lanes.append((arrow, line, rows.before[rows.lines == line].item()))
        elif arrow.route == "below":
            line = math.ceil(max(ends))
            rows.after[rows.lines == line] += LANE
            lanes.append((arrow, line, -rows.after[rows.lines == line].item()))
    for node in nodes:
        node.centre = np.array((columns.locate(node.column), -rows.locate(node.row)))
    for arrow, line, above in lanes:
        arrow.lane = above - rows.locate(line)


def extent(figure, text, points):
    """Returns the width and the height of a text."""
    if not text:
        return np.zeros(2)
    drawn = figure.text(0, 0, text, fontsize=points)
    box = drawn.get_window_extent()
    drawn.remove()
    return np.array((box.width, box.height)) / figure.dpi


def unit(vector):
    """Returns a vector of length 1 in the same direction."""
    return vector / np.hypot(*vector)
