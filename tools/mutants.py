"""Plants bugs one by one and reports which ones the tests catch: `make mutants`.

Each bug of `mutants.toml` goes into a copy of the project. The tests that should notice run
first; if they pass, all tests run, and a bug that survives these too makes the command fail.
"""

import argparse
import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from arguments import ROOT
from tqdm import tqdm

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LIST = Path(__file__).with_suffix(".toml")


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A bug: in `path`, `old` becomes `new`; `tests` are the ones that should notice."""

    what: str
    path: str
    old: str
    new: str
    tests: str


def read_list():
    return [Mutant(**entry) for entry in tomllib.loads(LIST.read_text("utf-8"))["mutant"]]


def choose(word):
    """Returns the mutants with a word in their description."""
    chosen = [mutant for mutant in read_list() if word in mutant.what]
    if not chosen:
        raise argparse.ArgumentTypeError(
            f"No mutant has {word!r} in its description; see {LIST.name}"
        )
    return chosen


def plant(mutant, folder):
    """Writes the bug into a copy of the project; it must fit in exactly one place."""
    path = folder / mutant.path
    if path.suffix == ".ipynb":
        notebook = nbformat.read(path, as_version=4)
        cells = [cell for cell in notebook.cells if mutant.old in cell.source]
        places = sum(cell.source.count(mutant.old) for cell in cells)
        for cell in cells:
            cell.source = cell.source.replace(mutant.old, mutant.new)
        nbformat.write(notebook, path)
    else:
        text = path.read_text(encoding="utf-8")
        places = text.count(mutant.old)
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    if places != 1:
        raise ValueError(
            f"{mutant.what}: expected {mutant.old!r} once in {mutant.path}. "
            f"Received: {places} times. Mend the list of mutants."
        )


def is_caught(mutant, tests):
    """Returns whether one of the lists of tests fails with the bug; `None` is no bug at all."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "project"
        ignored = shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache")
        shutil.copytree(ROOT, folder, ignore=ignored)
        if mutant is not None:
            plant(mutant, folder)
        environment = {**os.environ, "PYTHONPATH": str(folder), "GK_PROFILE": "cpu"}
        pytest = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        # Looks at the list of bugs itself, and would call each one caught.
        pytest.append("--ignore=tests/test_mutants.py")
        for names in tests:
            done = subprocess.run(
                [*pytest, *names], cwd=folder, env=environment, capture_output=True, check=False
            )
            # 1 is pytest's word for failed tests; anything else but 0 is no verdict.
            if done.returncode not in (0, 1):
                raise RuntimeError(done.stdout.decode() + done.stderr.decode())
            if done.returncode == 1:
                return True
    return False


def add_arguments(parser):
    parser.add_argument(
        "--only", type=choose, default="", help="those with this word in their description"
    )


def main(given):
    chosen, all_mutants = given.only, read_list()
    # All tests, or those that are going to be asked.
    baseline = [] if chosen == all_mutants else sorted({mutant.tests for mutant in chosen})
    if is_caught(None, [baseline]):
        print("The tests fail without any bug planted; mend that first.")
        return 1
    caught = 0
    for mutant in tqdm(chosen, desc="mutants", unit="mutant"):
        verdict = is_caught(mutant, [[mutant.tests], []])
        caught += verdict
        tqdm.write(f"{'caught  ' if verdict else 'SURVIVED'}  {mutant.what} ({mutant.path})")
    print(f"{caught} of {len(chosen)} caught")
    return 0 if caught == len(chosen) else 1
