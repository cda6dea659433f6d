"""Runs the notebooks top to bottom and saves their outputs in place: `make notebooks`.

A headline figure that the README shows, `docs/NN.png`, is renewed with its notebook. How long
this machine took is left out of the progress bars: it says nothing about the reader's. Each
notebook runs on one core, as in the tests that compare its outputs.
"""

import base64
import contextlib
import re

import arguments
import folding
import nbformat
import side_by_side
from nbclient import NotebookClient
from run import KERNEL_ARGUMENTS, describe, set_environment, tidy

TIMES = re.compile(r" \[[\d:]+<[^\]\n]*\]?")  # tqdm's [elapsed<remaining, rate], or its beginning


def leave_out_times(notebook):
    """Leaves of each progress bar's line what was counted, without this machine's times."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = TIMES.sub("", output.text)
    return notebook


def execute(path, tell):
    """Returns a notebook's path, and the text of the notebook as it is to be saved."""
    notebook = folding.fold(nbformat.read(path, as_version=4))
    num_cells = len(notebook.cells)
    tell(0, num_cells)
    client = NotebookClient(
        notebook,
        timeout=None,
        kernel_name="python3",
        extra_arguments=KERNEL_ARGUMENTS,
        record_timing=False,
        resources={"metadata": {"path": path.parent}},
        on_cell_complete=lambda cell, cell_index: tell(cell_index + 1, num_cells),
    )
    client.execute()
    return path, nbformat.writes(leave_out_times(tidy(notebook)))


def add_arguments(parser):
    arguments.add(parser, "notebooks", "jobs")


def main(given):
    set_environment("cpu")
    paths = side_by_side.longest_first(given.notebooks)
    tasks = {side_by_side.label(path): (path,) for path in paths}
    jobs = given.jobs or side_by_side.how_many(len(paths))
    saving = side_by_side.run(execute, tasks, jobs, share=side_by_side.one_each)
    with contextlib.closing(saving):
        for path, text in saving:
            notebook = nbformat.reads(text, as_version=4)
            nbformat.write(notebook, path)
            picture = arguments.ROOT / "docs" / f"{arguments.number_of(path)}.png"
            if picture.exists():
                picture.write_bytes(base64.b64decode(describe(notebook)["figure"]))
