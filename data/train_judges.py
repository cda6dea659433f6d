"""Trains the judges again: `python data/train_judges.py`, or with the names of some."""

import argparse

import numpy as np

from gk import datasets, judges


def score(name, judge):
    """Returns a line that says how well a judge does on the test images of its set."""
    data = datasets.load(name)
    predicted = judge.predict(data.x_test)
    if judge.exclusive:
        return f"accuracy {100 * (predicted.argmax(axis=1) == data.y_test).mean():.2f} %"
    targets = judges.face_targets(data.attributes_test)
    errors = np.abs(predicted - targets).mean(axis=0)
    return "mean absolute error: " + ", ".join(
        f"{attribute} {error:.3f}"
        for attribute, error in zip(judge.output_names, errors, strict=True)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=judges.NAMES, help="default: all")
    for name in parser.parse_args().names:
        judges.save(judges.train(name, verbose="auto"), name)
        path = judges.path_of(name)
        print(f"{path.name}  {path.stat().st_size / 1e3:.0f} kB  {score(name, judges.load(name))}")


if __name__ == "__main__":
    main()
