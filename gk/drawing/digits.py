"""Handwritten-looking digits: pen strokes in, a 28 x 28 picture out."""

import numpy as np
from PIL import Image, ImageDraw
from scipy.interpolate import CubicSpline

SIDE = 28
SUPER_SAMPLING = 4

# Ways of writing each digit. A way is a list of pen strokes, a stroke a list of points
# (x, y) with y pointing down, in a box about 0.6 wide and 1 high. The pen follows a
# smooth curve through the points of a stroke; a corner is where one stroke ends and the
# next begins. The number before each way is how often it is used.
WAYS_OF_WRITING = {
    0: [
        (3, [[(0.34, 0.02), (0.1, 0.18), (0.0, 0.52), (0.1, 0.86), (0.32, 1.0), (0.56, 0.84), (0.64, 0.48), (0.56, 0.15), (0.34, 0.02)]]),
        (3, [[(0.5, 0.08), (0.28, 0.02), (0.07, 0.25), (0.0, 0.6), (0.12, 0.94), (0.34, 0.98), (0.56, 0.74), (0.63, 0.38), (0.5, 0.06), (0.3, 0.06)]]),
        (2, [[(0.4, 0.0), (0.15, 0.1), (0.0, 0.42), (0.05, 0.75), (0.3, 0.9), (0.62, 0.78), (0.78, 0.45), (0.68, 0.12), (0.4, 0.0)]]),
    ],
    1: [
        (6, [[(0.0, 0.0), (0.0, 0.33), (0.0, 0.67), (0.0, 1.0)]]),
        (2, [[(0.0, 0.24), (0.12, 0.14), (0.24, 0.0)], [(0.24, 0.0), (0.24, 0.5), (0.24, 1.0)]]),
        (1, [[(0.04, 0.2), (0.15, 0.12), (0.26, 0.0)], [(0.26, 0.0), (0.26, 0.5), (0.26, 1.0)], [(0.02, 1.0), (0.26, 0.99), (0.52, 1.0)]]),
    ],
    2: [
        (4, [[(0.04, 0.24), (0.16, 0.06), (0.36, 0.0), (0.56, 0.1), (0.58, 0.3), (0.42, 0.58), (0.2, 0.82), (0.0, 0.98)], [(0.0, 0.98), (0.3, 0.97), (0.66, 0.96)]]),
        (4, [[(0.06, 0.22), (0.2, 0.04), (0.42, 0.02), (0.56, 0.16), (0.52, 0.4), (0.36, 0.66), (0.16, 0.9), (0.0, 0.96), (-0.06, 0.84), (0.08, 0.76), (0.3, 0.86), (0.52, 0.98), (0.74, 0.9)]]),
        (2, [[(0.02, 0.16), (0.2, 0.02), (0.44, 0.02), (0.58, 0.16), (0.5, 0.42), (0.28, 0.7), (0.06, 0.9), (0.12, 0.96), (0.36, 0.9), (0.7, 0.94)]]),
        (2, [[(0.0, 0.1), (0.22, 0.0), (0.42, 0.08), (0.46, 0.3), (0.36, 0.56), (0.16, 0.86)], [(0.16, 0.86), (0.0, 0.86), (0.04, 0.74), (0.24, 0.76), (0.5, 0.86), (0.78, 0.86)]]),
        (3, [[(0.1, 0.2), (0.28, 0.02), (0.56, 0.08), (0.6, 0.36), (0.42, 0.7), (0.14, 0.96), (-0.06, 0.84), (0.04, 0.66), (0.3, 0.7), (0.56, 0.9), (0.84, 0.94)]]),
        (1, [[(0.0, 0.12), (0.3, 0.0), (0.7, 0.1), (0.74, 0.36), (0.46, 0.6), (0.1, 0.72), (0.0, 0.62), (0.16, 0.56), (0.5, 0.66), (0.96, 0.72)]]),
    ],
    3: [
        (4, [[(0.04, 0.14), (0.2, 0.01), (0.44, 0.03), (0.54, 0.18), (0.44, 0.38), (0.22, 0.47)], [(0.22, 0.47), (0.46, 0.53), (0.58, 0.7), (0.5, 0.9), (0.26, 1.0), (0.0, 0.9)]]),
        (3, [[(0.06, 0.08), (0.3, 0.0), (0.5, 0.1), (0.46, 0.32), (0.2, 0.46), (0.42, 0.52), (0.54, 0.7), (0.42, 0.92), (0.18, 1.0), (0.0, 0.94)]]),
        (1, [[(0.04, 0.03), (0.3, 0.02), (0.54, 0.02)], [(0.54, 0.02), (0.4, 0.2), (0.24, 0.4)], [(0.24, 0.4), (0.48, 0.46), (0.58, 0.68), (0.46, 0.92), (0.22, 1.0), (0.0, 0.9)]]),
        (2, [[(0.1, 0.1), (0.34, 0.0), (0.58, 0.06), (0.6, 0.22), (0.4, 0.4), (0.24, 0.46)], [(0.24, 0.46), (0.42, 0.5), (0.48, 0.64), (0.36, 0.84), (0.14, 0.98), (-0.04, 0.98)]]),
        (2, [[(0.02, 0.2), (0.2, 0.02), (0.44, 0.06), (0.46, 0.3), (0.24, 0.5), (0.14, 0.48), (0.22, 0.42), (0.44, 0.54), (0.5, 0.78), (0.3, 0.98), (0.04, 0.9)]]),
        (2, [[(0.0, 0.06), (0.26, 0.0), (0.42, 0.12), (0.34, 0.32), (0.1, 0.42)], [(0.1, 0.42), (0.44, 0.44), (0.62, 0.62), (0.54, 0.86), (0.26, 1.0), (-0.02, 0.94)]]),
    ],
    4: [
        (4, [[(0.06, 0.04), (0.02, 0.26), (0.0, 0.5)], [(0.0, 0.5), (0.24, 0.54), (0.6, 0.48)], [(0.56, 0.0), (0.54, 0.5), (0.5, 1.0)]]),
        (3, [[(0.04, 0.0), (0.0, 0.28), (0.04, 0.5), (0.24, 0.52), (0.46, 0.42), (0.56, 0.28)], [(0.6, 0.02), (0.56, 0.36), (0.5, 1.0)]]),
        (2, [[(0.46, 0.0), (0.24, 0.28), (0.0, 0.6)], [(0.0, 0.6), (0.32, 0.6), (0.68, 0.58)], [(0.46, 0.0), (0.45, 0.5), (0.44, 1.0)]]),
        (2, [[(0.12, 0.0), (0.06, 0.22), (0.0, 0.42)], [(0.0, 0.42), (0.36, 0.42), (0.76, 0.36)], [(0.6, 0.1), (0.5, 0.5), (0.42, 1.0)]]),
        (1, [[(0.44, 0.02), (0.2, 0.26), (0.0, 0.5), (0.16, 0.56), (0.4, 0.48), (0.52, 0.3), (0.5, 0.06)], [(0.5, 0.06), (0.46, 0.5), (0.42, 1.0)]]),
    ],
    5: [
        (4, [[(0.12, 0.02), (0.08, 0.22), (0.04, 0.44)], [(0.04, 0.44), (0.28, 0.38), (0.5, 0.5), (0.54, 0.72), (0.38, 0.94), (0.12, 1.0), (-0.04, 0.92)], [(0.12, 0.02), (0.34, 0.03), (0.6, 0.0)]]),
        (3, [[(0.72, 0.0), (0.48, 0.03), (0.24, 0.06)], [(0.24, 0.06), (0.16, 0.26), (0.12, 0.4), (0.34, 0.48), (0.46, 0.66), (0.38, 0.88), (0.16, 1.0), (0.0, 0.94)]]),
        (2, [[(0.64, 0.04), (0.4, 0.02), (0.2, 0.14), (0.16, 0.34), (0.34, 0.5), (0.46, 0.68), (0.36, 0.9), (0.14, 0.98), (-0.02, 0.88)]]),
        (2, [[(0.08, 0.1), (0.08, 0.3), (0.06, 0.46)], [(0.06, 0.46), (0.3, 0.42), (0.46, 0.56), (0.42, 0.8), (0.22, 0.98), (0.0, 0.96)], [(0.06, 0.08), (0.4, 0.06), (0.84, 0.0)]]),
        (2, [[(0.3, 0.02), (0.16, 0.24), (0.08, 0.4)], [(0.08, 0.4), (0.4, 0.4), (0.66, 0.56), (0.56, 0.82), (0.24, 0.94), (0.0, 0.84)], [(0.3, 0.02), (0.6, 0.04), (0.94, 0.02)]]),
        (1, [[(0.7, 0.02), (0.42, 0.04), (0.14, 0.08), (0.06, 0.26), (0.3, 0.4), (0.5, 0.6), (0.36, 0.82), (0.06, 0.84)]]),
    ],
    6: [
        (4, [[(0.44, 0.0), (0.22, 0.2), (0.06, 0.5), (0.04, 0.8), (0.22, 1.0), (0.46, 0.92), (0.54, 0.72), (0.42, 0.56), (0.22, 0.6), (0.08, 0.8)]]),
        (3, [[(0.3, 0.0), (0.12, 0.28), (0.0, 0.62), (0.06, 0.9), (0.28, 1.0), (0.48, 0.86), (0.46, 0.66), (0.28, 0.58), (0.06, 0.72)]]),
        (2, [[(0.6, 0.02), (0.34, 0.12), (0.1, 0.42), (0.02, 0.76), (0.18, 0.98), (0.42, 0.9), (0.5, 0.66), (0.34, 0.5), (0.1, 0.62)]]),
        (1, [[(0.16, 0.0), (0.06, 0.3), (0.0, 0.66), (0.1, 0.94), (0.32, 0.98), (0.46, 0.8), (0.34, 0.66), (0.12, 0.78), (0.06, 0.88)]]),
        (3, [[(0.34, 0.0), (0.1, 0.26), (0.0, 0.6), (0.16, 0.92), (0.46, 0.98), (0.72, 0.78), (0.66, 0.52), (0.4, 0.48), (0.16, 0.7), (0.1, 0.9)]]),
        (2, [[(0.26, 0.0), (0.04, 0.28), (0.0, 0.62), (0.2, 0.84), (0.56, 0.84), (0.74, 0.62), (0.54, 0.42), (0.28, 0.52), (0.22, 0.78)]]),
    ],
    7: [
        (4, [[(0.0, 0.06), (0.3, 0.05), (0.58, 0.02)], [(0.58, 0.02), (0.4, 0.46), (0.22, 1.0)]]),
        (3, [[(0.0, 0.16), (0.06, 0.04), (0.32, 0.06), (0.58, 0.04), (0.54, 0.26), (0.4, 0.56), (0.28, 1.0)]]),
        (2, [[(0.0, 0.2), (0.02, 0.06)], [(0.02, 0.06), (0.34, 0.06), (0.64, 0.02)], [(0.64, 0.02), (0.44, 0.42), (0.3, 1.0)]]),
        (2, [[(0.0, 0.05), (0.3, 0.05), (0.6, 0.02)], [(0.6, 0.02), (0.42, 0.46), (0.24, 1.0)], [(0.12, 0.5), (0.34, 0.49), (0.6, 0.46)]]),
        (3, [[(0.0, 0.3), (0.04, 0.08)], [(0.04, 0.08), (0.34, 0.04), (0.7, 0.0)], [(0.7, 0.0), (0.62, 0.3), (0.5, 0.62), (0.44, 0.96)]]),
        (2, [[(0.0, 0.3), (0.1, 0.06), (0.3, 0.02), (0.46, 0.16), (0.42, 0.46), (0.3, 0.74), (0.18, 1.0)]]),
        (2, [[(0.0, 0.08), (0.4, 0.06), (0.9, 0.0)], [(0.9, 0.0), (0.66, 0.3), (0.5, 0.6), (0.4, 0.9)]]),
    ],
    8: [
        (4, [[(0.5, 0.14), (0.3, 0.0), (0.1, 0.12), (0.14, 0.34), (0.38, 0.56), (0.48, 0.8), (0.28, 1.0), (0.06, 0.84), (0.16, 0.6), (0.42, 0.36), (0.52, 0.14)]]),
        (3, [[(0.54, 0.06), (0.3, 0.02), (0.12, 0.2), (0.26, 0.42), (0.36, 0.62), (0.32, 0.9), (0.14, 1.0), (0.02, 0.84), (0.14, 0.62), (0.38, 0.4), (0.54, 0.2), (0.52, 0.04)]]),
        (2, [[(0.3, 0.0), (0.1, 0.14), (0.14, 0.4), (0.3, 0.47), (0.48, 0.36), (0.5, 0.12), (0.3, 0.0)], [(0.3, 0.47), (0.06, 0.62), (0.06, 0.88), (0.3, 1.0), (0.52, 0.88), (0.52, 0.62), (0.3, 0.47)]]),
        (1, [[(0.46, 0.1), (0.24, 0.02), (0.08, 0.16), (0.2, 0.38), (0.4, 0.54), (0.44, 0.82), (0.24, 0.98), (0.06, 0.82), (0.2, 0.56), (0.5, 0.22)]]),
        (3, [[(0.62, 0.14), (0.36, 0.0), (0.08, 0.1), (0.12, 0.3), (0.38, 0.5), (0.42, 0.8), (0.24, 1.0), (0.12, 0.84), (0.3, 0.54), (0.64, 0.2), (0.6, 0.06)]]),
        (2, [[(0.56, 0.2), (0.4, 0.06), (0.12, 0.14), (0.1, 0.34), (0.36, 0.44), (0.62, 0.6), (0.56, 0.86), (0.26, 0.96), (0.06, 0.8), (0.22, 0.58), (0.5, 0.38), (0.62, 0.1)]]),
        (2, [[(0.74, 0.0), (0.42, 0.3), (0.16, 0.62), (0.06, 0.86), (0.24, 0.98), (0.34, 0.78), (0.3, 0.5), (0.2, 0.26), (0.34, 0.1), (0.6, 0.16)]]),
    ],
    9: [
        (4, [[(0.5, 0.14), (0.3, 0.02), (0.08, 0.14), (0.02, 0.36), (0.18, 0.5), (0.4, 0.4), (0.52, 0.14)], [(0.52, 0.14), (0.48, 0.56), (0.42, 1.0)]]),
        (3, [[(0.46, 0.06), (0.22, 0.04), (0.02, 0.26), (0.1, 0.46), (0.32, 0.44), (0.52, 0.18), (0.5, 0.5), (0.4, 0.84), (0.2, 1.0), (0.0, 0.92)]]),
        (2, [[(0.56, 0.16), (0.36, 0.0), (0.08, 0.12), (0.0, 0.34), (0.2, 0.48), (0.46, 0.4), (0.6, 0.2)], [(0.56, 0.16), (0.44, 0.5), (0.24, 1.0)]]),
        (2, [[(0.34, 0.3), (0.28, 0.06), (0.1, 0.06), (0.0, 0.28), (0.12, 0.42), (0.3, 0.3), (0.36, 0.06), (0.36, 0.5), (0.36, 1.0)]]),
        (3, [[(0.58, 0.06), (0.34, 0.02), (0.06, 0.2), (0.06, 0.42), (0.34, 0.46), (0.6, 0.26)], [(0.62, 0.1), (0.54, 0.5), (0.5, 1.0)]]),
        (2, [[(0.52, 0.2), (0.34, 0.0), (0.08, 0.04), (0.0, 0.26), (0.2, 0.36), (0.46, 0.26), (0.54, 0.12), (0.44, 0.5), (0.3, 1.0)]]),
    ],
}  # fmt: skip


