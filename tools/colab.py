"""Writes copies of the notebooks that install gk by themselves to `build/colab`: `make colab`.

Each copy gets a first cell that installs gk from the repository's address where it is missing,
and, where that address is at GitHub, a badge that opens the copy in Colab. Colab looks for the
copies in the folder `colab` of the repository.
"""

import argparse
import copy
import re
from pathlib import Path

import arguments
import folding
import nbformat

CELL = Path(__file__).with_name("colab_cell.py")
FOLDER = "colab"
EXAMPLE = "make colab ADDRESS=https://github.com/OWNER/REPOSITORY BRANCH=main"
GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?/?")


def check_address(address):
    """Returns a repository's address without pip's prefix, after a look at its form."""
    address = address.removeprefix("git+")
    if not re.fullmatch(r"(https|ssh|file)://[\w.~@:/%+-]+", address):
        raise argparse.ArgumentTypeError(
            "Expected ADDRESS, the address of the repository for git, with https://, ssh:// or "
            f"file://. Received: {address!r}. For example: {EXAMPLE}"
        )
    return address


def check_branch(branch):
    """Returns the name of a branch, after a look at its form."""
    if not re.fullmatch(r"[\w./-]+", branch):
        raise argparse.ArgumentTypeError(
            f"Expected BRANCH, the name of a branch or tag. Received: {branch!r}. "
            f"For example: {EXAMPLE}"
        )
    return branch


def badge(address, branch, name):
    """Returns the line of Markdown that opens a notebook in Colab, or `None` outside GitHub."""
    github = GITHUB.fullmatch(address)
    if github is None:
        return None
    colab = "https://colab.research.google.com"
    link = f"{colab}/github/{github[1]}/blob/{branch}/{FOLDER}/{name}"
    return f"[![Open in Colab]({colab}/assets/colab-badge.svg)]({link})"


def installing_cell(address, branch):
    """Returns the cell that installs gk, folded in Colab and in JupyterLab."""
    source = CELL.read_text(encoding="utf-8").rstrip()
    source = source.replace('ADDRESS = ""', f'ADDRESS = "git+{address}@{branch}"')
    return nbformat.v4.new_code_cell(source, id="install-gk", metadata=folding.METADATA)


def for_colab(notebook, address, branch, name):
    """Returns a copy of a notebook with the badge under its title and the cell that installs."""
    notebook = copy.deepcopy(notebook)
    if line := badge(address, branch, name):
        title, rest = notebook.cells[0].source.split("\n\n", 1)
        notebook.cells[0].source = f"{title}\n\n{line}\n\n{rest}"
    notebook.cells.insert(1, installing_cell(address, branch))
    return notebook


def add_arguments(parser):
    arguments.add(parser, "notebooks")
    parser.add_argument(
        "--address", type=check_address, default="", help="of the repository, for git"
    )
    parser.add_argument("--branch", type=check_branch, default="main", help="default: main")
    parser.add_argument(
        "--output",
        type=Path,
        default=arguments.ROOT / "build" / "colab",
        help="folder of the copies; default: build/colab",
    )


def main(given):
    given.output.mkdir(parents=True, exist_ok=True)
    for path in given.notebooks:
        notebook = nbformat.read(path, as_version=4)
        notebook = for_colab(notebook, given.address, given.branch, path.name)
        nbformat.write(notebook, given.output / path.name)
        print(f"Wrote {given.output / path.name}")
    if badge(given.address, given.branch, "") is None:
        print("No badge: Colab opens notebooks by their address at GitHub only. Upload them there.")
    else:
        where = f"the folder {FOLDER} of {given.address}, branch {given.branch}"
        print(f"The badges open them from {where}.")
