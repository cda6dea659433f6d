"""Runs notebooks under several seeds and prints the range of each claim: `make seeds`."""

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from run_course import find_notebooks, run_notebook


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notebooks", default="", help='numbers, such as "01 02"; default: all')
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    os.environ["GK_PROFILE"] = "cpu"
    os.environ["GK_STATIC"] = "1"
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
                what = f"{claim['code']} {claim['statement']} (expected {claim['expected']})"
                measured[what].append(claim["measured"])
            if card["error"]:
                failures.append(f"seed {seed}: {card['error']}")
        print(f"\n{path.stem}, DATASET={given.dataset}, {given.seeds} seeds")
        for what, numbers in measured.items():
            ordered = sorted(numbers, key=lambda number: float(number.split()[0]))
            print(f"  {what}: {ordered[0]} to {ordered[-1]}")
        for failure in failures:
            print(f"  FAILED {failure}")
        failed += len(failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
