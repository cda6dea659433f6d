"""The course's tools as one command: `python tools/course.py --help` lists what it can do."""

import argparse
import importlib
import sys

# Each is a module of its own: `add_arguments` tells a parser what it takes, `main` does the work.
SUBCOMMANDS = {
    "run": "run the course and build its pages",
    "save": "run the notebooks and save their outputs in place",
    "student": "write copies of the notebooks without solutions",
    "colab": "write copies of the notebooks that install gk by themselves",
    "seeds": "run the notebooks under several seeds and print each claim's range",
    "claims": "list each claim with what measures it in docs/claims.md",
    "versions": "try the course with other versions of Python and packages",
    "mutants": "plant bugs one by one and see that the tests catch each",
}


def main(arguments):
    """Does what a list of arguments asks for; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] + ".")
    subparsers = parser.add_subparsers(metavar="SUBCOMMAND", required=True)
    for name, what in SUBCOMMANDS.items():
        subparser = subparsers.add_parser(name, help=what)
        # Only what may be meant is imported: some take seconds.
        if name in arguments:
            module = importlib.import_module(name)
            subparser.description = module.__doc__.splitlines()[0]
            module.add_arguments(subparser)
            subparser.set_defaults(main=module.main)
    given = parser.parse_args(arguments)
    return given.main(given)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
