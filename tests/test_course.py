"""`make run`: the whole way from notebooks to pages, and what happens when one fails."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import run_course  # noqa: E402


def run(*arguments):
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "run_course.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--notebooks", "01 77"], "Unknown notebooks 77. NOTEBOOKS takes any of: 01"),
        (["--dataset", "cifar"], "DATASET takes one of: digits mnist fashion_mnist"),
        (["--profile", "tpu"], "PROFILE takes one of: cpu gpu"),
    ],
)
def test_a_wrong_value_lists_the_right_ones(arguments, message, tmp_path, monkeypatch, capsys):
    output = tmp_path / "course"
    monkeypatch.setattr(sys, "argv", ["run_course", *arguments, "--output", str(output)])
    with pytest.raises(SystemExit) as ended:
        run_course.main()
    assert ended.value.code != 0
    assert message in capsys.readouterr().err
    assert not output.exists()


def test_a_relative_folder_of_data_is_meant_from_here_not_from_notebooks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("GK_PROFILE", "GK_STATIC"):  # so that both are put back
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("GK_DATA_DIR", "real")
    run_course.set_environment("cpu")
    assert os.environ["GK_DATA_DIR"] == str(tmp_path / "real")
    assert os.environ["GK_PROFILE"] == "cpu"


@pytest.fixture
def two_notebooks(tmp_path, monkeypatch):
    """A project of two short notebooks, of which the second one fails."""
    monkeypatch.setattr(run_course, "ROOT", tmp_path)
    monkeypatch.setenv("GK_PROFILE", "cpu")
    (tmp_path / "notebooks").mkdir()
    good = [
        "import gk\nprofile = gk.setup(seed=1)",
        "DATASET = profile.dataset",
        "gk.claim('X1', 'length of the name', len(DATASET), at_least=1)",
    ]
    bad = [*good, "raise KeyError('no such dog')"]
    for name, sources in {"01_good": good, "02_bad": bad}.items():
        cells = [nbformat.v4.new_markdown_cell(f"# Title of {name}\n\nWhat happens?")]
        cells += [nbformat.v4.new_code_cell(source) for source in sources]
        cells[2].metadata["tags"] = ["parameters"]
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "language": "python",
            "display_name": "Python 3",
        }
        nbformat.write(notebook, tmp_path / "notebooks" / f"{name}.ipynb")
    return tmp_path


def test_the_index_is_escaped(tmp_path):
    card = {"name": "01_a", "minutes": 1.0, "error": "<e>", "title": "<t>", "question": "<q>"}
    claim = {"code": "<c>", "statement": "a < b", "measured": "<m>", "expected": "<x>", "cell": 3}
    cards = [{**card, "figure": None, "claims": [claim]}]
    run_course.write_index(cards, tmp_path, {"DATASET": "<d>"}, "<p>")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    for letter in "tqecmxdp":
        assert f"&lt;{letter}&gt;" in page
    assert "a &lt; b" in page


def test_a_failing_notebook_stops_the_run_and_what_was_done_stays(
    two_notebooks, monkeypatch, capsys
):
    output = two_notebooks / "out"
    monkeypatch.setattr(sys, "argv", ["run_course", "--output", str(output)])
    assert run_course.main() == 1
    told = capsys.readouterr().err
    assert "[2/2] 02_bad" in told
    assert "02_bad.ipynb failed in cell In[5]: KeyError: 'no such dog'" in told
    pages = {"01_good.ipynb", "01_good.html", "02_bad.ipynb", "02_bad.html", "index.html"}
    assert {path.name for path in output.iterdir()} == pages
    index = (output / "index.html").read_text(encoding="utf-8")
    assert "Title of 01_good" in index
    assert "length of the name: <b>6</b>" in index
    assert "In[3]" in index
    assert "no such dog" in index


def test_native_log_lines_are_left_out_and_other_errors_stay():
    native = "E0000 00:00:1795411290.867316   22982 meta_optimizer.cc:967] remapper failed: INVALID"
    cell = nbformat.v4.new_code_cell("1")
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stderr", text=native + "\n"),
        nbformat.v4.new_output("stream", name="stdout", text="kept\n"),
        nbformat.v4.new_output("stream", name="stderr", text="UserWarning: kept, too\n"),
    ]
    tidied = run_course.tidy(nbformat.v4.new_notebook(cells=[cell]))
    assert [output.text for output in tidied.cells[0].outputs] == [
        "kept\n",
        "UserWarning: kept, too\n",
    ]


def uses_the_data_set(path):
    """Whether a notebook looks at DATASET; the others run the same whatever it is."""
    cells = nbformat.read(path, as_version=4).cells
    return any(
        "DATASET" in cell.source
        for cell in cells
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", [])
    )


USE_THE_DATA_SET = [path for path in run_course.find_notebooks([]) if uses_the_data_set(path)]


def test_most_notebooks_use_the_data_set():
    assert len(USE_THE_DATA_SET) >= 7


@pytest.mark.parametrize("path", USE_THE_DATA_SET, ids=lambda path: path.stem)
@pytest.mark.parametrize("dataset", ["mnist", "fashion_mnist"])
def test_claims_hold_on_real_data(dataset, path, need_real, tmp_path):
    need_real(dataset)
    done = run("--dataset", dataset, "--notebooks", path.stem[:2], "--output", tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert index.count("<article>") == 1
    assert index.count("data:image/png") == 1
    assert f"Data set {dataset}" in index
