"""Copies for students: nothing of a solution is left, and the checks stay."""

from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
pytest.importorskip("nbgrader", reason="nbgrader does not go with Colab's IPython")
import student  # noqa: E402


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")), ids=lambda p: p.stem
)
def test_solutions_are_gone_and_checks_stay(path):
    notebook = nbformat.read(path, as_version=4)
    before = [cell.source for cell in notebook.cells]
    copy = student.without_solutions(notebook)
    solved = 0
    for source, cell in zip(before, copy.cells, strict=True):
        if "BEGIN SOLUTION" in source:
            solved += 1
            assert "NotImplementedError" in cell.source
            assert "SOLUTION" not in cell.source
            assert cell.source.endswith(source.split("### END SOLUTION")[1].rstrip())
            assert not cell.outputs
        else:
            assert cell.source == source
    assert solved >= 3
