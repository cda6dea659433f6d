"""What `conftest.py` does for `make test`: who runs where and when, and what is told at the end."""

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import side_by_side

import conftest

ROOT = Path(__file__).resolve().parent.parent


def test_as_many_workers_as_cores_and_memory_allow(monkeypatch):
    memory = psutil.virtual_memory()._replace(total=64 * 2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    files = len(list((ROOT / "notebooks").glob("*.ipynb"))) + len(conftest.MINUTES)
    for num_cores, expected in [(1, 1), (2, 2), (200, min(16, files))]:
        monkeypatch.setattr(side_by_side, "available_cores", lambda n=num_cores: list(range(n)))
        assert conftest.pytest_xdist_auto_num_workers() == expected


def test_files_that_take_long_are_there_and_run_first():
    names = [*conftest.MINUTES, "test_ring.py"]
    items = [SimpleNamespace(path=ROOT / "tests" / name) for name in reversed(names)]
    items += [SimpleNamespace(path=path) for path in (ROOT / "notebooks").glob("*.ipynb")]
    assert all(item.path.exists() for item in items)
    conftest.pytest_collection_modifyitems(items)
    minutes = [conftest.minutes(item.path) for item in items]
    assert minutes == sorted(minutes, reverse=True)
    assert items[-1].path.name == "test_ring.py"


def report(nodeid, seconds, when="call", explained=False, share=1.0):
    return pytest.TestReport(
        nodeid,
        location=(nodeid, 0, ""),
        keywords={},
        outcome="passed",
        longrepr=None,
        when=when,
        duration=seconds,
        user_properties=[("explained", explained), ("CPU seconds", share * seconds)],
    )


def test_the_slowest_files_and_what_says_no_reason_are_named():
    passed = [
        report("tests/test_a.py::test_quick", 9),
        report("tests/test_a.py::test_long", 11),
        report("tests/test_b.py::test_long", 12, explained=True),
        report("tests/test_c.py::test_that_waits", 15, share=0.1),
        report("notebooks/01.ipynb::Cell 3", 70),
    ]
    lines = []
    reporter = SimpleNamespace(section=lines.append, line=lines.append)
    reporter.stats = {"passed": passed, "": [report("tests/test_b.py::test_long", 30, "setup")]}
    config = SimpleNamespace(option=SimpleNamespace(durations=None))
    conftest.pytest_terminal_summary(reporter, config)
    assert lines == []
    config.option.durations = 2
    conftest.pytest_terminal_summary(reporter, config)
    assert lines == [
        "slowest files",
        "70.0 s notebooks/01.ipynb",
        "42.0 s tests/test_b.py",
        "over 10 s of CPU time, without a docstring that says why",
        "11 s tests/test_a.py::test_long",
    ]
    lines.clear()
    config.option.durations = 0  # all
    conftest.pytest_terminal_summary(reporter, config)
    assert lines[1:5] == [
        "70.0 s notebooks/01.ipynb",
        "42.0 s tests/test_b.py",
        "20.0 s tests/test_a.py",
        "15.0 s tests/test_c.py",
    ]
