"""How claims look: whole without a style sheet, escaped, and folded where there are many."""

import re

import pytest

from gk import verdicts
from gk.bounds import Bounds
from gk.verdicts import Verdict

RANGE = Bounds(at_most=5)


def verdict(mark=verdicts.HOLDS, sentence="Linear is PCA.", measured="0.05 °", unit="°"):
    return Verdict("linear-is-pca", sentence, measured, RANGE, unit, ("A10",), mark)


@pytest.mark.parametrize(
    ("mark", "remark"),
    [
        (verdicts.HOLDS, "would be refuted by more than 5 °"),
        (verdicts.FAILS, "refuted: expected at most 5 °"),
        (verdicts.SHOWN, "outside of the course's bounds: at most 5 °"),
    ],
)
def test_a_box_shows_the_sentence_the_number_and_what_would_refute_it(mark, remark):
    box = verdicts.Box(verdict(mark))
    assert repr(box) == f"{mark} Linear is PCA.\n  measured 0.05 °, {remark}"
    page = re.sub("<[^>]+>", "", box._repr_html_())
    assert page == f"{mark} Linear is PCA.0.05 °{remark.replace(chr(39), '&#x27;')}"


def test_a_table_is_folded_unless_something_fails():
    for marks, opens, said in [
        ("✓✓", False, "2 numbers, all within bounds"),
        ("✓○", False, "2 numbers, 1 out of bounds"),
        ("✗✗✓", True, "3 numbers, 2 out of bounds"),
        ("✓", False, "1 number, all within bounds"),
    ]:
        table = verdicts.Table(list(map(verdict, marks)))
        page = table._repr_html_()
        assert page.startswith("<details open>" if opens else "<details>")
        assert f">What was measured: {said}</summary>" in page
        assert re.findall("<b style='color:[^>]+>(.)</b>", page) == list(marks)
        assert repr(table).splitlines() == [
            f"What was measured: {said}",
            *(f"{mark} Linear is PCA.: measured 0.05 ° (at most 5 °)" for mark in marks),
        ]


@pytest.mark.parametrize("show", [verdicts.Box, lambda one: verdicts.Table([one])])
def test_pages_are_escaped(show):
    page = show(verdict(sentence="a < b & c", measured="<i>1", unit="<u>"))._repr_html_()
    for text in ("a &lt; b &amp; c", "&lt;i&gt;1", "5 &lt;u&gt;"):
        assert text in page
    assert "<i>" not in page
    assert "<u>" not in page


def test_tools_find_all_in_the_metadata():
    record = {
        "key": "linear-is-pca",
        "codes": ["A10"],
        "sentence": "Linear is PCA.",
        "measured": "0.05 °",
        "expected": "at most 5 °",
        "holds": False,
    }
    shown = verdict(verdicts.SHOWN)
    assert verdicts.Box(shown).metadata == {"gk_claim": {**record, "headline": True}}
    assert verdicts.Table([shown]).metadata == {"gk_claim": [{**record, "headline": False}]}


def contrast(one, other):
    """How far two colours are apart, from 1 to 21, as WCAG defines it."""

    def luminance(colour):
        parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [
            part / 12.92 if part < 0.04 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ground", ["#ffffff", "#111111"])
def test_marks_stand_out_from_light_and_dark_pages(ground):
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert min(contrast(colour, ground) for colour in verdicts.COLOURS.values()) > 3


def test_words_take_the_colour_of_the_page():
    for page in (verdicts.Box(verdict())._repr_html_(), verdicts.Table([verdict()])._repr_html_()):
        assert set(re.findall("(?<![a-z-])color:(#[0-9a-f]+)", page)) == {"#2a7f62"}
        assert "background" not in page
