"""Runs the notebooks top to bottom and saves their outputs in place: `make notebooks`.

A headline figure that the README shows, `docs/NN.png`, is renewed with its notebook.
"""

import argparse
import base64
import os

import nbformat
from nbclient import NotebookClient
from run_course import ROOT, describe, find_notebooks, tidy


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notebooks", default="", help='numbers, such as "01 02"; default: all')
    os.environ["GK_PROFILE"] = "cpu"
    os.environ["GK_STATIC"] = "1"  # nobody drags a slider here
    for path in find_notebooks(parser.parse_args().notebooks.split()):
        print(f"Running {path.name}", flush=True)
        notebook = nbformat.read(path, as_version=4)
        client = NotebookClient(
            notebook,
            timeout=None,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": path.parent}},
        )
        client.execute()
        notebook = tidy(notebook)
        nbformat.write(notebook, path)
        picture = ROOT / "docs" / f"{path.stem[:2]}.png"
        if picture.exists():
            picture.write_bytes(base64.b64decode(describe(notebook)["figure"]))


if __name__ == "__main__":
    main()
