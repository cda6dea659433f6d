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


@pytest.fixture
def real_data():
    """Skips the test where no folder with the real MNIST is named."""
    if not [*REAL_DATA.glob("mnist.npz"), *REAL_DATA.rglob("train-images-idx3-ubyte*")]:
        pytest.skip("needs real data: name a folder with MNIST in GK_DATA_DIR")
