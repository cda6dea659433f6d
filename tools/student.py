"""Writes copies of the notebooks without solutions to `build/student`: `make student`."""

from pathlib import Path

import arguments
import nbformat
from nbgrader.preprocessors import ClearSolutions
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


def add_arguments(parser):
    arguments.add(parser, "notebooks")
    parser.add_argument(
        "--output",
        type=Path,
        default=arguments.ROOT / "build" / "student",
        help="folder of the copies; default: build/student",
    )


def main(given):
    given.output.mkdir(parents=True, exist_ok=True)
    for path in given.notebooks:
        notebook = without_solutions(nbformat.read(path, as_version=4))
        nbformat.write(notebook, given.output / path.name)
        print(f"Wrote {given.output / path.name}")
