"""What all tests share: cores, order, real data, and what nbval leaves out of its comparison."""

import collections
import functools
import itertools
import os
import time
from pathlib import Path

import pytest
import side_by_side

from gk import files

# Kernels inherit it: still pictures in place of sliders, as in the saved outputs.
os.environ["GK_STATIC"] = "1"

# One thread for linear algebra, as `gk.setup` gives to notebooks.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

# Seconds since the epoch after which no further cell of a notebook is run: see `.ci/run`.
DEADLINE = float(os.environ.get("GK_TEST_DEADLINE") or "inf")
REAL_DATA = Path(os.environ.get("GK_DATA_DIR") or "absent")
# What tells that a set is there, in that folder or in one named after the set below it.
REAL_FILES = {
    "mnist": "train-images-idx3-ubyte*",
    "cifar10": "cifar-10-binary.tar.gz",
    "lfw": "lfw?funneled*",
    "celeba": "img_align_celeba.zip",
}
# Of the files of unit tests that take a minute or more; notebooks tell it themselves.
MINUTES = {
    "test_distribution.py": 4,
    "test_base.py": 1,
    "test_course.py": 1,
    "test_networks.py": 1,
    "test_pipeline.py": 1,
}
# A worker and the kernel that it starts.
GIB_FOR_A_WORKER = 4
# Seconds of CPU time, from which on a unit test's docstring says why it takes so long.
LONG = 10


def pytest_xdist_auto_num_workers():
    """As many workers as cores and memory allow, and not more than there are long files."""
    notebooks = list((Path(__file__).parent / "notebooks").glob("*.ipynb"))
    return side_by_side.how_many(len(notebooks) + len(MINUTES), GIB_FOR_A_WORKER)


def pytest_configure(config):
    # Each of `make test`'s workers, and the kernels it starts, keep to a core of their own: nets as
    # small as these lose more by waiting for the other worker's threads than they gain from them,
    # and the notebooks' outputs are saved by one core.
    worker = getattr(config, "workerinput", None)
    if worker and hasattr(os, "sched_setaffinity"):
        number = int(worker["workerid"].removeprefix("gw"))
        places = side_by_side.one_each(side_by_side.available_cores(), worker["workercount"])
        os.sched_setaffinity(0, places[number])


def pytest_collectstart(collector):
    # TensorFlow's native log lines are stored by Jupyter but not captured under pytest; nbval
    # leaves out PNG pictures by itself, films not.
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr", "image/gif")


def pytest_runtest_setup(item):
    if item.path.suffix == ".ipynb" and time.time() > DEADLINE:
        pytest.skip(f"no time left for {item.path.name}, or for the rest of it")


@functools.cache
def minutes(path):
    """Returns about how long the tests of a file take."""
    if path.suffix == ".ipynb":
        return side_by_side.minutes_told(path)
    return MINUTES.get(path.name, 0)


def pytest_collection_modifyitems(items):
    # The longest files first, so that all workers end at about the same time.
    items.sort(key=lambda item: -minutes(item.path))
    # `pytest -m real` runs what needs real data, and nothing else.
    for item in items:
        if "need_real" in getattr(item, "fixturenames", ()):
            item.add_marker("real")


def pytest_itemcollected(item):
    explained = bool(getattr(getattr(item, "function", None), "__doc__", None))
    item.user_properties.append(("explained", explained))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    # Its own and that of processes that it waited for: other work on the machine does not count.
    before = sum(os.times()[:4])
    try:
        return (yield)
    finally:
        item.user_properties.append(("CPU seconds", sum(os.times()[:4]) - before))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    """Where the slowest tests are asked for, names the slowest files, and the tests to look at."""
    if config.option.durations is None:
        return
    seconds, unexplained = collections.Counter(), []
    for report in itertools.chain(*terminalreporter.stats.values()):
        if not isinstance(report, pytest.TestReport):
            continue
        path = report.nodeid.partition("::")[0]
        seconds[path] += report.duration
        known = dict(report.user_properties)
        is_unit_test = path.startswith("tests/") and report.when == "call"
        if is_unit_test and known["CPU seconds"] > LONG and not known["explained"]:
            unexplained.append(f"{known['CPU seconds']:.0f} s {report.nodeid}")
    how_many = config.option.durations or None  # pytest, too, takes 0 for all
    terminalreporter.section("slowest files")
    for path, duration in seconds.most_common(how_many):
        terminalreporter.line(f"{duration:.1f} s {path}")
    if unexplained:
        terminalreporter.section(f"over {LONG} s of CPU time, without a docstring that says why")
        terminalreporter.line("\n".join(unexplained))


@pytest.fixture(autouse=True)
def own_cache(request, monkeypatch, tmp_path_factory):
    """Keeps unit tests from what the user's cache holds, and from leaving anything there."""
    if request.node.path.suffix == ".py":
        folder = tmp_path_factory.mktemp("cache")
        monkeypatch.setattr(files, "user_cache", lambda: folder)


@pytest.fixture
def need_real():
    """Skips the test where the folder of real data, if one is named, does not hold a set."""

    def look_for(name):
        plain = REAL_DATA.glob(REAL_FILES[name]) if name in REAL_FILES else ()
        below = (REAL_DATA / name).glob(REAL_FILES.get(name, "train-images*"))
        if not [*REAL_DATA.glob(f"{name}.npz"), *below, *plain]:
            pytest.skip(f"needs {name}: name a folder that holds it in GK_DATA_DIR")

    return look_for
