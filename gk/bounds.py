"""What the numbers of claims must keep to: `bounds.ini`, one file for all notebooks."""

import configparser
import dataclasses
import math
from pathlib import Path

from gk import datasets
from gk.runtime import PROFILES

PATH = Path(__file__).with_suffix(".ini")
ENDS = ("at_least", "at_most")


@dataclasses.dataclass(frozen=True)
class Bounds:
    """A range for a number.

    Attributes:
        at_least, at_most: its ends, which belong to it; one of them may be `None`.
    """

    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self):
        if self.at_least is None and self.at_most is None:
            raise ValueError("A claim needs `at_least` or `at_most`, else it cannot fail")

    def hold(self, measured):
        """Whether a number, a float, lies in the range; what is not a number does not."""
        too_low = self.at_least is not None and measured < self.at_least
        too_high = self.at_most is not None and measured > self.at_most
        return not (math.isnan(measured) or too_low or too_high)

    def expected(self, unit=""):
        """Returns the range in words, such as `"at least 2 dB and at most 3 dB"`."""
        return self._in_words("at least", "at most", " and ", unit)

    def refutation(self, unit=""):
        """Returns what lies outside in words, such as `"less than 2 dB or more than 3 dB"`."""
        return self._in_words("less than", "more than", " or ", unit)

    def _in_words(self, low, high, conjunction, unit):
        ends = {low: self.at_least, high: self.at_most}
        said = [f"{word} {show(end, unit)}" for word, end in ends.items() if end is not None]
        return conjunction.join(said)


def show(number, unit=""):
    """Returns a number with three digits and its unit; of a share in `"%"` the per cent."""
    if unit == "%":
        return f"{100 * number:.3g} %"
    return f"{number:.3g} {unit}".rstrip()


@dataclasses.dataclass(frozen=True)
class Entry:
    """A section of the file, all that it says of one claim.

    Attributes:
        codes: tuple of strings, the claims of the course that it serves, as in `docs/claims.md`.
        numbers: dictionary of floats by end, data set and profile, such as
            `("at_most", "mnist", None)`; `None` stands for all.
    """

    codes: tuple
    numbers: dict

    def on(self, dataset, profile):
        """Returns the `Bounds` on a data set in a profile: for each end what is most specific."""
        ends = {}
        # Each overwrites what is less specific.
        for place in ((None, None), (None, profile), (dataset, None), (dataset, profile)):
            for end in ENDS:
                ends[end] = self.numbers.get((end, *place), ends.get(end))
        return Bounds(**ends)


def read():
    """Reads the file.

    Returns:
        A dictionary of each `Entry` by notebook and key, such as `("02", "linear-is-pca")`.

    Raises:
        ValueError: if the file says something twice, or something that has no meaning.

    Example:

    ```python
    entry = read()["02", "linear-is-pca"]
    entry.on("mnist", "gpu").at_most
    ```
    """
    # No section gives anything to the others, and a per cent sign is nothing special.
    parser = configparser.ConfigParser(
        delimiters=("=",),
        comment_prefixes=("#",),
        inline_comment_prefixes=("#",),
        default_section="",
        interpolation=None,
    )
    parser.optionxform = str
    try:
        parser.read_string(PATH.read_text(encoding="utf-8"), PATH.name)
    except configparser.Error as error:
        raise ValueError(f"{PATH.name} cannot be read. {error}") from error
    options = _known_options()
    entries = {}
    for section in parser.sections():
        name = tuple(section.split())
        if len(name) != 2 or name in entries:
            raise ValueError(
                f"{PATH.name}: expected sections that differ, each a notebook and a key, such as "
                f"[02 linear-is-pca]. Received: [{section}]"
            )
        entries[name] = _entry(section, dict(parser[section]), options)
    return entries


def _known_options():
    """Returns how each place of a number is written, such as "at_most, mnist, gpu"."""
    places = [
        (end, dataset, profile)
        for end in ENDS
        for dataset in (None, *datasets.names())
        for profile in (None, *PROFILES)
    ]
    return {", ".join(filter(None, place)): place for place in places}


def _entry(section, given, options):
    where = f"{PATH.name}, [{section}]"
    if "claims" not in given:
        raise ValueError(f"{where}: expected a line such as `claims = A10`. Received: none")
    codes = tuple(given.pop("claims").replace(",", " ").split())
    numbers = {}
    for option, text in given.items():
        if option not in options:
            raise ValueError(
                f"{where}: expected at_least or at_most, then perhaps one of "
                f"{', '.join(datasets.names())}, then perhaps one of {', '.join(PROFILES)}, such "
                f"as `at_most, mnist, gpu = 8`. Received: {option!r}"
            )
        try:
            numbers[options[option]] = float(text)
        except ValueError:
            numbers[options[option]] = math.nan
        if not math.isfinite(numbers[options[option]]):
            raise ValueError(f"{where}: expected a number as {option}. Received: {text!r}")
    if not any((end, None, None) in numbers for end in ENDS):
        raise ValueError(
            f"{where}: expected at_least or at_most for all data sets and profiles, besides what "
            f"differs on some. Received: {', '.join(given) or 'none'}"
        )
    return Entry(codes, numbers)
