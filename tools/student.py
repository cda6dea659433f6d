"""Writes copies of the notebooks without solutions to `build/student`: `make student`."""

import argparse
from pathlib import Path

import nbformat
from nbgrader.preprocessors import ClearSolutions
from run_course import ROOT, find_notebooks
from traitlets.config import Config

STUB = "# Your code here.\nraise NotImplementedError()"


def without_solutions(notebook):
    """Returns a copy in which each solution, and what it printed, gives way to a stub."""
    notebook = nbformat.from_dict(notebook)
    solved = [cell for cell in notebook.cells if "BEGIN SOLUTION" in cell.source]
    settings = Config()
    settings.ClearSolutions.enforce_metadata = False
    settings.ClearSolutions.code_stub = {"python": STUB}
    notebook, _ = ClearSolutions(config=settings).preprocess(notebook, {})
    for cell in solved:
        cell.outputs, cell.execution_count = [], None
    return notebook


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notebooks", default="", help='numbers, such as "01 02"; default: all')
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "student")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    for path in find_notebooks(given.notebooks.split()):
        notebook = without_solutions(nbformat.read(path, as_version=4))
        nbformat.write(notebook, given.output / path.name)
        print(f"Wrote {given.output / path.name}")


if __name__ == "__main__":
    main()
