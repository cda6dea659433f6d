"""What all tests share: notebooks are compared without what goes to standard error."""

import os
from pathlib import Path

import pytest

# Kernels inherit it: still pictures in place of sliders, as in the saved outputs.
os.environ["GK_STATIC"] = "1"

REAL_DATA = Path(os.environ.get("GK_DATA_DIR") or "absent")


def pytest_collectstart(collector):
    # TensorFlow's native log lines are stored by Jupyter but not captured under pytest; nbval
    # leaves out PNG pictures by itself, films not.
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr", "image/gif")


def pytest_collection_modifyitems(items):
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
