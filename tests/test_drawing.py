"""Pictures can be drawn again edited, and what cannot be drawn is refused."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import norm

from gk import datasets
from gk.drawing import digits, draw_digit, draw_face, draw_pet, pets


def test_any_face_can_be_drawn_again_edited():
    data = datasets.load("faces")
    row = data.attributes_test.query("sunglasses == 0").iloc[0]
    arguments = {**row, "identity": int(row["identity"])}
    original = data.x_test[row.name]
    np.testing.assert_array_equal(draw_face(**arguments), np.round(original * 255))
    edited = draw_face(**{**arguments, "sunglasses": 1})
    assert np.abs(edited / 255 - original).max() > 0.3


def test_small_changes_of_a_feature_give_small_changes_of_the_picture():
    features = dict.fromkeys(pets.FEATURES, 0.4)
    before = draw_pet(**features).astype(float)
    for name in pets.FEATURES:
        after = draw_pet(**{**features, name: 0.42}).astype(float)
        assert 0 < np.abs(after - before).mean() < 4


@pytest.mark.parametrize(
    ("draw_it", "arguments"),
    [
        (draw_pet, dict.fromkeys(pets.FEATURES, 0.5) | {"ear_length": 1.2}),
        (draw_face, {"smile": 3}),
        (draw_face, {"hat": 0.5}),
        (draw_digit, {"digit": 10}),
        (draw_digit, {"digit": 3, "stroke_width": 9}),
    ],
)
def test_drawing_refuses_what_it_cannot_draw(draw_it, arguments):
    with pytest.raises(ValueError, match=r"must be .* Received: "):
        draw_it(**arguments)


def test_every_digit_has_several_ways_of_writing():
    assert all(len(digits.WAYS_OF_WRITING[digit]) >= 3 for digit in (1, 2, 4, 7, 9))


def test_drawing_and_data_need_no_tensorflow():
    program = (
        "import sys, gk.drawing, gk; gk.datasets.load('pets'); gk.figures; "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_face_is_the_same_at_any_size():
    small, large = (draw_face(identity=3, hat=1, side=side) for side in (32, 64))
    assert large.shape == (64, 64, 3)
    reduced = large.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(reduced - small).mean() < 4


@pytest.mark.parametrize("class_name", pets.CLASS_NAMES)
def test_density_of_pets_is_one_in_all_and_highest_for_their_own_kind(class_name):
    rng = np.random.default_rng(0)
    anywhere = rng.uniform(0, 1, (200_000, 5))
    # The share of pets that need no second draw, as all their features are drawable at once.
    kinds = pets.KINDS[class_name].values()
    at_once = sum(
        weight * np.prod(norm.cdf(1, mean, deviation) - norm.cdf(0, mean, deviation))
        for weight, mean, deviation in kinds
    )
    total = np.exp(pets.log_density(anywhere, class_name)).mean()
    assert abs(total - at_once) < 0.05

    drawn = [list(pets.sample_pet_features(class_name, rng).values()) for _ in range(300)]
    own, other = (pets.log_density(drawn, name) for name in (class_name, _other(class_name)))
    assert np.mean(own > other) > 0.9


def _other(class_name):
    return next(name for name in pets.CLASS_NAMES if name != class_name)


def test_all_pets_are_drawn_as_one_is_and_only_drawable_ones_are_kept():
    features = np.array([[0.5] * 5, [0.2, 0.9, 0.1, 0.8, 0.4], [0.5, 0.5, 0.5, 0.5, 1.01]])
    kept = pets.drawable(features)
    np.testing.assert_array_equal(kept, features[:2])
    pictures = pets.draw_all(kept)
    assert pictures.dtype == np.float32
    np.testing.assert_allclose(255 * pictures[1], draw_pet(*features[1]), rtol=1e-6)
    with pytest.raises(ValueError, match="coat_colour"):
        pets.draw_all(features)
