"""Runs notebooks under several seeds and prints a table of claims and ranges: `make seeds`.

The table is Markdown, as in `benchmarks/RESULTS.md`: each claim with its notebook and cell, what
it must be, and what was measured, smallest to largest.
"""

import contextlib
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import arguments
import records
import side_by_side
from run import has_error, parameters_of, run_notebook, set_environment
from tqdm import tqdm


def run_with_seed(path, seed, dataset, tell):
    """Returns a notebook's path, the seed, and the card of its run under the seed."""
    os.environ["GK_SEED"] = str(seed)
    with tempfile.TemporaryDirectory() as folder:
        return path, seed, run_notebook(path, Path(folder), parameters_of(path, dataset), tell)


def print_table(path, cards, dataset):
    """Prints what the claims of a notebook came to, from its cards by seed."""
    measured = defaultdict(list)
    for card in cards.values():
        for claim in card["claims"]:
            names = " ".join([*claim["codes"], claim["key"] or ""]).strip()
            columns = (names, claim["cell"], claim["sentence"], claim["expected"])
            measured[columns].append(claim["measured"])
    name = arguments.number_of(path) or path.stem
    heads = ("claim", f"cell of {name}", "what", "must be", dataset)
    lines = ["", records.row(*heads), records.row(*["---"] * len(heads))]
    for columns, numbers in measured.items():
        ends = sorted(numbers, key=lambda number: float(number.split()[0]))
        reach = " to ".join(dict.fromkeys((ends[0], ends[-1])))
        lines.append(records.row(*columns, reach))
    for seed, card in cards.items():
        if has_error(card):
            lines.append(f"FAILED seed {seed}: {card['error']}")
    tqdm.write("\n".join(lines))
    sys.stdout.flush()


def add_arguments(parser):
    arguments.add(parser, "notebooks", "dataset", "jobs")
    parser.add_argument("--seeds", type=int, default=5, help="how many; default: 5")


def main(given):
    set_environment("cpu")
    dataset = given.dataset or arguments.PROFILES["cpu"][0]
    tasks = {
        f"{side_by_side.label(path)}, seed {seed}": (path, seed, dataset)
        for path in given.notebooks
        for seed in range(1, given.seeds + 1)
    }
    jobs = given.jobs or side_by_side.how_many(len(tasks))
    running = side_by_side.run(
        run_with_seed, tasks, jobs, has_failed=lambda result: has_error(result[2])
    )
    cards, failed = defaultdict(dict), False
    with contextlib.closing(running):
        for path, seed, card in running:
            cards[path][seed] = card
            failed = failed or has_error(card)
            if len(cards[path]) == given.seeds:
                print_table(path, dict(sorted(cards[path].items())), dataset)
    return 1 if failed else 0