def sample_digit_attributes(rng):
    """Draws the four attributes of one digit, independently of each other and of the class."""
    return {
        "slant": float(np.clip(rng.normal(0.2, 0.22), -0.4, 0.8)),
        "stroke_width": float(np.clip(rng.normal(2.6, 0.7), 1.3, 4.6)),
        "size": float(rng.uniform(17.5, 20.5)),
        "roundness": float(rng.uniform(0.35, 1.0)),
    }


def _pen_path(points, roundness, steps=14):
    """Points of a pen stroke: straight lines at roundness 0, a smooth curve at 1."""
    points = np.asarray(points, dtype=float)
    chords = np.sqrt(np.linalg.norm(np.diff(points, axis=0), axis=1))
    knots = np.concatenate([[0.0], np.cumsum(np.maximum(chords, 1e-3))])
    times = np.linspace(0.0, knots[-1], steps * (len(points) - 1) + 1)
    straight = np.stack([np.interp(times, knots, axis) for axis in points.T], axis=1)
    if len(points) < 3:
        return straight
    closed = np.allclose(points[0], points[-1])
    curve = CubicSpline(knots, points, bc_type="periodic" if closed else "natural")(times)
    return (1.0 - roundness) * straight + roundness * curve


def _unsteady_hand(strokes, rng):
    """Moves the points of the strokes as no two people, and no two moments, write alike."""
    points = np.array(sorted({tuple(point) for stroke in strokes for point in stroke}))
    moved = points + rng.normal(0.0, 0.028, points.shape)
    # Slow waves shift whole parts: a larger bowl, a longer tail, a bar further down.
    for _ in range(2):
        direction = rng.normal(0.0, 3.0, 2)
        phase = rng.uniform(0.0, 2.0 * np.pi)
        moved += rng.normal(0.0, 0.06, 2) * np.sin(points @ direction + phase)[:, None]
    lookup = {tuple(point): new for point, new in zip(points, moved, strict=True)}
    return [np.array([lookup[tuple(point)] for point in stroke]) for stroke in strokes]


