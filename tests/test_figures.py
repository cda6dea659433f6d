"""Figures show all that they were given, and pictures the values of their arrays."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from gk import figures


def test_scatter_by_class_names_the_classes_that_are_there():
    points, labels = np.random.default_rng(0).normal(size=(30, 2)), np.repeat([0, 2, 7], 10)
    axis = plt.figure().subplots()
    figures.scatter_by_class(axis, points, labels, list("abcdefgh"))
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["a", "c", "h"]
    assert not axis.get_legend().get_window_extent().overlaps(axis.bbox)
    for line, label in zip(axis.lines, (0, 2, 7), strict=True):
        assert np.array_equal(np.transpose(line.get_data()), points[labels == label])
    plt.close(axis.figure)


def test_image_rows_shows_every_image_and_refuses_what_is_none():
    rows = [np.zeros((3, 8, 8, 1)), np.ones((2, 4, 4, 3))]
    figure = figures.image_rows(rows, "a title", ["first", "second"], framed=[[0, 2], []])
    assert sum(len(axis.images) for axis in figure.axes) == 5
    assert [len(axis.patches) for axis in figure.axes] == [1, 0, 1, 0, 0, 0]
    plt.close(figure)
    with pytest.raises(ValueError, match="Received: 1"):
        figures.image_rows(rows, "a title", ["only one"])
    with pytest.raises(ValueError, match="Expected 2 lists of frames"):
        figures.image_rows(rows, "a title", framed=[[0]])
    with pytest.raises(ValueError, match=r"Received: shape \(8, 8\)"):
        figures.image_rows([np.zeros((8, 8))], "a title")


def test_pictures_of_arrays():
    image = np.zeros((2, 3, 1))
    assert np.asarray(figures.to_picture(image)).tolist() == [[0] * 3] * 2
    assert np.asarray(figures.to_picture(image, ink=True)).tolist() == [[255] * 3] * 2
    assert figures.to_picture(np.zeros((2, 3, 3))).mode == "RGB"


def test_a_film_shows_its_frames_enlarged_one_after_the_other():
    frames = np.stack([np.full((4, 6, 1), share) for share in (0.0, 0.5, 1.0)])
    target = io.BytesIO()
    figures.write_film(target, frames, milliseconds=70, scale=3, ink=True)
    with Image.open(target) as film:
        assert film.n_frames == 3
        assert film.size == (18, 12)
        assert film.info["loop"] == 0
        seen = []
        for number in range(3):
            film.seek(number)
            assert film.info["duration"] == 70
            seen.append(film.convert("L").getpixel((5, 5)))
    np.testing.assert_allclose(seen, [255, 127, 0], atol=1)
    with pytest.raises(ValueError, match="at least one frame"):
        figures.write_film(target, [])


def test_dots_show_each_number_of_a_group_and_its_mean():
    axis = plt.subplots()[1]
    figures.dots(axis, {"first": [1.0, 3.0], "second": np.array([2.0, 4.0, 9.0])})
    dots, means = axis.lines[::2], axis.lines[1::2]
    assert [list(line.get_xdata()) for line in dots] == [[1, 3], [2, 4, 9]]
    assert [line.get_xdata()[0] for line in means] == [2, 5]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["first", "second"]
    low, high = axis.get_ylim()
    assert low > high  # the first on top
