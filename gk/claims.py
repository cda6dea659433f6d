"""A claim of the course: a sentence, the number that measures it, and what it must be."""

import html
import math
import os

from IPython.display import display

# Bounds are those of the course's own sets: with `GK_CLAIMS=show`, as `make run` sets it for
# images of one's own, a claim that is out of them is shown in place of failing.
SWITCH = "GK_CLAIMS"


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
    if at_least is None and at_most is None:
        raise ValueError(f"{code}: a claim needs `at_least` or `at_most`, else it cannot fail")
    bounds = [("at least", at_least), ("at most", at_most)]
    expected = " and ".join(
        f"{word} {_with_unit(bound, unit)}" for word, bound in bounds if bound is not None
    )
    measured = float(measured)
    too_low = at_least is not None and measured < at_least
    too_high = at_most is not None and measured > at_most
    holds = not (math.isnan(measured) or too_low or too_high)
    shown = _Claim(code, statement, _with_unit(measured, unit), expected, holds)
    if not holds and os.environ.get(SWITCH) != "show":
        raise AssertionError(
            f"{code} does not hold. {statement}: expected {expected}, measured {shown.measured}"
        )
    # The index of the course reads its numbers from the metadata.
    record = {"code": code, "statement": statement, "measured": shown.measured, "holds": holds}
    display(shown, metadata={"gk_claim": {**record, "expected": expected}})


def _with_unit(number, unit):
    if unit == "%":
        return f"{100 * number:.3g} %"
    return f"{number:.3g} {unit}".rstrip()
