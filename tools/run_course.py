"""Runs the notebooks in order and builds the course's pages: called by `make run`."""

import argparse
import os
import re
import sys
import time
from pathlib import Path

import jinja2
import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from papermill.exceptions import PapermillExecutionError

from gk import PROFILES

ROOT = Path(__file__).resolve().parent.parent
# As in "E0000 00:00:1795411290.867316   22982 meta_optimizer.cc:967] remapper failed".
NATIVE_LOG = re.compile(r"[IWEF]\d{4} \d\d:\d\d:[\d.]+ +\d+ \S+\.cc:\d+\]")
# The sets of ten classes in 28 x 28 grey pixels; notebooks about faces use faces in any case.
DATA_SETS = ("digits", "mnist", "fashion_mnist")
# Else each kernel warns that what it says to this machine itself is not encrypted.
KERNEL_ARGUMENTS = ["--log-level=ERROR"]


def set_environment(profile):
    """Sets what kernels inherit: the profile, still pictures, and the folder of real data."""
    os.environ["GK_PROFILE"] = profile
    os.environ["GK_STATIC"] = "1"  # nobody drags a slider here
    if folder := os.environ.get("GK_DATA_DIR"):
        os.environ["GK_DATA_DIR"] = os.path.abspath(folder)  # kernels start in notebooks/


def find_notebooks(numbers):
    """Returns the paths of the notebooks with these numbers, or of all where there are none."""
    known = {
        path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    }
    if unknown := [number for number in numbers if number not in known]:
        raise ValueError(
            f"Unknown notebooks {' '.join(unknown)}. NOTEBOOKS takes any of: {' '.join(known)}"
        )
    return [known[number] for number in sorted(set(numbers or known))]


def describe(notebook):
    """Returns what the card of an executed notebook shows: title, question, figure, claims."""
    heading = next(cell.source for cell in notebook.cells if cell.source.startswith("# "))
    title, question = heading.removeprefix("# ").split("\n\n")[:2]
    figures, claims, number = [], [], 0
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        # As in the notebook itself, where Papermill's cell of parameters is not.
        number += cell.cell_type == "code" and "injected-parameters" not in tags
        is_headline = "headline" in tags
        for output in cell.get("outputs", []):
            if "gk_claim" in output.get("metadata", {}):
                claims.append({"cell": number, **output.metadata["gk_claim"]})
            if "image/png" in output.get("data", {}):
                figures.append((is_headline, output.data["image/png"]))
    # The cell tagged "headline", or else the first figure.
    figure = max(figures, key=lambda pair: pair[0])[1] if figures else None
    return {"title": title, "question": question, "figure": figure, "claims": claims}


def tidy(notebook):
    """Leaves of a progress bar's many lines only the last, and of TensorFlow's native log none."""
    notebook = CoalesceStreamsPreprocessor(enabled=True).preprocess(notebook, {})[0]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_native_log(output)]
    return notebook


def _is_native_log(output):
    lines = output.get("text", "").splitlines()
    return output.get("name") == "stderr" and all(map(NATIVE_LOG.match, lines))


def run_notebook(path, output, position, parameters):
    """Executes one notebook into `output`; returns its card, which tells of a failure too."""
    executed = output / path.name
    started, error = time.monotonic(), None
    try:
        papermill.execute_notebook(
            path,
            executed,
            parameters=parameters,
            kernel_name="python3",
            extra_arguments=KERNEL_ARGUMENTS,
            cwd=path.parent,
            progress_bar={"desc": f"{position} {path.stem}"},
        )
    except PapermillExecutionError as failure:
        error = f"cell In[{failure.exec_count}]: {failure.ename}: {failure.evalue}"
    except (DeadKernelError, CellTimeoutError) as failure:
        error = f"{type(failure).__name__}: {failure}"
    minutes = (time.monotonic() - started) / 60
    notebook = nbformat.read(executed, as_version=4)
    notebook = tidy(notebook)
    nbformat.write(notebook, executed)
    page, _ = HTMLExporter(embed_images=True).from_notebook_node(notebook)
    executed.with_suffix(".html").write_text(page, encoding="utf-8")
    return {"name": path.stem, "minutes": minutes, "error": error, **describe(notebook)}


def write_index(cards, output, parameters, profile):
    """Writes `index.html`, one card for each notebook run."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    template = jinja2.Environment(loader=loader, autoescape=True).get_template("index.html.j2")
    dataset = parameters["DATASET"]
    page = template.render(cards=cards, dataset=dataset, profile=profile)
    (output / "index.html").write_text(page, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notebooks", default="", help='numbers, such as "01 02"; default: all')
    parser.add_argument("--dataset", default="", help=f"one of {', '.join(DATA_SETS)}")
    parser.add_argument("--profile", default="cpu", help=f"one of {', '.join(PROFILES)}")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "course")
    given = parser.parse_args()
    if given.profile not in PROFILES:
        parser.error(f"PROFILE takes one of: {' '.join(PROFILES)}. Received: {given.profile}")
    dataset = given.dataset or PROFILES[given.profile].dataset
    if dataset not in DATA_SETS:
        parser.error(f"DATASET takes one of: {' '.join(DATA_SETS)}. Received: {dataset}")
    try:
        paths = find_notebooks(given.notebooks.split())
    except ValueError as error:
        parser.error(str(error))

    given.output.mkdir(parents=True, exist_ok=True)
    set_environment(given.profile)
    parameters, cards = {"DATASET": dataset}, []
    for number, path in enumerate(paths, start=1):
        card = run_notebook(path, given.output, f"[{number}/{len(paths)}]", parameters)
        cards.append(card)
        write_index(cards, given.output, parameters, given.profile)
        if card["error"]:
            print(f"\n{path.name} failed in {card['error']}", file=sys.stderr)
            print(f"What was done is kept in {given.output}", file=sys.stderr)
            return 1
    minutes = sum(card["minutes"] for card in cards)
    print(f"\nDone in {minutes:.1f} minutes. Open {given.output / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
