"""The form of notebooks that make their claims by `gk.Claims`."""

import re

MAX_HEADLINES, MAX_CELLS, MAX_LINES = 5, 45, 350
NUM_EXERCISES = range(3, 6)


def code_of(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


def is_retold(notebook):
    return "gk.Claims(" in code_of(notebook)


def faults(notebook, number, keys):
    """Returns what is not as it should be.

    Args:
        notebook: one that uses `gk.Claims`.
        number: its number, such as `"02"`.
        keys: those that `gk/bounds.ini` has for it.

    Returns:
        A list of strings, each a fault and what to do about it.
    """
    code = code_of(notebook)
    num_headlines, num_tables = code.count(".headline("), code.count(".measured(")
    num_lines = len([line for line in code.splitlines() if line])
    num_exercises = code.count("### BEGIN SOLUTION")
    unused = [key for key in keys if not re.search(rf"""(['"]){re.escape(key)}\1""", code)]
    checks = [
        (
            re.findall(r'gk\.Claims\(\s*"(\d\d)"', code) == [number],
            f'make the claims once, by `gk.Claims("{number}", …)`',
        ),
        (
            1 <= num_headlines <= MAX_HEADLINES,
            f"{num_headlines} headlines: make 1 to {MAX_HEADLINES}",
        ),
        (num_tables == 1, f"{num_tables} calls of `measured`: make 1, in the closing cell"),
        (
            code.partition("### BEGIN SOLUTION")[0].count(".measured(") == num_tables,
            "`measured` after an exercise: put the closing cell before them",
        ),
        ("gk.claim(" not in code, "`gk.claim` beside `gk.Claims`: make all claims by the latter"),
        (
            not re.search(r"\bat_(least|most)\s*=", code),
            "a bound in a cell: put it into gk/bounds.ini",
        ),
        (
            not unused,
            f"no cell names {', '.join(unused)}: remove the sections from gk/bounds.ini, or write "
            "the keys out",
        ),
        (
            len(notebook.cells) <= MAX_CELLS,
            f"{len(notebook.cells)} cells: keep to {MAX_CELLS}",
        ),
        (num_lines <= MAX_LINES, f"{num_lines} lines of code: keep to {MAX_LINES}"),
        (
            num_exercises in NUM_EXERCISES,
            f"{num_exercises} exercises with a solution: make 3 to 5",
        ),
    ]
    return [fault for is_fine, fault in checks if not is_fine]
