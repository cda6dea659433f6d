"""The claims of a notebook: sentences, the numbers that measure them, and what these must be."""

import html
import os
import re
from pathlib import Path

from IPython import get_ipython
from IPython.display import display

from gk import bounds, datasets, verdicts
from gk.runtime import PROFILES

# Bounds are those of the course's own sets: with `GK_CLAIMS=show`, as `make run` sets it for
# images of one's own, a claim that is out of them is shown in place of failing.
SWITCH = "GK_CLAIMS"
MAX_HEADLINES = 5
CODE = re.compile(r"^[DAVG]\d{1,2}\b|[(\[][DAVG]\d{1,2}\b|\b[DAVG]\d{1,2}:")


class Claims:
    """Checks what a notebook claims, and shows it.

    A notebook has up to five headlines, each a sentence that a newcomer understands, and at its
    end one table of all else that must hold. Bounds stand in `gk/bounds.ini`, by notebook and
    key, where they may differ by data set and profile. On images of one's own, and where the
    environment variable `GK_CLAIMS` is `show`, what is out of bounds gets a mark of its own and
    does not fail.

    Args:
        notebook: the notebook's number, such as `"02"`.
        dataset: name of the data set, or the path of images of one's own.
        profile: the `Profile` that `gk.setup` returned, or its name.

    Raises:
        ValueError: if the data set or the profile is unknown, or `gk/bounds.ini` has a mistake.

    Example:

    >>> claims = gk.Claims("02", DATASET, profile)  # doctest: +SKIP
    >>> sentence = "A linear autoencoder finds the subspace of PCA."
    >>> claims.headline("linear-is-pca", sentence, 0.05, unit="degrees")  # doctest: +SKIP
    ✓ A linear autoencoder finds the subspace of PCA.
      measured 0.05 degrees, would be refuted by more than 5 degrees
    >>> rows = [("wider-keeps-more", "error with twice the width over that before", 0.88, "%")]
    >>> claims.measured(rows)  # doctest: +SKIP
    What was measured: 1 number, all within bounds
    ✓ error with twice the width over that before: measured 88 % (at most 95 %)
    """

    def __init__(self, notebook, dataset, profile):
        self.notebook = notebook
        self.dataset = str(dataset)
        self.profile = getattr(profile, "name", profile)
        if self.profile not in PROFILES:
            known = " or ".join(map(repr, PROFILES))
            raise ValueError(f"Unknown profile. Expected {known}. Received: {self.profile!r}")
        self._is_own = self.dataset not in datasets.names()
        is_there = self.dataset and Path(self.dataset).expanduser().exists()
        if self._is_own and not is_there:
            known = ", ".join(map(repr, datasets.names()))
            raise ValueError(
                f"Unknown data set. Expected one of {known}, or the path of a folder of images. "
                f"Received: {self.dataset!r}"
            )
        self._entries = bounds.read()
        # What was said under each key, and in which cell; the keys of the table, and its cell.
        self._said, self._headlines, self._table = {}, [], None

    def headline(self, key, sentence, measured, unit=""):
        """Shows a sentence with its number, and what would refute it.

        Args:
            key: its name in `gk/bounds.ini`.
            sentence: a whole sentence, without a code.
            measured: the number.
            unit: unit of the number. `"%"` shows a share in [0, 1] as per cent.

        Raises:
            AssertionError: if the number is out of bounds, or is not a number.
            ValueError: if the sentence is none, the key is taken or not in the file, or there
                are five headlines already.
        """
        if not sentence.endswith("."):
            raise ValueError(
                f"Expected a headline as a whole sentence with a full stop. Received: {sentence!r}"
            )
        is_further = key not in self._headlines
        if is_further and len(self._headlines) == MAX_HEADLINES:
            raise ValueError(
                f"Expected at most {MAX_HEADLINES} headlines in a notebook. Received: {key!r} "
                f"after {', '.join(self._headlines)}. Put it into `measured`."
            )
        verdict = self._judge(key, sentence, measured, unit)
        self._headlines += [key] * is_further
        _show(verdicts.Box(verdict))
        if verdict.mark == verdicts.FAILS:
            raise AssertionError(
                f"{sentence} Expected {verdict.expected}, measured {verdict.measured}. "
                f"(The bound is [{self.notebook} {key}] in {bounds.PATH.name}.)"
            )

    def measured(self, rows):
        """Shows the table of all else that was measured, once, at the end of a notebook.

        Args:
            rows: list of tuples `(key, phrase, number)` or `(key, phrase, number, unit)`, as
                `headline` takes them; the phrase says what was measured.

        Raises:
            AssertionError: if numbers are out of bounds; it names each.
            ValueError: if there was a table already, a row has another form, or a key is taken
                or not in the file.
        """
        for row in rows:
            if len(row) not in (3, 4):
                raise ValueError(
                    "Expected rows of a key, a phrase, a number and perhaps a unit. "
                    f"Received: {row}"
                )
        keys, cell = [row[0] for row in rows], _cell()
        if self._table and (self._table[0] != keys or cell in (None, self._table[1])):
            raise ValueError(
                "Expected one call of `measured` in a notebook. Received: another. Put all rows "
                "into one; after a change of them run the cell that makes `gk.Claims` again."
            )
        judged = [self._judge(*row) for row in rows]
        self._table = keys, cell
        _show(verdicts.Table(judged))
        failed = [verdict for verdict in judged if verdict.mark == verdicts.FAILS]
        if failed:
            lines = [
                f"{verdict.sentence}: expected {verdict.expected}, measured {verdict.measured} "
                f"([{self.notebook} {verdict.key}] in {bounds.PATH.name})"
                for verdict in failed
            ]
            raise AssertionError("\n".join([f"{len(failed)} of {len(rows)} do not hold.", *lines]))

    def _judge(self, key, sentence, measured, unit=""):
        if code := CODE.search(sentence):
            raise ValueError(
                f"Expected words without a code, which stands in {bounds.PATH.name}. Received: "
                f"{code[0]!r} in {sentence!r}"
            )
        if (self.notebook, key) not in self._entries:
            known = [known for notebook, known in self._entries if notebook == self.notebook]
            raise ValueError(
                f"{bounds.PATH.name} has no section [{self.notebook} {key}]; of notebook "
                f"{self.notebook} it knows: {', '.join(known) or 'none'}. Add one, with "
                "`claims = ` and at_least or at_most."
            )
        self._take_note(key, sentence)
        entry = self._entries[self.notebook, key]
        range_ = entry.on(self.dataset, self.profile)
        measured = float(measured)
        may_fail = not self._is_own and os.environ.get(SWITCH) != "show"
        mark = verdicts.FAILS if may_fail else verdicts.SHOWN
        if range_.hold(measured):
            mark = verdicts.HOLDS
        shown = bounds.show(measured, unit)
        return verdicts.Verdict(key, sentence, shown, range_, unit, entry.codes, mark)

    def _take_note(self, key, sentence):
        """Keeps in mind that a key is taken; a cell that runs again may take its own."""
        cell = _cell()
        before, in_cell = self._said.get(key, (sentence, None))
        if key in self._said and (before != sentence or cell in (None, in_cell)):
            raise ValueError(
                f"Expected a key for each claim. Received: {key!r} for {sentence!r} after "
                f"{before!r}. After a change of words run the cell that makes `gk.Claims` again."
            )
        self._said[key] = sentence, cell


