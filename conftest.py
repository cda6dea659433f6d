"""What all tests share: cores, real data, and what nbval leaves out of its comparison."""

import os
import time
from pathlib import Path

import pytest

# Kernels inherit it: still pictures in place of sliders, as in the saved outputs.
os.environ["GK_STATIC"] = "1"

# One thread for linear algebra, as `gk.setup` gives to notebooks.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

# Seconds since the epoch after which no further cell of a notebook is run: see `.ci/run`.
DEADLINE = float(os.environ.get("GK_TEST_DEADLINE") or "inf")
REAL_DATA = Path(os.environ.get("GK_DATA_DIR") or "absent")


def pytest_configure(config):
    # Each of `make test`'s workers, and the kernels it starts, keep to cores of their own: nets as
    # small as these lose more by waiting for the other worker's threads than they gain from them.
    worker = getattr(config, "workerinput", None)
    if worker and hasattr(os, "sched_setaffinity"):
        number = int(worker["workerid"].removeprefix("gw"))
        cores = sorted(os.sched_getaffinity(0))[number :: worker["workercount"]]
        if cores:
            os.sched_setaffinity(0, cores)


def pytest_collectstart(collector):
    # TensorFlow's native log lines are stored by Jupyter but not captured under pytest; nbval
    # leaves out PNG pictures by itself, films not.
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr", "image/gif")


def pytest_runtest_setup(item):
    if item.path.suffix == ".ipynb" and time.time() > DEADLINE:
        pytest.skip(f"no time left for {item.path.name}, or for the rest of it")


def pytest_collection_modifyitems(items):
    # The longest files first, so that the two workers end at about the same time.
    order = {"test_models.py": 0, "test_distribution.py": 1}
    items.sort(key=lambda item: order.get(item.path.name, 2))
    # `pytest -m real` runs what needs real data, and nothing else.
    for item in items:
        if "need_real" in getattr(item, "fixturenames", ()):
            item.add_marker("real")


@pytest.fixture
def need_real():
    """Skips the test where the folder of real data, if one is named, does not hold a set."""

    def look_for(name):
        plain = REAL_DATA.glob("train-images-idx3-ubyte*") if name == "mnist" else ()
        if not [*REAL_DATA.glob(f"{name}.npz"), *(REAL_DATA / name).glob("train-images*"), *plain]:
            pytest.skip(f"needs {name}: name a folder that holds it in GK_DATA_DIR")

    return look_for
