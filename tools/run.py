"""Runs the notebooks side by side and builds the course's pages: `make run`."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import arguments
import jinja2
import nbformat
import papermill
import records
import side_by_side
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from papermill.exceptions import PapermillExecutionError

# As in "E0000 00:00:1795411290.867316   22982 meta_optimizer.cc:967] remapper failed".
NATIVE_LOG = re.compile(r"[IWEF]\d{4} \d\d:\d\d:[\d.]+ +\d+ \S+\.cc:\d+\]")
COUNT_GPUS = "import tensorflow; print(len(tensorflow.config.list_physical_devices('GPU')))"
# Else each kernel warns that what it says to this machine itself is not encrypted.
KERNEL_ARGUMENTS = ["--log-level=ERROR"]


def set_environment(profile, own=False):
    """Sets what kernels inherit: the profile, still pictures, and the folder of real data.

    For images of one's own claims are shown, as their bounds are those of other sets.
    """
    os.environ["GK_PROFILE"] = profile
    if own:
        os.environ["GK_CLAIMS"] = "show"
    os.environ["GK_STATIC"] = "1"  # nobody drags a slider here
    if folder := os.environ.get("GK_DATA_DIR"):
        os.environ["GK_DATA_DIR"] = os.path.abspath(folder)  # kernels start in notebooks/


def describe(notebook):
    """Returns what the card of an executed notebook shows: title, question, figure, claims."""
    heading = next(cell.source for cell in notebook.cells if cell.source.startswith("# "))
    title, question = heading.removeprefix("# ").split("\n\n")[:2]
    figures = []
    for cell in notebook.cells:
        is_headline = "headline" in cell.metadata.get("tags", [])
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                figures.append((is_headline, output.data["image/png"]))
    # The cell tagged "headline", or else the first figure.
    figure = max(figures, key=lambda pair: pair[0])[1] if figures else None
    claims = records.read(notebook)
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


def without_exercises(notebook):
    """Leaves out the cells of the exercises: their checks are made for the course's sets."""
    kept, inside = [], False
    for cell in notebook.cells:
        inside = inside and not cell.source.startswith("## References")
        if not inside and cell.cell_type == "markdown":
            cell.source, heading, _ = cell.source.partition("## Exercises")
            inside = bool(heading)
            kept += [cell] if cell.source else []
        elif not inside:
            kept.append(cell)
    notebook.cells = kept
    return notebook


def page_of(notebook):
    """Returns the page of an executed notebook, with pictures in it and folded cells folded."""
    template = Path(__file__).with_name("page.html.j2")
    page, _ = HTMLExporter(embed_images=True, template_file=str(template)).from_notebook_node(
        notebook
    )
    return page


def run_notebook(path, output, parameters, tell):
    """Executes one notebook into `output`; returns its card, which tells of a failure too."""
    executed = output / path.name
    notebook = nbformat.read(path, as_version=4)
    if arguments.is_own(parameters.get("DATASET", arguments.DATA_SETS[0])):
        notebook = without_exercises(notebook)
    num_cells = len(notebook.cells) + 1  # Papermill's parameters
    tell(0, num_cells)
    started, error = time.monotonic(), None
    try:
        papermill.execute_notebook(
            notebook,
            executed,
            parameters=parameters,
            kernel_name="python3",
            extra_arguments=KERNEL_ARGUMENTS,
            cwd=path.parent,
            progress_bar=False,
            on_cell_complete=lambda cell, cell_index: tell(cell_index + 1, num_cells),
        )
    except PapermillExecutionError as failure:
        error = f"cell In[{failure.exec_count}]: {failure.ename}: {failure.evalue}"
    except (DeadKernelError, CellTimeoutError) as failure:
        error = f"{type(failure).__name__}: {failure}"
    minutes = (time.monotonic() - started) / 60
    notebook = nbformat.read(executed, as_version=4)
    notebook = tidy(notebook)
    nbformat.write(notebook, executed)
    executed.with_suffix(".html").write_text(page_of(notebook), encoding="utf-8")
    facts = {"name": path.stem, "number": arguments.number_of(path), "minutes": minutes}
    return {**facts, "error": error, **describe(notebook)}


def parameters_of(path, dataset):
    """Returns what a notebook is given; a page about one's own images takes no set by name."""
    takes_names = bool(arguments.number_of(path))
    return {"DATASET": dataset} if takes_names or arguments.is_own(dataset) else {}


def has_error(card):
    return bool(card["error"])


def write_index(cards, output, dataset, profile, minutes):
    """Writes `index.html`, one card for each notebook run, in the order of the course."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    template = jinja2.Environment(loader=loader, autoescape=True).get_template("index.html.j2")
    cards = sorted(cards, key=lambda card: card["name"])
    own = arguments.is_own(dataset)
    page = template.render(cards=cards, dataset=dataset, profile=profile, minutes=minutes, own=own)
    (output / "index.html").write_text(page, encoding="utf-8")


def how_many(profile, num_notebooks):
    """Returns how many notebooks to run at once; a GPU takes one after the other."""
    if profile == "gpu":
        command = [sys.executable, "-c", COUNT_GPUS]
        counted = subprocess.run(command, capture_output=True, text=True, check=True)
        if int(counted.stdout):
            return 1
    return side_by_side.how_many(num_notebooks, arguments.PROFILES[profile][1])


def run_course(paths, output, dataset, profile, jobs):
    """Runs notebooks and writes their pages and the index; returns the failed one's card, if any.

    Only what is done comes into `output`; with a failure, what else runs is ended.
    """
    started, cards = time.monotonic(), []
    with tempfile.TemporaryDirectory(dir=output, prefix=".unfinished-") as unfinished:
        tasks = {
            side_by_side.label(path): (path, Path(unfinished), parameters_of(path, dataset))
            for path in side_by_side.longest_first(paths)
        }
        running = side_by_side.run(run_notebook, tasks, jobs, has_failed=has_error)
        with contextlib.closing(running):
            for card in running:
                for page in Path(unfinished).glob(f"{card['name']}.*"):
                    os.replace(page, output / page.name)
                cards.append(card)
                minutes = (time.monotonic() - started) / 60
                write_index(cards, output, dataset, profile, minutes)
                if has_error(card):
                    return card
    print(f"\nDone in {minutes:.1f} minutes. Open {output / 'index.html'}")
    return None


def add_arguments(parser):
    arguments.add(parser, "notebooks", "dataset", "profile", "jobs")
    parser.add_argument(
        "--output",
        type=Path,
        default=arguments.ROOT / "build" / "course",
        help="folder of the pages; default: build/course",
    )


def main(given):
    given.output.mkdir(parents=True, exist_ok=True)
    dataset = given.dataset or arguments.PROFILES[given.profile][0]
    set_environment(given.profile, arguments.is_own(dataset))
    jobs = given.jobs or how_many(given.profile, len(given.notebooks))
    try:
        failure = run_course(given.notebooks, given.output, dataset, given.profile, jobs)
    except KeyboardInterrupt:
        print(f"\nStopped. What was done is kept in {given.output}", file=sys.stderr)
        return 130
    if failure:
        print(f"\n{failure['name']}.ipynb failed in {failure['error']}", file=sys.stderr)
        print(f"What was done is kept in {given.output}", file=sys.stderr)
        return 1
    return 0
