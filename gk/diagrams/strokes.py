"""How the boxes and arrows of a diagram are drawn."""

import numpy as np
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path

from gk.diagrams.layout import BELL, HEAD, KINDS, LABEL, LEADING, NOTE, PAD, unit
from gk.figures import show_image

INK, PALE_INK, LINE = "#333333", "#595959", 1.2
CORNER, EAR = 0.12, 0.14  # inches


def draw_node(axis, node):
    """Draws a box with what is in it and under it."""
    (x, y), half = node.centre, np.array((node.width, node.height)) / 2
    patch = _outline(node, half)
    dashes = (0, (4, 2)) if node.kind == "loss" else "solid"
    style = {"edgecolor": INK, "linewidth": LINE, "linestyle": dashes, "joinstyle": "round"}
    patch.set(facecolor=KINDS[node.kind][0], gid=node.name, zorder=2, **style)
    axis.add_patch(patch)
    if node.picture is not None:
        show_image(axis, node.picture, extent=(x - half[0], x + half[0], y - half[1], y + half[1]))
        axis.images[-1].set_zorder(1.9)
        patch.set_facecolor("none")
    elif node.kind == "data":
        fold = half - EAR * np.array([(1, 0), (1, 1), (0, 1)])
        axis.add_patch(Polygon(node.centre + fold, closed=False, fill=False, zorder=2, **style))
    elif node.kind == "distribution":
        across = np.linspace(-1, 1, 40)
        foot = half[1] - 0.09 - BELL
        bell = np.transpose([0.32 * across, foot + BELL * np.exp(-5 * across**2)])
        axis.add_patch(Polygon(node.centre + bell, closed=False, fill=False, zorder=2, **style))
        y -= BELL / 2
    kept = {"ha": "center", "gid": node.name, "zorder": 4}
    axis.text(x, y, node.label, va="center_baseline", fontsize=LABEL, color="black", **kept)
    top = node.centre[1] - half[1]
    for (text, points, colour), height in zip(node.notes, node.note_heights, strict=True):
        axis.text(x, top - LEADING, text, va="top", fontsize=points, color=colour, **kept)
        top -= height


def _outline(node, half):
    """Returns the border: networks have sharp corners, data a fold, numbers are round."""
    if node.is_round:
        return Circle(node.centre, half[0])
    if node.kind in ("distribution", "loss", "box"):
        rounded = f"round,pad=0,rounding_size={CORNER}"
        return FancyBboxPatch(node.centre - half, *2 * half, boxstyle=rounded)
    left, right = {"narrow": (1, 0.5), "widen": (0.5, 1)}.get(node.kind, (1, 1))
    corners = half * [(-1, -left), (-1, left), (1, right), (1, right), (1, -right)]
    if node.kind == "data" and node.picture is None:
        corners[2:4] -= [(EAR, 0), (0, EAR)]
    return Polygon(node.centre + corners)


def draw_arrow(axis, arrow):
    """Draws an arrow from border to border, and its label beside its longest part."""
    corners = np.array(arrow.corners())
    tip, back = corners[-1], unit(corners[-2] - corners[-1])
    aside = back[::-1] * (HEAD[1] / 2, -HEAD[1] / 2)
    end = tip + HEAD[0] * back
    path = _rounded([*corners[:-1], end])
    dashes = (0, (3, 2)) if arrow.dashed else "solid"
    gid = f"{arrow.start.name}→{arrow.end.name}"
    line = {"edgecolor": INK, "linewidth": LINE, "linestyle": dashes, "capstyle": "butt"}
    axis.add_patch(PathPatch(path, fill=False, gid=gid, zorder=1, **line))
    head = {"facecolor": INK, "edgecolor": "none", "gid": gid, "zorder": 1}
    axis.add_patch(Polygon([tip, end + aside, end - aside], **head))
    if arrow.label:
        longest = np.hypot(*np.diff(corners, axis=0).T).argmax()
        part = corners[longest : longest + 2]
        is_upright, is_level = np.isclose(*part)
        (x, y), across, along = part.mean(axis=0), "center", "center"
        if is_level:
            y, along = y + 0.05, "bottom"
        elif is_upright:
            x, across = x + 0.08, "left"
        ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        text = {"fontsize": NOTE, "color": "black", "bbox": ground, "gid": gid, "zorder": 4}
        axis.text(x, y, arrow.label, ha=across, va=along, **text)


def _rounded(corners):
    """Returns the path through points, with its inner corners rounded."""
    points, codes = [corners[0]], [Path.MOVETO]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        for side in (before, after):
            way = np.subtract(side, corner)
            near = corner + unit(way) * min(CORNER, np.hypot(*way) / 2)
            points += [near, corner] if side is before else [near]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*points, corners[-1]], [*codes, Path.LINETO])


def draw_plate(axis, nodes, arrows, label):
    """Draws a frame around boxes and the arrows between them, with its label at the foot."""
    low = np.min([node.corners[0] for node in nodes], axis=0) - 1.5 * PAD
    high = np.max([node.corners[1] for node in nodes], axis=0) + 1.5 * PAD
    for arrow in arrows:
        if arrow.start in nodes and arrow.end in nodes and arrow.reach == 0:
            high[0] = max(high[0], arrow.start.centre[0] + arrow.label_width + 1.5 * PAD)
    if label:
        low[1] -= 1.5 * NOTE / 72
    rounded = f"round,pad=0,rounding_size={CORNER}"
    frame = {"fill": False, "edgecolor": PALE_INK, "linewidth": 1, "zorder": 0}
    axis.add_patch(FancyBboxPatch(low, *(high - low), boxstyle=rounded, **frame))
    place = {"ha": "right", "va": "bottom", "fontsize": NOTE, "color": "black", "zorder": 4}
    axis.text(high[0] - 0.08, low[1] + 0.06, label, **place)
