"""Bounds of claims: the most specific counts, and a mistake in the file is named."""

import pytest

from gk import bounds
from gk.bounds import Bounds


@pytest.fixture
def read(tmp_path, monkeypatch):
    """A function that reads a file of bounds from its text."""
    monkeypatch.setattr(bounds, "PATH", tmp_path / "bounds.ini")

    def read(text):
        bounds.PATH.write_text(text, encoding="utf-8")
        return bounds.read()

    return read


def test_the_file_of_the_course_can_be_read():
    for (notebook, key), entry in bounds.read().items():
        assert notebook
        assert key
        assert entry.codes


def test_ends_belong_to_the_range_and_what_is_no_number_does_not():
    both = Bounds(at_least=0.4, at_most=0.6)
    assert all(map(both.hold, (0.4, 0.5, 0.6)))
    assert not any(map(both.hold, (0.39, 0.61, float("nan"), float("inf"))))
    assert Bounds(at_least=0.4).hold(float("inf"))
    assert not Bounds(at_most=0.4).hold(float("nan"))


def test_ranges_are_told_in_words_from_both_sides():
    both = Bounds(at_least=0.4, at_most=0.6)
    assert both.expected("%") == "at least 40 % and at most 60 %"
    assert both.refutation("%") == "less than 40 % or more than 60 %"
    assert Bounds(at_most=2).expected("dB") == "at most 2 dB"
    assert Bounds(at_least=0).refutation() == "less than 0"


def test_numbers_have_three_digits():
    assert bounds.show(0.05149, "degrees") == "0.0515 degrees"
    assert bounds.show(0.8796, "%") == "88 %"
    assert bounds.show(2 / 3) == "0.667"


FULL = """
[02 linear-is-pca]
claims = A10, A4
at_least = -1
at_most = 5
at_most, mnist = 6        # five seeds: 2 to 4.5
at_most, gpu = 7
at_most, mnist, gpu = 8
at_least, fashion_mnist, gpu = 1
"""


@pytest.mark.parametrize(
    ("dataset", "profile", "ends"),
    [
        ("digits", "cpu", (-1, 5)),
        ("mnist", "cpu", (-1, 6)),
        ("digits", "gpu", (-1, 7)),
        ("mnist", "gpu", (-1, 8)),
        ("fashion_mnist", "cpu", (-1, 5)),
        ("fashion_mnist", "gpu", (1, 7)),
        ("/home/of/somebody", "cpu", (-1, 5)),
    ],
)
def test_the_most_specific_counts_for_each_end_by_itself(dataset, profile, ends, read):
    entry = read(FULL)["02", "linear-is-pca"]
    assert entry.codes == ("A10", "A4")
    assert entry.on(dataset, profile) == Bounds(*ends)


def test_a_data_set_comes_before_a_profile(read):
    entry = read("[02 a]\nclaims = A1\nat_most = 1\nat_most, gpu = 2\nat_most, mnist = 3\n")
    assert entry["02", "a"].on("mnist", "gpu").at_most == 3


HEAD = "[02 a]\nclaims = A1\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "at_most = 1\nat_most = 2\n", "line +4.*at_most.*already exists"),
        (HEAD + "at_most = 1\n[02 a]\n", "line +4.*02 a.*already exists"),
        (
            HEAD + "at_most = 1\n[02  a]\nclaims = A1\n",
            r"sections that differ.*Received: \[02  a\]",
        ),
        ("[02]\nclaims = A1\nat_most = 1\n", r"a notebook and a key.*Received: \[02\]"),
        ("[DEFAULT]\nat_most = 1\n", r"Received: \[DEFAULT\]"),
        ("[02 a]\nat_most = 1\n", r"\[02 a\]: expected a line such as `claims = A10`"),
        (HEAD, "expected at_least or at_most for all .*Received: none"),
        (HEAD + "at_most, mnist = 1\n", "for all .*Received: at_most, mnist"),
        (HEAD + "at_most, gpu, mnist = 1\n", "at_most, mnist, gpu = 8`. Received: 'at_most, gpu"),
        (HEAD + "at_most, minst = 1\n", "one of digits, .*Received: 'at_most, minst'"),
        (HEAD + "at_best = 1\n", "Received: 'at_best'"),
        (HEAD + "at_most = 5 %\n", "expected a number as at_most. Received: '5 %'"),
        (HEAD + "at_most = nan\n", "expected a number as at_most. Received: 'nan'"),
        (HEAD + "at_most\n", "bounds.ini cannot be read"),
    ],
)
def test_a_mistake_in_the_file_is_named(text, message, read):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        read(text)
