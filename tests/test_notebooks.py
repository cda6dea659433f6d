"""The form of the notebooks: what nbval does not look at."""

import ast
import base64
import copy
import itertools
import re
from pathlib import Path

import folding
import nbformat
import pytest
import records
import retold
import run

import gk
from gk import bounds

ROOT = Path(__file__).resolve().parent.parent
ALL = sorted((ROOT / "notebooks").glob("*.ipynb"))
NOTEBOOKS = [path for path in ALL if path.name[:2].isdecimal()]
# Pages outside of the course's order have no exercises.
of_course = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
TIMES = re.compile(r"\d:\d\d<")  # of a progress bar
CLAIM = re.compile(r"gk\.claim\(|\.headline\(|\.measured\(")
LOCAL_PATH = re.compile(r"(?<![\w./-])(/(home|root|Users|work|tmp|usr|content)/|[A-Z]:\\)\w")


@pytest.fixture(params=ALL, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture
def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture
def prose(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def test_notebooks_are_numbered_without_gaps():
    assert [path.name[:3] for path in NOTEBOOKS] == [
        f"{number:02d}_" for number in range(1, len(NOTEBOOKS) + 1)
    ]


def test_every_code_cell_was_run_once_in_order(code_cells):
    assert [cell.execution_count for cell in code_cells] == list(range(1, len(code_cells) + 1))


def test_figures_claims_and_the_first_line_are_there(code_cells):
    outputs = [output for cell in code_cells for output in cell.outputs]
    assert code_cells[0].outputs, "the set-up cell prints what it runs on"
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert any("gk_claim" in output.get("metadata", {}) for output in outputs)
    for cell in code_cells:
        # A call in a loop shows more than one.
        shown = sum("gk_claim" in output.get("metadata", {}) for output in cell.outputs)
        assert shown >= len(CLAIM.findall(cell.source))


def test_no_output_is_an_error_a_warning_or_a_vector_drawing(code_cells):
    for cell in code_cells:
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.get("text")
            assert "Warning" not in output.get("text", "")
            assert "image/svg+xml" not in output.get("data", {})


def test_nbval_compares_every_cell_but_tables_that_vary(notebook, code_cells):
    allowed = {"parameters", "headline", "nbval-ignore-output"}
    if retold.is_retold(notebook):
        allowed.add(folding.TAG)
    for cell in code_cells:
        assert not re.search(r"^# ?NBVAL", cell.source, re.MULTILINE), "use the tag instead"
        assert set(cell.metadata.get("tags", [])) <= allowed
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            assert not CLAIM.search(cell.source)


def test_cells_are_folded_as_their_tags_say(notebook):
    folded = folding.fold(copy.deepcopy(notebook))
    assert folded == notebook, "run `make notebooks`"


def test_one_title_then_a_question_then_headings_without_jumps(notebook, prose):
    headings = [
        line.split(" ")[0]
        for source in prose
        for line in source.splitlines()
        if re.match(r"#{1,6} ", line)
    ]
    assert notebook.cells[0].source.startswith("# ")
    assert headings.count("#") == 1
    levels = [len(heading) for heading in headings]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    question = notebook.cells[0].source.split("\n\n")[1]
    assert "?" in question
    assert re.search(r"minutes? on a CPU", question)


def test_it_starts_with_setup_and_one_cell_of_parameters(code_cells):
    assert "gk.setup(" in code_cells[0].source
    assert sum(cell.source.count("gk.setup(") for cell in code_cells) == 1
    tagged = [cell for cell in code_cells if "parameters" in cell.metadata.get("tags", [])]
    assert tagged == [code_cells[1]]
    assert all(line.split(" ")[0].isupper() for line in tagged[0].source.splitlines())


@of_course
def test_it_ends_with_exercises_and_references(prose):
    headings = re.findall(r"^## (.+)$", "\n".join(prose), re.MULTILINE)
    assert headings[-2:] == ["Exercises", "References"]


@of_course
def test_solutions_are_marked_and_checked(notebook, code_cells):
    solutions = [cell.source for cell in code_cells if "BEGIN SOLUTION" in cell.source]
    assert 3 <= len(solutions) <= 6
    for source in solutions:
        assert source.count("### BEGIN SOLUTION") == source.count("### END SOLUTION") == 1
        assert "assert " in source.split("### END SOLUTION")[1]


@of_course
def test_a_notebook_that_uses_gk_claims_has_their_form(path, notebook):
    number = path.name[:2]
    keys = [key for of, key in bounds.read() if of == number]
    if retold.is_retold(notebook):
        assert not retold.faults(notebook, number, keys)
        claimed = [claim["key"] for claim in records.read(notebook)]
        assert len(claimed) == len(set(claimed))


def of_retold_form(change=lambda source: source, num_cells=4, num_solutions=3):
    """Returns a notebook of the form that uses `gk.Claims`, after a change of its code."""
    sources = [
        'claims = gk.Claims("02", DATASET, profile)',
        'claims.headline("pca", "It is PCA.", 0.1)',
        'claims.measured([("wide", "error", 1)])',
        *["### BEGIN SOLUTION\n1\n### END SOLUTION"] * num_solutions,
        *["1"] * (num_cells - 4),
    ]
    cells = [nbformat.v4.new_code_cell(change(source)) for source in sources]
    return nbformat.v4.new_notebook(cells=cells)


def test_the_form_of_gk_claims_can_be_kept():
    notebook = of_retold_form(num_cells=42)
    assert retold.is_retold(notebook)
    assert not retold.is_retold(of_retold_form(lambda source: source.replace("gk.Claims", "f")))
    assert len(notebook.cells) <= retold.MAX_CELLS
    assert retold.faults(notebook, "02", ["pca", "wide"]) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"02"', '"03"', 'by `gk.Claims("02", …)`'),
        ("claims.headline", "print", "0 headlines: make 1 to 5"),
        ("claims.headline(", "\n".join(["claims.headline("] * 6), "6 headlines: make 1 to 5"),
        ("claims.measured", "print", "0 calls of `measured`: make 1"),
        ("claims.measured(", "claims.measured([])\nclaims.measured(", "2 calls of `measured`"),
        ("claims.measured", "### BEGIN SOLUTION\n1\nclaims.measured", "before them"),
        ("claims.measured", "gk.claim(1)\nclaims.measured", "`gk.claim` beside `gk.Claims`"),
        ("0.1)", "0.1, at_most=1)", "put it into gk/bounds.ini"),
        ("1\n", "1\n" * 200, "lines of code: keep to 350"),
    ],
)
def test_what_differs_from_the_form_of_gk_claims_is_told(old, new, fault):
    notebook = of_retold_form(lambda source: source.replace(old, new))
    (told,) = retold.faults(notebook, "02", ["pca", "wide"])
    assert fault in told


