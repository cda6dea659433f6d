"""Pictures can be drawn again edited, and what cannot be drawn is refused."""

import subprocess
import sys

import numpy as np
import pytest

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
