"""A table of runs that grows by one run at a time, so that a program that was stopped goes on."""

import csv


class Table:
    """A CSV file whose first columns say which run a row is of.

    Args:
        path: of the file, which may be there already.
        columns: names of the columns.
        num_keys: how many of them name a run.
    """

    def __init__(self, path, columns, num_keys):
        self.path, self.columns, self.num_keys = path, columns, num_keys

    def left(self, runs):
        """Returns those of the runs, tuples, that are not in the file; says so if there is none."""
        done = set()
        if self.path.exists():
            with self.path.open(encoding="utf-8", newline="") as file:
                keys = self.columns[: self.num_keys]
                done = {tuple(row[name] for name in keys) for row in csv.DictReader(file)}
        left = [run for run in runs if tuple(map(str, run)) not in done]
        if not left:
            print(
                f"{self.path} has all {len(runs)} runs. Remove it to make it again, or name "
                "another file by --output."
            )
        return left

    def add(self, run, rows):
        """Writes the rows of a run, each without the run's name, at once."""
        is_new = not self.path.exists()
        with self.path.open("a", encoding="utf-8", newline="") as file:
            lines = [[*run, *row] for row in rows]
            csv.writer(file).writerows([self.columns, *lines] if is_new else lines)
