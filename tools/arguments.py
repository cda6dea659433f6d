"""What the subcommands of `course.py` share: the project's folder, and arguments of several.

An empty value, as `make` passes for a variable that is not set, means the default.
"""

import argparse
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The sets of ten classes in 28 x 28 grey pixels; notebooks about faces use faces in any case.
DATA_SETS = ("digits", "mnist", "fashion_mnist")
# Each profile's data set and how much memory a notebook takes at most, in GiB: what `gk` says of
# them would cost TensorFlow's start.
PROFILES = {"cpu": ("digits", 2.5), "gpu": ("mnist", 5.0)}


def find_notebooks(numbers):
    """Returns the paths of the notebooks with the numbers in a text, or of all if it is empty.

    A page outside of the course's order has no number and goes by its name.
    """
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    known = {number_of(path) or path.stem: path for path in paths}
    wanted = numbers.split()
    if unknown := [number for number in wanted if number not in known]:
        raise argparse.ArgumentTypeError(
            f"Unknown notebooks {' '.join(unknown)}. NOTEBOOKS takes any of: {' '.join(known)}"
        )
    return [known[number] for number in sorted(set(wanted or known))]


def number_of(path):
    """Returns the two digits of a notebook of the course, or nothing for another page."""
    return path.stem[:2] if path.stem[:2].isdecimal() else ""


def one_of(known, variable, default=""):
    """Returns a function that takes a name out of the known ones, or the default for no name."""

    def check(name):
        if name and name not in known:
            raise argparse.ArgumentTypeError(
                f"{variable} takes one of: {' '.join(known)}. Received: {name}"
            )
        return name or default

    return check


def data_set(name):
    """Returns the name of a data set, or the whole path of images of one's own."""
    if not name or name in DATA_SETS:
        return name
    path = Path(name).expanduser()
    if not (path.is_dir() or zipfile.is_zipfile(path)):
        raise argparse.ArgumentTypeError(
            f"DATASET takes one of: {' '.join(DATA_SETS)}, or the path of a folder or a zip "
            f"archive of your images. Received: {name}"
        )
    return str(path.resolve())


def is_own(dataset):
    """Whether a data set is images of one's own, of which the course's bounds know nothing."""
    return dataset not in DATA_SETS


def at_least_one(text):
    if text and not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"JOBS takes a whole number, at least 1. Received: {text}")
    return int(text or 0)


SHARED = {
    "notebooks": (find_notebooks, 'numbers, such as "01 02"; default: all'),
    "dataset": (
        data_set,
        f"one of {', '.join(DATA_SETS)}, or a folder of images; default: the profile's",
    ),
    "profile": (one_of(PROFILES, "PROFILE", "cpu"), f"one of {', '.join(PROFILES)}; default: cpu"),
    "jobs": (at_least_one, "how many at once; default: as many as cores and memory allow"),
}


def add(parser, *names):
    """Adds some of the shared arguments to a parser, which reads and checks their values."""
    for name in names:
        kind, text = SHARED[name]
        parser.add_argument(f"--{name}", type=kind, default="", help=text)