def draw_digit(digit, slant=0.2, stroke_width=2.6, size=19.0, roundness=0.9, way=0, rng=None):
    """Draws one digit as a person might write it.

    Like MNIST (LeCun et al., 1998), the digit is fitted into a square and then centred
    by its centre of mass.

    Args:
        digit: class, 0 to 9.
        slant: shear, horizontal shift per unit of height; positive leans to the right.
        stroke_width: width of the pen in pixels, 1 to 5.
        size: longer side of the digit's bounding box in pixels, 12 to 24.
        roundness: 0 draws straight lines between the pen's points, 1 smooth curves.
        way: index into `WAYS_OF_WRITING[digit]`.
        rng: `numpy.random.Generator` for the unsteadiness of the hand, the proportions
            and the tilt; `None` draws the plain shape.

    Returns:
        uint8 array `(28, 28)`, 0 is paper and 255 is ink.

    Raises:
        ValueError: if there is no such digit or way, or the pen or the digit is too large.
    """
    if digit not in WAYS_OF_WRITING or not 0 <= way < len(WAYS_OF_WRITING[digit]):
        ways = len(WAYS_OF_WRITING.get(digit, []))
        raise ValueError(
            f"draw_digit: `digit` must be between 0 and 9 and `way` between 0 and {ways - 1}. "
            f"Received: {digit} and {way}"
        )
    if not 1 <= stroke_width <= 5 or not 12 <= size <= 24:
        raise ValueError(
            "draw_digit: `stroke_width` must be between 1 and 5 and `size` between 12 and 24. "
            f"Received: {stroke_width} and {size}"
        )
    strokes = [np.asarray(stroke, dtype=float) for stroke in WAYS_OF_WRITING[digit][way][1]]
    tilt, stretch = 0.0, 1.0
    if rng is not None:
        strokes = _unsteady_hand(strokes, rng)
        tilt, stretch = rng.normal(0.0, 0.12), np.exp(rng.normal(0.08, 0.24))
    shear = np.array([[stretch, -slant], [0.0, 1.0]])
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    paths = [_pen_path(stroke, roundness) @ (turn @ shear).T for stroke in strokes]

    every_point = np.concatenate(paths)
    low, high = every_point.min(axis=0), every_point.max(axis=0)
    scale = (size - stroke_width) / max(high - low)
    side, width = SIDE * SUPER_SAMPLING, stroke_width * SUPER_SAMPLING
    canvas = Image.new("L", (side, side))
    pen = ImageDraw.Draw(canvas)
    for path in paths:
        pixels = (path - (low + high) / 2) * scale * SUPER_SAMPLING + side / 2
        corners = [tuple(point) for point in pixels]
        pen.line(corners, fill=255, width=round(width), joint="curve")
        for x, y in (corners[0], corners[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)

    ink = np.asarray(canvas, dtype=float)
    rows, columns = np.indices(ink.shape)
    shift = [(side - 1) / 2 - (ink * axis).sum() / ink.sum() for axis in (rows, columns)]
    ink = np.roll(ink, [round(s) for s in shift], axis=(0, 1))
    small = Image.fromarray(ink.astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small)
