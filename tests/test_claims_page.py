"""`docs/claims.md`: each claim of the course, and what measures it in the saved notebooks."""

from pathlib import Path

import arguments
import claims
import course
import nbformat
import pytest

from gk import bounds

ROOT = Path(__file__).resolve().parent.parent
COURSE = {"D": 5, "A": 11, "V": 13, "G": 15}
ALL = [f"{part}{number}" for part, last in COURSE.items() for number in range(1, last + 1)]
LATER = ["D5", "G2", "G3", "G4", "G5", "G6", "G7"]


@pytest.fixture(scope="module")
def checks():
    return claims.find_checks(arguments.find_notebooks(""))


def test_the_list_has_each_claim_of_the_course_once_in_order():
    parts, later = claims.read_list()
    assert [code for part in parts.values() for code in part] == ALL
    assert later == LATER
    for part in parts.values():
        assert all(sentence.endswith(".") for sentence in part.values())


def test_each_claim_is_measured_but_those_of_notebooks_to_come(checks):
    missing, waiting = claims.without_check(checks)
    assert not missing
    assert set(waiting) <= set(LATER)


def test_bounds_serve_claims_of_the_course():
    for entry in bounds.read().values():
        assert set(entry.codes) <= set(ALL)


def test_the_page_is_that_of_the_saved_notebooks(checks):
    page = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    if page != claims.write(checks):
        pytest.fail("docs/claims.md is not that of the saved notebooks. Run `make claims`.")


RECORD = {
    "key": "pca",
    "codes": ["A10", "A4"],
    "sentence": "p(x | z) is linear.",
    "measured": "0.05 °",
    "expected": "at most 5 °",
    "holds": True,
    "headline": True,
}
OLD = {"code": "A5", "statement": "maps shared", "measured": "100 %", "expected": "at least 1 %"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A function that writes notebook 02, with one cell that claims what is in these records."""
    monkeypatch.setattr(arguments, "ROOT", tmp_path)
    for name in ("docs", "notebooks"):
        (tmp_path / name).mkdir()

    def write(*found, name="02_a.ipynb"):
        outputs = [
            nbformat.v4.new_output("display_data", metadata={"gk_claim": record})
            for record in found
        ]
        cells = [nbformat.v4.new_code_cell(), nbformat.v4.new_code_cell(outputs=outputs)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / name)
        return tmp_path

    return write


def test_both_forms_are_listed_under_each_claim_they_serve(project, capsys):
    row = {**RECORD, "key": "wide", "headline": False, "codes": ["A4"], "sentence": "error"}
    folder = project(RECORD, OLD, [row])
    assert course.main(["claims"]) == 1
    told = capsys.readouterr()
    assert "Nothing measures D1, D2" in told.err
    assert "later notebooks: D5, G2, G3" in told.out
    page = (folder / "docs" / "claims.md").read_text(encoding="utf-8")
    under = {text.partition("\n")[0]: text for text in page.split("### ")}
    link = "| [02](../notebooks/02_a.ipynb) | In[2] | "
    headline = rf"{link}**p(x \| z) is linear.** `pca` | 0.05 ° | at most 5 ° |"
    assert headline in under["A10"]
    assert headline in under["A4"]
    assert f"{link}error `wide` | 0.05 ° |" in under["A4"]
    assert f"{link}maps shared | 100 % | at least 1 % |" in under["A5"]
    assert "**Nothing measures it.**" in under["A1"]
    assert "Comes with a later notebook" in under["G3"]


def test_a_code_that_is_no_claim_is_named_with_its_place(project):
    project({**OLD, "code": "A77"})
    with pytest.raises(
        ValueError, match=r"D1, D2, .*Received: 'A77' in cell In\[2\] of 02_a.ipynb"
    ):
        course.main(["claims"])


def test_pages_outside_of_the_course_s_order_are_left_out(project):
    project({**OLD, "code": "own"}, name="on_ones_own.ipynb")
    assert claims.find_checks(arguments.find_notebooks("")) == {}
