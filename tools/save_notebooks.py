"""Runs the notebooks top to bottom and saves their outputs in place: `make notebooks`."""

import argparse
import os

import nbformat
from nbclient import NotebookClient
from run_course import find_notebooks, tidy


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
        nbformat.write(tidy(notebook), path)


if __name__ == "__main__":
    main()
