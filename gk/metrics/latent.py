"""Continuity and completeness: the two things that a latent space needs to draw from, measured.

A model is anything with `encode(images)` and `decode(codes)`; features are what a judge sees,
`gk.judges.load(name).features`.
"""

from typing import NamedTuple

import numpy as np
from scipy import spatial
from scipy.stats import bootstrap

from gk.metrics.samples import inside


class Score(NamedTuple):
    """A mean over samples with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self):
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


class Completeness(NamedTuple):
    """The share of decoded points that look real, and of real images that are reached."""

    precision: Score
    recall: Score


class Gaps(NamedTuple):
    """What of a two-dimensional map is without any code nearby, and unreal on top of that."""

    empty: float
    unreal: float
    empty_spots: np.ndarray


def continuity(model, images, features, num_points=500, step=0.1, seed=0):
    """Returns how little decoded images change when one moves a little in the latent space.

    From the code of an image a step goes in a random direction. It is so long in the codes' own
    covariance that scaling or rotating the latent space changes nothing. How far the decoded
    image moves is measured in the judge's features, in units of the mean distance between two
    random real images, and cut off at 1; the score of a point is 1 minus that. Range [0, 1],
    higher is smoother: 0 is a decoder whose neighbours are as far apart as random images, 1 one
    that never changes, so that a score is worth something only beside a reconstruction error or
    a recall.

    Args:
        model: with `encode` and `decode`.
        images: array `(n, height, width, channels)` in [0, 1] that the model has not seen.
        features: function from images to features `(n, features)`.
        num_points: number of points.
        step: length of the step, in standard deviations of the codes.
        seed: integer.

    Returns:
        A `Score`.

    Raises:
        ValueError: if there are fewer than two images.
    """
    images = _at_least_two(images)
    rng = np.random.default_rng(seed)
    codes = np.asarray(model.encode(images), dtype=float)
    real = features(images)
    typical = np.linalg.norm(real - real[rng.permutation(len(real))], axis=1).mean()

    starts = codes[rng.integers(len(codes), size=num_points)]
    directions = rng.normal(size=starts.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    moved = starts + step * directions @ _square_root_of_covariance(codes)
    before, after = features(model.decode(starts)), features(model.decode(moved))
    moves = np.linalg.norm(after - before, axis=1) / typical
    return mean_with_interval(1 - np.minimum(moves, 1), seed)


def completeness(model, images, features, draw="prior", num_points=1000, seed=0):
    """Returns which share of a latent space decodes to something real, and what it misses.

    Points are drawn from where one would sample, and decoded. The share of them that lies
    where real images lie, by the improved precision of Kynkäänniemi et al. (2019,
    arXiv:1904.06991), is the completeness. Beside it stands the recall, so that a decoder
    that draws one good image everywhere does not win. Range [0, 1] each, higher is better.

    Args:
        model: with `encode` and `decode`.
        images: array `(n, height, width, channels)` in [0, 1] that the model has not seen.
        features: function from images to features `(n, features)`.
        draw: `"prior"` for N(0, I), `"gaussian"` for the Gaussian fitted to the codes, `"box"`
            for the box from the 1st to the 99th percentile of each code.
        num_points: number of points; numbers can be compared for the same number only.
        seed: integer.

    Returns:
        A `Completeness` of two `Score`s.

    Raises:
        ValueError: if `draw` is unknown, or there are fewer images than points.
    """
    images = _at_least_two(images)
    if len(images) < num_points:
        raise ValueError(f"Expected at least {num_points} images. Received: {len(images)}")
    rng = np.random.default_rng(seed)
    chosen = images[rng.permutation(len(images))[:num_points]]
    points = draw_points(model.encode(images), draw, num_points, seed)
    real, made = features(chosen), features(model.decode(points))
    return Completeness(
        mean_with_interval(inside(real, features=made).astype(float), seed),
        mean_with_interval(inside(made, features=real).astype(float), seed),
    )


def draw_points(codes, draw, num_points, seed=0):
    """Draws points of a latent space, see `completeness`; array `(num_points, latent_dim)`."""
    codes = np.asarray(codes, dtype=float)
    rng = np.random.default_rng(seed)
    if draw == "prior":
        return rng.normal(size=(num_points, codes.shape[1]))
    if draw == "gaussian":
        normal = rng.normal(size=(num_points, codes.shape[1]))
        return codes.mean(axis=0) + normal @ _square_root_of_covariance(codes)
    if draw == "box":
        return rng.uniform(*np.quantile(codes, [0.01, 0.99], axis=0), (num_points, codes.shape[1]))
    raise ValueError(f"Expected draw as 'prior', 'gaussian' or 'box'. Received: {draw!r}")


def gap_fraction(model, images, features, radius=0.15, resolution=40):
    """Returns how much of a two-dimensional map of codes is empty, and how much of it a gap.

    The map is the convex hull of the codes, without the 5 % farthest from the middle. A spot
    is empty if no code is near it, and a gap if, besides, what it decodes to is not real by
    the test behind `precision_recall`. Range [0, 1], lower is better.

    Args:
        model: with `encode` and `decode`, of two latent dimensions.
        images: array `(n, height, width, channels)` in [0, 1] that the model has not seen.
        features: function from images to features `(n, features)`.
        radius: what counts as near, in standard deviations of the codes.
        resolution: number of spots along each side of the map.

    Returns:
        `Gaps`: the two shares, and the codes of the empty spots, `(n, 2)`.

    Raises:
        ValueError: if the codes do not have two dimensions.
    """
    codes = np.asarray(model.encode(_at_least_two(images)), dtype=float)
    if codes.shape[1] != 2:
        raise ValueError(f"Expected codes of two dimensions. Received: {codes.shape[1]}")
    root, centre = _square_root_of_covariance(codes), codes.mean(axis=0)
    whitened = (codes - centre) @ np.linalg.inv(root)
    distance = np.linalg.norm(whitened, axis=1)
    whitened = whitened[distance <= np.quantile(distance, 0.95)]
    sides = np.linspace(whitened.min(axis=0), whitened.max(axis=0), resolution).T
    grid = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    grid = grid[spatial.Delaunay(whitened).find_simplex(grid) >= 0]
    is_empty = spatial.KDTree(whitened).query(grid)[0] > radius
    spots = grid[is_empty] @ root + centre
    if not is_empty.any():
        return Gaps(0.0, 0.0, spots)
    is_unreal = ~inside(features(images), features=features(model.decode(spots)))
    return Gaps(float(is_empty.mean()), float(is_unreal.sum() / len(grid)), spots)


def active_units(z_mean, threshold=0.01):
    """Returns how many latent dimensions tell anything about the image.

    A unit is active if its posterior mean varies over the data by more than the threshold
    (Burda, Grosse & Salakhutdinov, 2016, Importance Weighted Autoencoders,
    arXiv:1509.00519). Range 0 to `latent_dim`.

    Args:
        z_mean: array `(n, latent_dim)`, means of the codes of images.
        threshold: variance above which a unit is active.

    Returns:
        An integer.

    Example:

    >>> active_units([[1.0, 0.0], [-1.0, 0.02]])
    1
    """
    return int((np.var(np.asarray(z_mean, dtype=float), axis=0) > threshold).sum())


def line(starts, ends, num_points):
    """Returns the points of straight walks, `(n, num_points, latent_dim)`."""
    shares = np.linspace(0, 1, num_points)[:, np.newaxis]
    starts, ends = np.asarray(starts), np.asarray(ends)
    return (1 - shares) * starts[:, np.newaxis] + shares * ends[:, np.newaxis]


def mean_with_interval(values, seed=0):
    """Returns the mean of values with its 95 % bootstrap interval, a `Score`."""
    values = np.asarray(values, dtype=float)
    if np.ptp(values) == 0:
        return Score(float(values[0]), float(values[0]), float(values[0]))
    interval = bootstrap(
        (values,), np.mean, n_resamples=999, method="percentile", rng=np.random.default_rng(seed)
    ).confidence_interval
    return Score(float(values.mean()), float(interval.low), float(interval.high))


def _square_root_of_covariance(codes):
    """Returns the symmetric square root of the covariance, which turns as the codes turn."""
    eigenvalues, vectors = np.linalg.eigh(np.atleast_2d(np.cov(codes.T)))
    return (vectors * np.sqrt(eigenvalues.clip(0))) @ vectors.T


def _at_least_two(images):
    if len(images) < 2:
        raise ValueError(f"Expected at least two images. Received: {len(images)}")
    return np.asarray(images)