def test_bounds_that_no_cell_asks_for_are_told():
    (told,) = retold.faults(of_retold_form(), "02", ["pca", "wider", "wide", "w"])
    assert told.startswith("no cell names wider, w: remove the sections")


def test_the_form_of_gk_claims_is_short_and_has_exercises():
    (told,) = retold.faults(of_retold_form(num_cells=50), "02", [])
    assert told.endswith("cells: keep to 45")
    for num_solutions, is_fine in [(2, False), (3, True), (5, True), (6, False)]:
        told = retold.faults(of_retold_form(num_solutions=num_solutions), "02", [])
        assert bool(told) != is_fine


def test_ones_own_images_need_ten_cells():
    cells = nbformat.read(ROOT / "notebooks" / "train_on_your_own_images.ipynb", 4).cells
    assert sum(cell.cell_type == "code" for cell in cells) == 10


@of_course
def test_length_is_for_reading(notebook, code_cells, prose):
    lines = [len([line for line in cell.source.splitlines() if line]) for cell in code_cells]
    words = sum(len(source.split()) for source in prose)
    assert 30 <= len(notebook.cells) <= 68
    folded = ["fold" in cell.metadata.get("tags", []) for cell in code_cells]
    assert max(n for n, is_folded in zip(lines, folded, strict=True) if not is_folded) <= 27
    assert 3 <= words / sum(lines) <= 9


def test_it_is_small_and_tells_nothing_of_the_machine_that_ran_it(path, notebook):
    assert path.stat().st_size < 1.5e6
    for cell in notebook.cells:
        shown = [cell.source]
        for output in cell.get("outputs", []):
            shown += [output.get("text", ""), *map(str, output.get("data", {}).values())]
        for text in shown:
            if not text.startswith("iVBOR"):
                assert not LOCAL_PATH.search(text), text[:300]
                assert not TIMES.search(text), text[:300]


def test_models_are_imported_and_not_defined_again(code_cells):
    public = {name.lower() for name in gk.__all__ if name[0].isupper()}
    for cell in code_cells:
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ClassDef):
                assert node.name.lower() not in public
                bases = {ast.unparse(base) for base in node.bases}
                assert not bases & {"keras.Model", "tf.keras.Model", "Model"}


def test_its_card_can_be_made(path, notebook):
    card = run.describe(notebook)
    assert card["title"]
    assert len(card["claims"]) >= 3
    # Where the README shows its figure, it is the present one.
    picture = ROOT / "docs" / f"{path.stem[:2]}.png"
    is_shown = f"docs/{picture.name}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert picture.exists() == is_shown
    assert not is_shown or picture.read_bytes() == base64.b64decode(card["figure"])
