"""Copies for Colab: the cell that installs gk changes nothing that is there, or does nothing."""

import ast
import importlib.metadata
import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import colab
import colab_cell
import course
import nbformat
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent

ADDRESS = "https://github.com/somebody/generative-keras"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def execute(source, monkeypatch, gk_is_there):
    """Runs the cell's source; returns what it would have run as commands."""
    commands = []
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: (True if gk_is_there else None) if name == "gk" else find(name),
    )

    def remember(command, **_):
        lines = Path(command[command.index("--constraint") + 1]).read_text("utf-8").splitlines()
        commands.append((command, lines))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", remember)
    exec(compile(source, "cell", "exec"), {"__name__": "__main__"})
    return commands


@pytest.fixture
def cell():
    return colab.installing_cell(ADDRESS, "main")


def test_where_gk_is_there_the_cell_does_nothing(cell, monkeypatch, capsys):
    assert execute(cell.source, monkeypatch, gk_is_there=True) == []
    assert capsys.readouterr().out == ""


def test_where_gk_is_missing_it_comes_from_the_address_and_every_package_is_pinned(
    cell, monkeypatch
):
    ((command, lines),) = execute(cell.source, monkeypatch, gk_is_there=False)
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert command[-1] == f"generative-keras @ git+{ADDRESS}@main"
    assert not {"--upgrade", "-U", "--force-reinstall"} & set(command)
    pinned = {Requirement(line).name: Requirement(line).specifier for line in lines}
    assert len(pinned) == len(lines)
    for name in ("tensorflow", "keras", "numpy", "scipy", "pandas", "pillow", "ipython"):
        assert str(pinned[name]) == f"=={importlib.metadata.version(name)}"


def test_of_a_package_that_is_there_twice_the_imported_one_counts(tmp_path, monkeypatch):
    for folder, version in (("first", "2.0"), ("second", "1.0"), ("third", "1.1build1")):
        path = tmp_path / folder
        name = "Odd_Name" if folder != "third" else "odd"
        (path / f"{name}-{version}.dist-info").mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (path / f"{name}-{version}.dist-info" / "METADATA").write_text(text)
    (tmp_path / "first" / "broken-1.0.dist-info").mkdir()
    monkeypatch.setattr(
        sys, "path", [str(tmp_path / name) for name in ("first", "second", "third")]
    )
    assert colab_cell.installed_versions() == ["odd-name==2.0"]


def test_what_could_only_be_installed_by_replacing_numpy_is_refused(tmp_path, monkeypatch):
    wheel = tmp_path / "generative_keras-0.1-py3-none-any.whl"
    folder = "generative_keras-0.1.dist-info"
    metadata = "Metadata-Version: 2.1\nName: generative-keras\nVersion: 0.1\n"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr(f"{folder}/METADATA", metadata + "Requires-Dist: numpy<1.0\n")
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        file.writestr(f"{folder}/WHEEL", tags)
        file.writestr(f"{folder}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    before = importlib.metadata.version("numpy")
    with pytest.raises(RuntimeError, match=r"numpy.*[\s\S]*take a newer runtime"):
        colab_cell.install(wheel.as_uri())
    assert importlib.metadata.version("numpy") == before


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_copy_is_the_notebook_with_a_badge_and_a_folded_first_cell(path):
    original = nbformat.read(path, as_version=4)
    copied = colab.for_colab(original, ADDRESS, "main", path.name)
    nbformat.validate(copied)
    first, installs, *rest = copied.cells
    title, badge, question = first.source.split("\n\n", 2)
    assert f"{title}\n\n{question}" == original.cells[0].source
    assert f"/github/somebody/generative-keras/blob/main/colab/{path.name})" in badge
    assert rest == original.cells[1:]
    assert installs.source.startswith("# @title ")
    assert installs.source.count(ADDRESS) == 1
    assert installs.metadata == {"cellView": "form", "jupyter": {"source_hidden": True}}
    assert ADDRESS not in nbformat.writes(original)
    ast.parse(installs.source, feature_version=(3, 10))


def test_there_is_a_badge_for_github_only():
    with_ending = colab.badge(f"{ADDRESS}.git", "v1", "01.ipynb")
    assert "/github/somebody/generative-keras/blob/v1/colab/01.ipynb" in with_ending
    assert colab.badge("https://example.org/somebody/course", "main", "01.ipynb") is None


@pytest.mark.parametrize(
    "address", ["", "somebody/course", "https://a b", 'https://x/"', "ftp://x"]
)
def test_an_address_that_git_cannot_use_is_refused_with_an_example(address, capsys):
    with pytest.raises(SystemExit) as ended:
        course.main(["colab", "--address", address])
    assert ended.value.code != 0
    told = " ".join(capsys.readouterr().err.split())
    assert "make colab ADDRESS=https://github.com/OWNER/REPOSITORY" in told


def test_copies_are_written_for_any_address(tmp_path, capsys):
    given = ["--address", "git+https://example.org/a/b", "--notebooks", "01"]
    course.main(["colab", *given, "--output", str(tmp_path)])
    (path,) = tmp_path.iterdir()
    copied = nbformat.read(path, as_version=4)
    assert 'ADDRESS = "git+https://example.org/a/b@main"' in copied.cells[1].source
    assert "No badge" in capsys.readouterr().out
