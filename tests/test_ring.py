"""Eight Gaussians on a ring: the data and the measures that need no judge."""

import csv

import numpy as np
import pytest

from gk import datasets, ring


def test_real_points_cover_all_eight():
    modes, share = ring.coverage(ring.points(5000, seed=0))
    assert modes == 8
    # Within three deviations in two dimensions: 1 - exp(-9 / 2).
    assert share == pytest.approx(1 - np.exp(-4.5), abs=0.005)


def test_coverage_counts_what_is_there():
    at = ring.CENTRES[[0] * 60 + [3] * 30 + [5]]
    far = np.full((9, 2), 0.5)
    points = np.concatenate([at, far]).reshape(-1, *ring.SHAPE)
    # The single point is too few for a Gaussian to count, but it is on one.
    assert ring.coverage(points) == (2, pytest.approx(0.91))


def test_every_trick_is_played_and_the_same_seed_gives_the_same_game():
    """Long because TensorFlow traces fifteen games, two seconds each."""
    for options in ring.TRICKS.values():
        generated = ring.play(0, steps=50, **options).generate(20, seed=0)
        assert np.isfinite(generated).all()
    one, other = (ring.play(3, steps=50).generate(20, seed=0) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_the_table_of_tricks_is_complete():
    with (datasets.package_data_folder() / "tricks.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    keys = [(row["data"], row["trick"], row["seed"]) for row in rows]
    assert len(set(keys)) == len(keys)
    for trick in ring.TRICKS:
        assert sum(key[:2] == ("ring", trick) for key in keys) >= 10


def test_each_player_has_its_own_learning_rate():
    model = ring.play(0, steps=50, d_rate=0.25, g_rate=0.125, beta_1=0.5)
    assert float(model.d_optimizer.learning_rate) == 0.25
    assert float(model.g_optimizer.learning_rate) == 0.125
    assert model.d_optimizer.beta_1 == model.g_optimizer.beta_1 == 0.5
