"""The measures of latent spaces, with decoders whose answer is known."""

import numpy as np
import pytest

from gk import metrics


def pixels(images):
    return np.asarray(images).reshape(len(images), -1)


class Plane:
    """Images of two pixels: the code is the image; `scale` and `turn` change the coordinates."""

    def __init__(self, scale=1.0, turn=0.0):
        cosine, sine = np.cos(turn), np.sin(turn)
        self.matrix = scale * np.array([[cosine, -sine], [sine, cosine]])

    def encode(self, images):
        return pixels(images) @ self.matrix

    def decode(self, codes):
        return (codes @ np.linalg.inv(self.matrix)).reshape(-1, 1, 2, 1)


class Scrambled(Plane):
    """A decoder whose neighbours have nothing to do with each other."""

    def decode(self, codes):
        codes = np.round(np.asarray(codes), 6)
        seeds = [abs(hash(tuple(code))) % 2**32 for code in codes]
        return np.stack([np.random.default_rng(seed).normal(size=(1, 2, 1)) for seed in seeds])


class Constant(Plane):
    def decode(self, codes):
        return np.zeros((len(codes), 1, 2, 1))


PLANE_IMAGES = np.random.default_rng(0).normal(size=(1500, 1, 2, 1))


def test_continuity_is_high_for_a_smooth_decoder_and_low_for_a_scrambled_one():
    smooth = metrics.continuity(Plane(), PLANE_IMAGES, pixels)
    scrambled = metrics.continuity(Scrambled(), PLANE_IMAGES, pixels)
    assert metrics.continuity(Constant(), PLANE_IMAGES, pixels).value == 1
    assert smooth.low < smooth.value < smooth.high
    assert smooth.value > 0.9
    assert scrambled.value < 0.25
    # By hand: a step is 0.1 long, and two random points of the plane are sqrt(pi) apart.
    assert smooth.value == pytest.approx(1 - 0.1 / np.sqrt(np.pi), abs=0.01)


def test_continuity_does_not_depend_on_scale_and_rotation():
    scores = [
        metrics.continuity(Plane(scale, turn), PLANE_IMAGES, pixels).value
        for scale, turn in ((1, 0), (1000, 0), (0.001, 0), (1, 0.7))
    ]
    np.testing.assert_allclose(scores, scores[0], atol=0.01)


def test_completeness_sees_garbage_and_what_is_missing():
    good = metrics.completeness(Plane(), PLANE_IMAGES, pixels)
    assert good.precision.value > 0.85
    assert good.recall.value > 0.85
    # Codes ten times too wide for the prior: what is drawn from it lies in the middle.
    narrow = metrics.completeness(Plane(scale=10), PLANE_IMAGES, pixels)
    assert narrow.precision.value > 0.9
    assert narrow.recall.value < 0.4
    fitted = metrics.completeness(Plane(scale=10), PLANE_IMAGES, pixels, draw="gaussian")
    assert fitted.recall.value > 0.85
    # And ten times too small: most of what is drawn is far off.
    wide = metrics.completeness(Plane(scale=0.1), PLANE_IMAGES, pixels)
    assert wide.precision.value < 0.2
    same = metrics.completeness(Constant(), PLANE_IMAGES, pixels)
    assert same.precision.value == 1
    assert same.recall.value < 0.01


def test_gaps_of_a_map_are_found():
    rng = np.random.default_rng(0)
    full = rng.uniform(-1, 1, size=(3000, 1, 2, 1))
    islands = full[np.abs(full[:, 0, 0, 0]) > 0.5]  # half of the square is empty
    assert metrics.gap_fraction(Plane(), full, pixels).empty < 0.02
    gaps = metrics.gap_fraction(Plane(), islands, pixels)
    assert 0.25 < gaps.unreal <= gaps.empty < 0.55
    assert np.abs(gaps.empty_spots[:, 0]).max() < 0.55
    with pytest.raises(ValueError, match="two dimensions"):
        metrics.gap_fraction(Flat(), full, pixels)


class Flat(Plane):
    def encode(self, images):
        return np.zeros((len(images), 3))


def test_points_are_drawn_from_where_they_should_be():
    codes = np.random.default_rng(0).normal([5, -3], [2, 0.1], size=(5000, 2))
    gaussian = metrics.draw_points(codes, "gaussian", 5000)
    np.testing.assert_allclose(gaussian.mean(axis=0), [5, -3], atol=0.1)
    np.testing.assert_allclose(gaussian.std(axis=0), [2, 0.1], rtol=0.05)
    box = metrics.draw_points(codes, "box", 5000)
    np.testing.assert_allclose(box.min(axis=0), np.quantile(codes, 0.01, axis=0), atol=0.05)
    np.testing.assert_allclose(metrics.draw_points(codes, "prior", 5000).std(), 1, atol=0.03)
    with pytest.raises(ValueError, match="'prior', 'gaussian' or 'box'"):
        metrics.draw_points(codes, "sphere", 3)


def test_active_units_count_what_varies():
    codes = np.random.default_rng(0).normal(size=(1000, 3)) * [1, 0.2, 0.01]
    assert metrics.active_units(codes) == 2


def test_too_few_images_are_refused():
    with pytest.raises(ValueError, match="at least two"):
        metrics.continuity(Plane(), PLANE_IMAGES[:1], pixels)
    with pytest.raises(ValueError, match="at least 1000 images"):
        metrics.completeness(Plane(), PLANE_IMAGES[:10], pixels)


def test_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    scores = [metrics.mean_with_interval(rng.normal(size=100), seed) for seed in range(200)]
    covered = np.mean([score.low <= 0 <= score.high for score in scores])
    assert 0.89 <= covered <= 0.98


def test_a_straight_walk_goes_in_equal_steps_from_the_first_point_to_the_last():
    starts, ends = np.zeros((2, 3)), np.array([[4.0, 0, -2], [1, 1, 1]])
    walks = metrics.line(starts, ends, 5)
    assert walks.shape == (2, 5, 3)
    np.testing.assert_array_equal(walks[:, 0], starts)
    np.testing.assert_array_equal(walks[:, -1], ends)
    np.testing.assert_allclose(np.diff(walks, axis=1), (ends[:, None] - 0) / 4 * np.ones((1, 4, 1)))