def _show(shown):
    display(shown, metadata=shown.metadata)


def _cell():
    """Returns the number of the cell that runs, or `None` outside of notebooks."""
    shell = get_ipython()
    return shell and shell.execution_count


class _Claim:
    def __init__(self, code, statement, measured, expected, holds=True):
        self.code, self.statement = code, statement
        self.measured, self.expected = measured, expected
        self.mark, self.colour = ("✓", "#2a7f62") if holds else ("○", "#8a6d3b")

    def __repr__(self):
        return (
            f"{self.code} {self.mark} {self.statement}: measured {self.measured} "
            f"(expected {self.expected})"
        )

    def _repr_html_(self):
        return (
            f"<div style='border-left:4px solid {self.colour};padding:.4em .9em;margin:.3em 0'>"
            f"<b>{html.escape(self.code)} {self.mark}</b> {html.escape(self.statement)}: "
            f"<b>measured {html.escape(self.measured)}</b> "
            f"<span style='opacity:.65'>(expected {html.escape(self.expected)})</span></div>"
        )


def claim(code, statement, measured, at_least=None, at_most=None, unit=""):
    """Checks a claim, and shows it with its number.

    Notebooks that are told anew use `Claims`; when the last of them does, this function goes.

    Where the environment variable `GK_CLAIMS` is `show`, as `make run` sets it for images of
    one's own, a claim that does not hold is shown with a mark of its own and does not fail.

    Args:
        code: code of the claim, such as `"D1"`.
        statement: what was measured, a phrase without a full stop.
        measured: the number.
        at_least: lower bound that the number must keep, or `None`.
        at_most: upper bound, or `None`; one of the two is needed.
        unit: unit of the number. `"%"` shows a share in [0, 1] as per cent.

    Raises:
        AssertionError: if the number is out of bounds, or is not a number.
        ValueError: if there is no bound, so that the claim could not fail.

    Example:

    >>> claim("A10", "angle to PCA's subspace", 0.4, at_most=2, unit="degrees")
    A10 ✓ angle to PCA's subspace: measured 0.4 degrees (expected at most 2 degrees)
    """
    range_ = bounds.Bounds(at_least, at_most)
    expected = range_.expected(unit)
    measured = float(measured)
    holds = range_.hold(measured)
    shown = _Claim(code, statement, bounds.show(measured, unit), expected, holds)
    if not holds and os.environ.get(SWITCH) != "show":
        raise AssertionError(
            f"{code} does not hold. {statement}: expected {expected}, measured {shown.measured}"
        )
    # The index of the course reads its numbers from the metadata.
    record = {"code": code, "statement": statement, "measured": shown.measured, "holds": holds}
    display(shown, metadata={"gk_claim": {**record, "expected": expected}})
