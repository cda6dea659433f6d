"""Runs the notebooks top to bottom and saves their outputs in place: `make notebooks`.

A headline figure that the README shows, `docs/NN.png`, is renewed with its notebook. How long
this machine took is left out of the progress bars: it says nothing about the reader's.
"""

import argparse
import base64
import re

import nbformat
from nbclient import NotebookClient
from run_course import KERNEL_ARGUMENTS, ROOT, describe, find_notebooks, set_environment, tidy

TIMES = re.compile(r" \[[\d:]+<[^\]\n]*\]?")  # tqdm's [elapsed<remaining, rate], or its beginning


def leave_out_times(notebook):
    """Leaves of each progress bar's line what was counted, without this machine's times."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = TIMES.sub("", output.text)
    return notebook


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notebooks", default="", help='numbers, such as "01 02"; default: all')
    set_environment("cpu")
    for path in find_notebooks(parser.parse_args().notebooks.split()):
        print(f"Running {path.name}", flush=True)
        notebook = nbformat.read(path, as_version=4)
        client = NotebookClient(
            notebook,
            timeout=None,
            kernel_name="python3",
            extra_arguments=KERNEL_ARGUMENTS,
            record_timing=False,
            resources={"metadata": {"path": path.parent}},
        )
        client.execute()
        notebook = leave_out_times(tidy(notebook))
        nbformat.write(notebook, path)
        picture = ROOT / "docs" / f"{path.stem[:2]}.png"
        if picture.exists():
            picture.write_bytes(base64.b64decode(describe(notebook)["figure"]))


if __name__ == "__main__":
    main()
