"""The list of planted bugs fits the code: each goes in at exactly one place."""

from pathlib import Path

import mutants
import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("mutant", mutants.read_list(), ids=lambda mutant: mutant.what)
def test_mutant_fits_in_one_place_and_names_a_test_that_exists(mutant):
    path = ROOT / mutant.path
    if path.suffix == ".ipynb":
        sources = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    else:
        sources = [path.read_text(encoding="utf-8")]
    assert sum(source.count(mutant.old) for source in sources) == 1
    assert mutant.new != mutant.old
    file, _, name = mutant.tests.partition("::")
    assert (ROOT / file).exists()
    if name and not name.startswith("Cell"):
        assert f"def {name.split('[')[0]}(" in (ROOT / file).read_text(encoding="utf-8")
