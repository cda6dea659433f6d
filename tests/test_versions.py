"""`make test-versions`: what it installs, and how it tells what failed."""

import subprocess
import sys
from pathlib import Path

import course
import pytest
import versions

ROOT = Path(__file__).resolve().parent.parent

PROJECT = {
    "dependencies": ["numpy>=1.26", "tensorflow>=2.18,<3"],
    "optional-dependencies": {
        "course": ["papermill>=2.6"],
        "test": ['tomli>=2; python_version < "3.11"'],
        "student": ["nbgrader>=0.9.5"],
    },
}


def test_lower_bounds_become_pins():
    pins = "numpy==1.26\ntensorflow==2.18\npapermill==2.6\n"
    assert versions.lower_bounds(PROJECT, "3.12") == pins
    assert versions.lower_bounds(PROJECT, "3.10") == pins + "tomli==2\n"
    with pytest.raises(ValueError, match=r"Expected one lower bound.*Received: numpy"):
        versions.lower_bounds({**PROJECT, "dependencies": ["numpy"]}, "3.12")


def test_files_of_the_environments_are_there():
    named = [environment.constraints for environment in versions.ENVIRONMENTS.values()]
    paths = [path for path in named if path not in (None, "bounds")]
    assert {ROOT / path for path in paths} == set((ROOT / "constraints").iterdir())
    for path in versions.SHIPPED:
        assert (ROOT / path).exists()


def test_an_interpreter_is_found_by_its_version(monkeypatch, tmp_path):
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert versions.find_python(here) == sys.executable
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert versions.find_python("3.99") is None
    python = tmp_path / "versions" / "3.99.1" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho 3.99\n")
    python.chmod(0o755)
    assert versions.find_python("3.99") == str(python)


REPORT = """<testsuites><testsuite>
<testcase classname="tests.test_a" name="one"/>
<testcase classname="tests.test_a" name="two">{}</testcase>
<testcase classname="tests.test_a" name="three"><skipped/></testcase>
</testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("child", "cell", "names"),
    [
        ("", "2 passed, 1 skipped", []),
        ("<failure/>", "**1 of 2 failed**", ["tests.test_a::two"]),
        ("<error/>", "**1 of 2 failed**", ["tests.test_a::two"]),
    ],
)
def test_a_report_becomes_a_cell_and_names(child, cell, names, tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(REPORT.format(child))
    assert versions.summarize(report) == (cell, names)


@pytest.fixture
def project(monkeypatch, tmp_path):
    """An empty project's folder, in which no interpreter is found."""
    monkeypatch.setattr(versions, "ROOT", tmp_path)
    monkeypatch.setattr(versions, "find_python", lambda version: None)
    return tmp_path


def test_a_missing_interpreter_is_named_and_the_others_are_tried(project, monkeypatch, capsys):
    tried = versions.try_environment

    def all_but_lowest_pass(name, quick):
        passed = {"environment": name, "Python": "3.12.1", "unit tests": "5 passed"}
        return tried(name, quick) if name == "lowest" else (passed, [])

    monkeypatch.setattr(versions, "try_environment", all_but_lowest_pass)
    assert course.main(["versions", "--only", "lowest colab"]) == 1
    told = capsys.readouterr().out
    assert "| environment | Python | unit tests |" in told
    assert "| lowest | **not tried** | **not tried** |" in told
    assert "| colab | 3.12.1 | 5 passed |" in told
    assert "- lowest: needs Python 3.10 with venv" in told
    assert "pyenv install 3.10" in told
    assert (project / "build" / "versions" / "table.md").read_text() in told


def test_what_failed_fails_the_command(project, monkeypatch, capsys):
    monkeypatch.setattr(versions, "prepare", lambda environment, folder: "python")
    told = '["3.12.1", "2.20.0", "3.13.2", "2.0.2"]'
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 0, told)
    )
    monkeypatch.setattr(versions, "run_tests", lambda *_: ("**1 of 2 failed**", ["tests::two"]))
    monkeypatch.setattr(versions, "run_step", lambda *_: (True, 1.23))
    assert course.main(["versions", "--only", "colab", "--quick"]) == 1
    told = capsys.readouterr().out
    assert "notebook 08" not in told
    assert "| colab | 3.12.1 | 2.20.0 | 3.13.2 | 2.0.2 | **1 of 2 failed** | passed in" in told
    assert "- colab: tests::two" in told


def test_an_unknown_environment_lists_the_known(capsys):
    with pytest.raises(SystemExit):
        course.main(["versions", "--only", "oldest"])
    assert "VERSIONS takes any of: lowest colab" in capsys.readouterr().err
