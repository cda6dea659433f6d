"""Tries the course with other versions than the developers': `make test-versions`.

Each environment is made under `build/versions` with its own Python. In it run all unit tests,
among them those of every file that ships, and two notebooks to the end. The table that is printed
at the end is Markdown, and stays in `build/versions/table.md`.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from arguments import ROOT
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# nbgrader does not go with Colab's IPython, and the benchmarks are not what is tried.
EXTRAS = ("course", "test")
# The tests of what ships: data sets, judges, trained GANs, ratings.
SHIPPED = [
    f"tests/test_{name}.py" for name in ("shipped", "datasets", "judges", "pretrained", "ratings")
]
UNIT_TESTS = ["tests", "gk", "-m", "not real", *(f"--ignore={path}" for path in SHIPPED)]
NOTEBOOKS = ("04", "08")
TELL_VERSIONS = """
import importlib.metadata, json, platform
names = ("tensorflow", "keras", "numpy")
print(json.dumps([platform.python_version(), *map(importlib.metadata.version, names)]))
"""


@dataclasses.dataclass(frozen=True)
class Environment:
    """Versions to try.

    Attributes:
        pythons: versions of Python, of which the first that is there is taken.
        constraints: path of a file of pinned versions below the project's folder, `"bounds"`
            for each lower bound of pyproject.toml, or `None` for the newest of everything.
    """

    pythons: tuple
    constraints: str | None


ENVIRONMENTS = {
    "lowest": Environment(("3.10",), "bounds"),
    "colab": Environment(("3.12",), "constraints/colab-2026.07.txt"),
    "python3.13": Environment(("3.13",), "constraints/colab-2026.08.txt"),
    "newest": Environment(("3.13", "3.12", "3.11"), None),
}


def requirements(project):
    """Returns what a project's table in pyproject.toml asks for, with the extras in use here."""
    extras = project["optional-dependencies"]
    return sum((extras[name] for name in EXTRAS), project["dependencies"])


def lower_bounds(project, python):
    """Returns each lower bound of a project as a pinned version, one a line.

    Args:
        project: the table `project` of a pyproject.toml.
        python: version of Python, such as `"3.10"`, for which the bounds are meant.
    """
    lines = []
    for text in requirements(project):
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"python_version": python}):
            continue
        bounds = [spec.version for spec in requirement.specifier if spec.operator == ">="]
        if len(bounds) != 1:
            raise ValueError(
                f"Expected one lower bound (>=) of each package in pyproject.toml. Received: {text}"
            )
        lines.append(f"{requirement.name}=={bounds[0]}")
    return "\n".join(lines) + "\n"


def find_python(version):
    """Returns an interpreter of this version that can make environments, or `None`.

    Looks at the one that runs this, on the PATH and at pyenv's.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates = [sys.executable, shutil.which(f"python{version}")]
    candidates += sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    ask = "import ensurepip, sys; print(*sys.version_info[:2], sep='.')"
    for candidate in filter(None, candidates):
        done = subprocess.run([candidate, "-c", ask], capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return str(candidate)
    return None


def clean_environment():
    """Returns the environment's variables without those that would let in other packages."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return {**kept, "PYTHONNOUSERSITE": "1", "GK_PROFILE": "cpu"}


def run_step(what, command, log):
    """Runs a command with its output in a file; returns whether it went well, and the minutes."""
    print(f"  {what}: {log.relative_to(ROOT)}", flush=True)
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(
            command, cwd=ROOT, env=clean_environment(), stdout=file, stderr=file, check=False
        )
    return done.returncode == 0, (time.monotonic() - started) / 60


def prepare(environment, folder):
    """Makes an environment unless it is there; returns its interpreter.

    Raises:
        ValueError: if no interpreter of its Python is there, or its packages cannot be installed.
    """
    found = (find_python(version) for version in environment.pythons)
    base = next(filter(None, found), None)
    if base is None:
        version = environment.pythons[0]
        raise ValueError(
            f"needs Python {' or '.join(environment.pythons)} with venv, and none is there. "
            f"Install one: `apt install python{version}-venv` where the system has it, or "
            f"`pyenv install {version}`"
        )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pinned = None
    if environment.constraints == "bounds":
        pinned = lower_bounds(project, environment.pythons[0])
    elif environment.constraints is not None:
        pinned = (ROOT / environment.constraints).read_text("utf-8")

    venv, stamp = folder / "venv", folder / "installed.txt"
    python = venv / "bin" / "python"
    digest = hashlib.sha256(repr([base, requirements(project), pinned]).encode()).hexdigest()
    # What is newest changes by the day, so that environment is made anew each time.
    if pinned is not None and stamp.exists() and stamp.read_text() == digest:
        return python
    folder.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    subprocess.run([base, "-m", "venv", "--clear", venv], env=clean_environment(), check=True)
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]
    pip += ["--no-compile"]  # of a thousand modules that nobody imports
    if pinned is not None:
        constraints = folder / "constraints.txt"
        constraints.write_text(pinned, encoding="utf-8")
        pip += ["--constraint", constraints]
    log = folder / "install.log"
    installed, _ = run_step("install", [*pip, "--editable", f".[{','.join(EXTRAS)}]"], log)
    if not installed:
        raise ValueError(f"packages cannot be installed: see the end of {log.relative_to(ROOT)}")
    stamp.write_text(digest)
    return python


