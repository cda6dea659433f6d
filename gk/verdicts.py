"""How claims look, on pages and in terminals: a box for a headline, a table for the rest."""

import dataclasses
import html

HOLDS, FAILS, SHOWN = "✓", "✗", "○"
# Each stands out from white and from nearly black pages.
COLOURS = {HOLDS: "#2a7f62", FAILS: "#c0392b", SHOWN: "#8a6d3b"}
SMALL = "font-size:.85em;opacity:.7"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What became of a claim.

    Attributes:
        key: its name in `bounds.ini`.
        sentence: what it says.
        measured: the number with its unit, a string.
        bounds: the `gk.bounds.Bounds`.
        unit: unit of the number.
        codes: the claims of the course that it serves.
        mark: `HOLDS`, `FAILS`, or `SHOWN` where it is out of bounds and may be.
    """

    key: str
    sentence: str
    measured: str
    bounds: object
    unit: str
    codes: tuple
    mark: str

    @property
    def expected(self):
        return self.bounds.expected(self.unit)

    @property
    def remark(self):
        """What else there would be to say of the number, a phrase."""
        if self.mark == HOLDS:
            return f"would be refuted by {self.bounds.refutation(self.unit)}"
        if self.mark == FAILS:
            return f"refuted: expected {self.expected}"
        return f"outside of the course's bounds: {self.expected}"

    def record(self, headline):
        """Returns what tools read from the metadata of a notebook's output."""
        return {
            "key": self.key,
            "codes": list(self.codes),
            "sentence": self.sentence,
            "measured": self.measured,
            "expected": self.expected,
            "holds": self.mark == HOLDS,
            "headline": headline,
        }


class Box:
    """Shows a headline with its number."""

    def __init__(self, verdict):
        self.verdict = verdict
        self.metadata = {"gk_claim": verdict.record(headline=True)}

    def __repr__(self):
        verdict = self.verdict
        return f"{verdict.mark} {verdict.sentence}\n  measured {verdict.measured}, {verdict.remark}"

    def _repr_html_(self):
        verdict = self.verdict
        colour = COLOURS[verdict.mark]
        return (
            f"<div style='border-left:5px solid {colour};padding:.5em 1em;margin:.5em 0'>"
            f"<div>{_mark(verdict)} {html.escape(verdict.sentence)}</div>"
            f"<div style='font-size:1.8em;line-height:1.4'>{_number(verdict)}</div>"
            f"<div style='{SMALL}'>{html.escape(verdict.remark)}</div></div>"
        )


class Table:
    """Shows what else was measured, folded on pages unless something fails."""

    def __init__(self, verdicts):
        self.verdicts = verdicts
        self.metadata = {"gk_claim": [verdict.record(headline=False) for verdict in verdicts]}

    @property
    def summary(self):
        num_out = sum(verdict.mark != HOLDS for verdict in self.verdicts)
        held = f"{num_out} out of bounds" if num_out else "all within bounds"
        plural = "s" if len(self.verdicts) != 1 else ""
        return f"What was measured: {len(self.verdicts)} number{plural}, {held}"

    def __repr__(self):
        # No columns: nbval compares this, and a number's width differs between processors.
        lines = [
            f"{verdict.mark} {verdict.sentence}: measured {verdict.measured} ({verdict.expected})"
            for verdict in self.verdicts
        ]
        return "\n".join([self.summary, *lines])

    def _repr_html_(self):
        is_open = " open" if any(verdict.mark == FAILS for verdict in self.verdicts) else ""
        left = "text-align:left;vertical-align:top"
        heads = "".join(
            f"<th style='{left}'>{head}</th>" for head in ("", "what", "measured", "must be")
        )
        rows = "".join(
            f"<tr><td style='{left}'>{_mark(verdict)}</td>"
            f"<td style='{left};white-space:normal'>{html.escape(verdict.sentence)}</td>"
            f"<td style='{left};white-space:nowrap'>{_number(verdict)}</td>"
            f"<td style='{left};white-space:nowrap'>{html.escape(verdict.expected)}</td></tr>"
            for verdict in self.verdicts
        )
        return (
            f"<details{is_open}><summary style='cursor:pointer'>{self.summary}</summary>"
            f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></details>"
        )


def _mark(verdict):
    return f"<b style='color:{COLOURS[verdict.mark]}'>{verdict.mark}</b>"


def _number(verdict):
    # tests/nbval_sanitize.cfg knows by the class that the number may differ in its last digits.
    return f"<b class='measured'>{html.escape(verdict.measured)}</b>"
