"""Runs notebooks under several seeds and prints a table of claims and ranges: `make seeds`.

The table is Markdown, as in `benchmarks/RESULTS.md`: each claim with its notebook and cell, what
it must be, and what was measured, smallest to largest.
"""

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from run_course import find_notebooks, run_notebook, set_environment


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notebooks", default="", help='numbers, such as "01 02"; default: all')
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    set_environment("cpu")
    paths = find_notebooks(given.notebooks.split())
    failed = 0
    for path in paths:
        measured, failures = defaultdict(list), []
        for seed in range(1, given.seeds + 1):
            os.environ["GK_SEED"] = str(seed)
            with tempfile.TemporaryDirectory() as folder:
                parameters = {"DATASET": given.dataset}
                card = run_notebook(path, Path(folder), f"seed {seed}", parameters)
            for claim in card["claims"]:
                columns = (claim[key] for key in ("code", "cell", "statement", "expected"))
                measured[tuple(columns)].append(claim["measured"])
            if card["error"]:
                failures.append(f"seed {seed}: {card['error']}")
        print(f"\n| claim | cell of {path.stem[:2]} | what | must be | {given.dataset} |")
        print("|---" * 5 + "|")
        for columns, numbers in measured.items():
            ends = sorted(numbers, key=lambda number: float(number.split()[0]))
            reach = " to ".join(dict.fromkeys((ends[0], ends[-1])))
            print("|", " | ".join(map(str, (*columns, reach))), "|")
        for failure in failures:
            print(f"FAILED {failure}")
        failed += len(failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
