"""Lists each claim of the course with what measures it, in `docs/claims.md`: `make claims`."""

import sys
from collections import defaultdict
from pathlib import Path

import arguments
import nbformat
import records

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LIST = Path(__file__).with_suffix(".toml")
HEAD = """# The claims of the course, and what measures each

Written by `make claims` from the saved outputs of the notebooks, which are those of the profile
`cpu`. A notebook's headlines are bold; a word in `this type` is the name under which
`gk/bounds.ini` says what a number must be.
"""
OPEN = "*Comes with a later notebook.*"


def read_list():
    """Returns the claims by part, dictionaries of sentences by code, and a list of open ones."""
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return listed["parts"], listed["later"]


def find_checks(paths):
    """Returns what measures each claim in the saved outputs of the course's notebooks.

    Args:
        paths: of notebooks; those without a number are left out.

    Returns:
        A dictionary from codes to lists of pairs of a path and a record of `records.read`.

    Raises:
        ValueError: if a notebook gives a code that is not in the list.
    """
    known = [code for part in read_list()[0].values() for code in part]
    checks = defaultdict(list)
    for path in filter(arguments.number_of, paths):
        for claim in records.read(nbformat.read(path, as_version=4)):
            for code in claim["codes"]:
                if code not in known:
                    raise ValueError(
                        f"Expected a claim out of {LIST.name}: {', '.join(known)}. Received: "
                        f"{code!r} in cell In[{claim['cell']}] of {path.name}"
                    )
                checks[code].append((path, claim))
    return checks


def without_check(checks):
    """Returns the codes that nothing measures and something should, and those that may wait."""
    parts, later = read_list()
    missing = [code for part in parts.values() for code in part if code not in checks]
    return [code for code in missing if code not in later], [c for c in missing if c in later]


def write(checks):
    """Returns the page as Markdown."""
    parts, _ = read_list()
    missing, waiting = without_check(checks)
    lines = [HEAD]
    if waiting:
        lines.append(f"Open, until later notebooks: {', '.join(waiting)}.\n")
    for part, claims in parts.items():
        lines.append(f"## {part}\n")
        for code, sentence in claims.items():
            lines.append(f"### {code}\n\n{sentence}\n")
            if code in checks:
                lines += [*_table(checks[code]), ""]
            else:
                lines.append(f"{'**Nothing measures it.**' if code in missing else OPEN}\n")
    return "\n".join(lines).rstrip() + "\n"


def _table(found):
    heads = ("notebook", "cell", "what", "measured", "must be")
    yield records.row(*heads)
    yield records.row(*["---"] * len(heads))
    for path, claim in found:
        what = claim["sentence"]
        if claim["key"]:
            what = f"**{what}**" if claim["headline"] else what
            what = f"{what} `{claim['key']}`"
        link = f"[{arguments.number_of(path)}](../notebooks/{path.name})"
        yield records.row(link, f"In[{claim['cell']}]", what, claim["measured"], claim["expected"])


def add_arguments(parser):
    parser.add_argument(
        "--output",
        type=Path,
        default=arguments.ROOT / "docs" / "claims.md",
        help="file to write; default: docs/claims.md",
    )


def main(given):
    checks = find_checks(arguments.find_notebooks(""))
    given.output.write_text(write(checks), encoding="utf-8")
    missing, waiting = without_check(checks)
    print(f"Wrote {given.output}. Open, until later notebooks: {', '.join(waiting) or 'none'}")
    if missing:
        print(f"Nothing measures {', '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0