def run_tests(python, what, arguments, folder):
    """Runs tests; returns a cell of the table, and the names of those that failed."""
    name = what.replace(" ", "-")
    report = folder / f"{name}.xml"
    report.unlink(missing_ok=True)
    pytest = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    pytest += ["--numprocesses=2", "--dist=loadscope", "--no-loadscope-reorder", *arguments]
    passed, _ = run_step(what, pytest, folder / f"{name}.log")
    if not report.exists():
        return "**no result**", [f"{what}: pytest ended without a report"]
    cell, failed = summarize(report)
    if not passed and not failed:
        failed = [f"{what}: pytest ended with an error"]
    return cell, failed


def summarize(report):
    """Returns a cell of the table and the names of failed tests from a JUnit report."""
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = [case for case in cases if {"failure", "error"} & {child.tag for child in case}]
    skipped = sum(any(child.tag == "skipped" for child in case) for case in cases)
    names = [f"{case.get('classname')}::{case.get('name')}" for case in failed]
    if failed:
        return f"**{len(failed)} of {len(cases) - skipped} failed**", names
    return f"{len(cases) - skipped} passed" + f", {skipped} skipped" * bool(skipped), names


def try_environment(name, quick):
    """Tries one environment; returns the cells of its row, and what failed."""
    folder = ROOT / "build" / "versions" / name
    cells = {"environment": name}
    try:
        python = prepare(ENVIRONMENTS[name], folder)
    except ValueError as error:
        return cells, [str(error)]
    told = subprocess.run(
        [python, "-c", TELL_VERSIONS], env=clean_environment(), capture_output=True, check=True
    )
    titles = ("Python", "TensorFlow", "Keras", "NumPy")
    cells |= dict(zip(titles, json.loads(told.stdout), strict=True))
    cells["shipped files"], failures = run_tests(python, "shipped files", SHIPPED, folder)
    if not quick:
        cells["unit tests"], failed = run_tests(python, "unit tests", UNIT_TESTS, folder)
        failures += failed
    for number in NOTEBOOKS[:1] if quick else NOTEBOOKS:
        what = f"notebook {number}"
        command = [python, "tools/course.py", "run", "--notebooks", number]
        command += ["--output", folder / "course"]
        passed, minutes = run_step(what, command, folder / f"notebook-{number}.log")
        cells[what] = f"passed in {minutes:.1f} min" if passed else "**failed**"
        if not passed:
            failures.append(f"{what}: see {folder.relative_to(ROOT)}/notebook-{number}.log")
    return cells, failures


def table(rows):
    """Returns rows, dicts from title to cell, as a table in Markdown."""
    titles = list(max(rows, key=len))
    lines = [titles, ["---"] * len(titles)]
    lines += [[row.get(title, "**not tried**") for title in titles] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def choose(names):
    """Returns the names of environments in a text, or all of them if it is empty."""
    chosen = names.split() or list(ENVIRONMENTS)
    if unknown := [name for name in chosen if name not in ENVIRONMENTS]:
        raise argparse.ArgumentTypeError(
            f"VERSIONS takes any of: {' '.join(ENVIRONMENTS)}. Received: {' '.join(unknown)}"
        )
    return chosen


def add_arguments(parser):
    known = ", ".join(ENVIRONMENTS)
    parser.add_argument("--only", type=choose, default="", help=f"some of {known}; default: all")
    parser.add_argument("--quick", action="store_true", help="shipped files and notebook 04 only")


def main(given):
    rows, failures = [], []
    for name in given.only:
        print(f"{name}:", flush=True)
        cells, failed = try_environment(name, given.quick)
        rows.append(cells)
        failures += [f"{name}: {failure}" for failure in failed]
    text = table(rows)
    if failures:
        text += "\n" + "\n".join(f"- {failure}" for failure in failures) + "\n"
    output = ROOT / "build" / "versions" / "table.md"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    print(f"\n{text}", end="")
    return 1 if failures else 0
