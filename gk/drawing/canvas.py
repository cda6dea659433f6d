"""A sheet of paper with real-valued coordinates, drawn large and shrunk to a small picture."""

import numpy as np
from PIL import Image, ImageDraw
from scipy.interpolate import CubicSpline

SUPER_SAMPLING = 4


class Canvas:
    """Draws in a square from (-1, -1), top left, to (1, 1), bottom right.

    Shapes are drawn four times larger than the final picture and averaged, so that edges
    are smooth and small changes of a coordinate give small changes of the picture.

    Args:
        side: height and width of the final picture in pixels.
        background: RGB colour, three numbers in [0, 1].
    """

    def __init__(self, side, background):
        self.side = side
        self._large = side * SUPER_SAMPLING
        self._image = Image.new("RGB", (self._large, self._large), _to_rgb(background))
        self._draw = ImageDraw.Draw(self._image)

    def ellipse(self, center, radii, colour):
        """Fills an ellipse; `radii` are half its width and half its height."""
        x, y = center
        width, height = radii
        corners = [(x - width, y - height), (x + width, y + height)]
        self._draw.ellipse(self._pixels(corners), fill=_to_rgb(colour))

    def polygon(self, points, colour):
        """Fills the polygon through the points."""
        self._draw.polygon(self._pixels(points), fill=_to_rgb(colour))

    def blob(self, points, colour, tension=1.0):
        """Fills the smooth closed curve through the points; `tension` 0 keeps the corners."""
        points = np.asarray(points, dtype=float)
        closed = np.concatenate([points, points[:1]])
        knots = np.arange(len(closed))
        times = np.linspace(0, knots[-1], 12 * knots[-1] + 1)
        curve = CubicSpline(knots, closed, bc_type="periodic")(times)
        straight = np.stack([np.interp(times, knots, axis) for axis in closed.T], axis=1)
        self.polygon(tension * curve + (1 - tension) * straight, colour)

    def line(self, points, width, colour):
        """Draws a line with round ends through the points; `width` in the paper's units."""
        pixels = self._pixels(points)
        pen = max(1, round(width * self._large / 2))
        self._draw.line(pixels, fill=_to_rgb(colour), width=pen, joint="curve")
        for x, y in (pixels[0], pixels[-1]):
            corners = (x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2)
            self._draw.ellipse(corners, fill=_to_rgb(colour))

    def picture(self):
        """Returns the picture as a uint8 array `(side, side, 3)`."""
        size = (self.side, self.side)
        return np.asarray(self._image.resize(size, Image.Resampling.BOX))

    def _pixels(self, points):
        scaled = (np.asarray(points, dtype=float) + 1) * self._large / 2
        return [tuple(point) for point in scaled]


def mix(first, second, share):
    """Returns the colour `share` of the way from the first to the second."""
    return (1 - share) * np.asarray(first, dtype=float) + share * np.asarray(second, dtype=float)


def ramp(colours, position):
    """Returns the colour at `position` in [0, 1] on a ramp of evenly spaced colours."""
    stops = np.linspace(0, 1, len(colours))
    return np.array([np.interp(position, stops, channel) for channel in np.transpose(colours)])


def _to_rgb(colour):
    return tuple(round(255 * float(np.clip(channel, 0, 1))) for channel in colour)
