"""`tools/course.py`: one command, of which each part is imported only when it is asked for."""

import re
import subprocess
import sys
from pathlib import Path

import course
import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_the_list_of_subcommands_is_told_without_importing_them():
    told = "import sys, course\ntry: course.main(['--help'])\nfinally: print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", told],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
        check=True,
    )
    help_text, modules = done.stdout.rstrip().rsplit("\n", 1)
    for name, what in course.SUBCOMMANDS.items():
        assert f"{name} {what}" in " ".join(help_text.split())
    assert not {*course.SUBCOMMANDS, "nbformat"} & set(modules.split())


@pytest.mark.parametrize("name", course.SUBCOMMANDS)
def test_each_subcommand_has_a_help_of_its_own(name, capsys):
    if name == "student":
        pytest.importorskip("nbgrader", reason="nbgrader does not go with Colab's IPython")
    with pytest.raises(SystemExit) as ended:
        course.main([name, "--help"])
    assert ended.value.code == 0
    assert re.search(rf"usage: .* {name} \[-h\]", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "required: SUBCOMMAND"),
        (["walk"], "invalid choice: 'walk'"),
        (["save", "--notebooks", "77"], "NOTEBOOKS takes any of: 01"),
        (["seeds", "--dataset", "cifar"], "DATASET takes one of: digits mnist fashion_mnist"),
        (["colab", "--address", "https://a.org/b", "--branch", "a b"], "Expected BRANCH"),
        (["mutants", "--only", "no such bug"], "No mutant has 'no such bug' in its description"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_can(given, message, monkeypatch, capsys):
    for name in set(given) & set(course.SUBCOMMANDS):
        # What is not refused would go on for minutes.
        monkeypatch.setattr(f"{name}.main", lambda given: 0)
    with pytest.raises(SystemExit) as ended:
        course.main(given)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_make_calls_each_subcommand():
    called = re.findall(r"tools/course\.py ([a-z]+)", (ROOT / "Makefile").read_text("utf-8"))
    assert set(called) == set(course.SUBCOMMANDS)
