"""`make run`: the whole way from notebooks to pages, side by side, and when one fails."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import arguments
import course
import folding
import nbformat
import psutil
import pytest
import records
import run
import seeds
import side_by_side

import gk

ROOT = Path(__file__).resolve().parent.parent


def call(*given):
    """Does in this process what `python tools/course.py` would; returns the exit status."""
    return course.main(list(map(str, given)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--notebooks", "01 77"], "Unknown notebooks 77. NOTEBOOKS takes any of: 01"),
        (["--dataset", "cifar"], "DATASET takes one of: digits mnist fashion_mnist"),
        (["--profile", "tpu"], "PROFILE takes one of: cpu gpu"),
        (["--jobs", "0"], "JOBS takes a whole number, at least 1. Received: 0"),
        (["--jobs", "two"], "JOBS takes a whole number, at least 1. Received: two"),
    ],
)
def test_a_wrong_value_lists_the_right_ones(given, message, tmp_path, capsys):
    output = tmp_path / "course"
    with pytest.raises(SystemExit) as ended:
        call("run", *given, "--output", output)
    assert ended.value.code != 0
    assert message in capsys.readouterr().err
    assert not output.exists()


def test_a_relative_folder_of_data_is_meant_from_here_not_from_notebooks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("GK_PROFILE", "GK_STATIC"):  # so that both are put back
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("GK_DATA_DIR", "real")
    run.set_environment("cpu")
    assert os.environ["GK_DATA_DIR"] == str(tmp_path / "real")
    assert os.environ["GK_PROFILE"] == "cpu"


def test_what_is_said_of_profiles_is_what_gk_says():
    said = {name: dataset for name, (dataset, _) in arguments.PROFILES.items()}
    assert said == {name: profile.dataset for name, profile in gk.PROFILES.items()}


GOOD = [
    "import gk\nprofile = gk.setup(seed=1)",
    "gk.claim('X1', 'length of the name', len(DATASET), at_least=1)",
]
BAD = ["import os; os.write(2, b'native last words')", "raise KeyError('no such dog')"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A function that writes notebooks, from their names and cells, and returns the folder."""
    monkeypatch.setattr(arguments, "ROOT", tmp_path)
    for name in ("GK_PROFILE", "GK_STATIC"):  # so that all are put back
        monkeypatch.setenv(name, "cpu")
    monkeypatch.setenv("GK_CLAIMS", "check")
    (tmp_path / "notebooks").mkdir()

    def write(**notebooks):
        for number, (name, sources) in enumerate(notebooks.items(), start=1):
            first = f"# Title of {name}\n\nWhat happens?"
            cells = [nbformat.v4.new_markdown_cell(first)]
            cells += map(nbformat.v4.new_code_cell, ["DATASET = 'digits'", *sources])
            cells[1].metadata["tags"] = ["parameters"]
            notebook = nbformat.v4.new_notebook(cells=cells)
            notebook.metadata["kernelspec"] = {
                "name": "python3",
                "language": "python",
                "display_name": "Python 3",
            }
            nbformat.write(notebook, tmp_path / "notebooks" / f"{number:02d}_{name}.ipynb")
        return tmp_path

    return write


def command_for(folder, *given):
    """Returns what Python runs in `tools` to call `course.py` on the notebooks of a folder."""
    lines = [
        # Where the tests run in the background, Ctrl-C is ignored.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)",
        "import pathlib, sys, arguments, course",
        f"arguments.ROOT = pathlib.Path({str(folder)!r})",
        f"sys.exit(course.main({list(map(str, given))!r}))",
    ]
    return [sys.executable, "-c", "\n".join(lines)]


def test_images_of_ones_own_are_measured_and_not_judged(project, tmp_path, monkeypatch):
    (tmp_path / "pictures").mkdir()
    folder = project(
        own=[
            "import gk, pathlib\nassert pathlib.Path(DATASET).is_absolute()",
            "gk.claim('X1', 'pictures', len(list(pathlib.Path(DATASET).iterdir())), at_least=7)",
            "raise KeyError('an exercise made for the course')",
        ]
    )
    path = folder / "notebooks" / "01_own.ipynb"
    notebook = nbformat.read(path, as_version=4)
    end = "## What you have seen\n\nAll.\n\n## Exercises\n\n**1.**"
    notebook.cells.insert(-1, nbformat.v4.new_markdown_cell(end))
    notebook.cells.append(nbformat.v4.new_markdown_cell("## References\n\n- None."))
    nbformat.write(notebook, path)
    monkeypatch.chdir(tmp_path)
    assert call("run", "--output", folder / "out", "--jobs", 1, "--dataset", "pictures") == 0
    index = (folder / "out" / "index.html").read_text(encoding="utf-8")
    assert "Images of your own" in index
    assert 'class="open"' in index
    shown = [cell.source for cell in nbformat.read(folder / "out" / path.name, 4).cells]
    assert not any("an exercise" in source or "## Exercises" in source for source in shown)
    assert any(source.startswith("## What you have seen") for source in shown)
    assert shown[-1].startswith("## References")
    with pytest.raises(SystemExit):
        call("run", "--output", folder / "out", "--dataset", "elsewhere")


def test_a_page_without_a_number_takes_no_set_by_name_and_goes_by_its_own(project, capsys):
    folder = project(numbered=["assert DATASET == 'fashion_mnist'"])
    page = folder / "notebooks" / "a_page.ipynb"
    text = (folder / "notebooks" / "01_numbered.ipynb").read_text("utf-8")
    page.write_text(text.replace("== 'fashion_mnist'", "== 'digits'"), "utf-8")
    given = ("run", "--output", folder / "out", "--jobs", 1, "--dataset", "fashion_mnist")
    assert call(*given) == 0
    index = (folder / "out" / "index.html").read_text(encoding="utf-8")
    assert "01 · Title" in index
    assert re.search(r"html\">\s*Title of numbered", index)
    assert call(*given, "--notebooks", "a_page") == 0
    assert "1 to run" in capsys.readouterr().err


def test_the_index_is_escaped(tmp_path):
    card = {"name": "01_a", "minutes": 1.0, "error": "<e>", "title": "<t>", "question": "<q>"}
    claim = {"sentence": "a < b", "measured": "<m>", "expected": "<x>", "cell": 3, "holds": True}
    claim |= {"codes": ["<c>"], "key": None, "headline": True}
    cards = [{**card, "figure": None, "claims": [claim]}]
    run.write_index(cards, tmp_path, "<d>", "<p>", 1.0)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    for letter in "tqecmxdp":
        assert f"&lt;{letter}&gt;" in page
    assert "a &lt; b" in page


def claiming(*records_by_cell):
    """Returns an executed notebook whose cells claim what is in these records."""
    cells = [nbformat.v4.new_markdown_cell("# Title\n\nWhat?")]
    for found in records_by_cell:
        output = nbformat.v4.new_output("display_data", metadata={"gk_claim": found})
        cells.append(nbformat.v4.new_code_cell(outputs=[output]))
    return nbformat.v4.new_notebook(cells=cells)


def record(key, holds=True, headline=False):
    facts = {"codes": ["A4", "A10"], "measured": "2 dB", "expected": "at most 3 dB"}
    return {"key": key, "sentence": f"On {key}.", "holds": holds, "headline": headline, **facts}


OLD = {"code": "A5", "statement": "maps shared", "measured": "100 %", "expected": "at least 1 %"}


def test_both_forms_of_claims_are_read_alike():
    notebook = claiming(OLD, record("pca", headline=True), [record("wide"), record("smile")])
    notebook.cells[2].metadata["tags"] = ["injected-parameters"]
    claims = records.read(notebook)
    assert [claim["cell"] for claim in claims] == [1, 1, 2, 2]
    assert [claim["key"] for claim in claims] == [None, "pca", "wide", "smile"]
    assert [claim["headline"] for claim in claims] == [True, True, False, False]
    old, new = claims[:2]
    assert set(old) == set(new)
    assert old["sentence"] == "maps shared"
    assert old["codes"] == ["A5"]
    assert old["holds"]


def test_a_card_shows_headlines_and_how_many_others_hold(tmp_path):
    card = {"name": "01_a", "minutes": 1.0, "error": None, "title": "t", "question": "q"}
    for wide, told in [(True, "all within bounds"), (False, "1 out of bounds")]:
        notebook = claiming(
            record("pca", headline=True), [record("wide", holds=wide), record("smile")]
        )
        cards = [{**card, **run.describe(notebook)}]
        run.write_index(cards, tmp_path, "digits", "cpu", 1.0)
        page = (tmp_path / "index.html").read_text(encoding="utf-8")
        assert page.count("<li") == 1
        assert re.search(r"<li>On pca\.\s+<b>2 dB</b>\s+<span[^>]+>\(expected at most 3 dB", page)
        assert f"2 more measured, {told} · In[2]" in page
    cards = [{**card, **run.describe(claiming(OLD))}]
    run.write_index(cards, tmp_path, "digits", "cpu", 1.0)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<li><b>A5</b> maps shared: <b>100 %</b>" in page
    assert "more measured" not in page


def wait_until(happened, seconds=60):
    """Returns whether something happens in time."""
    ends = time.monotonic() + seconds
    while not happened() and time.monotonic() < ends:
        time.sleep(0.1)
    return happened()


def is_running(pid):
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_a_failing_notebook_stops_the_run_and_what_was_done_stays(project, capsys):
    folder = project(good=[*GOOD, BAD[0]], bad=BAD, never=["open('started', 'w')"])
    output = folder / "out"
    assert call("run", "--output", output, "--jobs", 1) == 1
    told = capsys.readouterr().err
    assert re.search(r"^01 good: done in \d.\d min \(1 of 3\)$", told, re.MULTILINE)
    assert re.search(r"^02 bad: failed after \d.\d min \(2 of 3\)$", told, re.MULTILINE)
    assert "02_bad.ipynb failed in cell In[4]: KeyError: 'no such dog'" in told
    assert told.count("native last words") == 1
    assert not (folder / "notebooks" / "started").exists()
    pages = {"01_good.ipynb", "01_good.html", "02_bad.ipynb", "02_bad.html", "index.html"}
    assert {path.name for path in output.iterdir()} == pages
    index = (output / "index.html").read_text(encoding="utf-8")
    assert "Title of good" in index
    assert "length of the name: <b>6</b>" in index
    assert "In[3]" in index
    assert "no such dog" in index


SLEEP = """import os, pathlib, time
pathlib.Path("pid").write_text(str(os.getpid()))
time.sleep(120)"""

WAIT_FOR_SLEEP = """import pathlib, time
while not pathlib.Path("pid").exists():
    time.sleep(0.1)"""


def test_a_failure_ends_what_runs_beside_it(project):
    folder = project(sleeps=[SLEEP], bad=[WAIT_FOR_SLEEP, *BAD], never=["open('started', 'w')"])
    output = folder / "out"
    started = time.monotonic()
    assert call("run", "--output", output, "--jobs", 2) == 1
    assert time.monotonic() - started < 100
    assert not is_running(int((folder / "notebooks" / "pid").read_text()))
    assert not (folder / "notebooks" / "started").exists()
    assert {path.name for path in output.iterdir()} == {"02_bad.ipynb", "02_bad.html", "index.html"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "killed"])
def test_no_kernel_outlives_the_run(number, project):
    folder = project(sleeps=[SLEEP])
    pid = folder / "notebooks" / "pid"
    running = subprocess.Popen(
        command_for(folder, "run", "--output", folder / "out"),
        cwd=ROOT / "tools",
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert wait_until(lambda: pid.exists() and pid.read_text())
        workers = psutil.Process(running.pid).children(recursive=True)
        os.killpg(running.pid, number)
        _, told = running.communicate(timeout=60)
    finally:
        running.kill()
    if number == signal.SIGINT:
        assert running.returncode == 130
        assert "Stopped. What was done is kept in" in told
        assert "Traceback" not in told
        assert not list((folder / "out").iterdir())
    assert int(pid.read_text()) in {worker.pid for worker in workers}
    assert wait_until(lambda: not any(is_running(worker.pid) for worker in workers))


@pytest.fixture
def all_cores(monkeypatch):
    """The cores that `make test` may use; each of its workers keeps to one of them."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("processes cannot be kept to cores here")
    cores = sorted(os.sched_getaffinity(0) | os.sched_getaffinity(os.getppid()))
    monkeypatch.setattr(side_by_side, "available_cores", lambda: cores)
    return cores


MEET = """import os, pathlib, time
pathlib.Path(f"{os.getpid()}.here").touch()
while len(list(pathlib.Path().glob("*.here"))) < 2:
    time.sleep(0.1)
pathlib.Path(f"{os.getpid()}.cores").write_text(" ".join(map(str, os.sched_getaffinity(0))))"""


def test_two_jobs_run_at_once_each_on_cores_of_its_own(all_cores, project):
    folder = project(one=[MEET], other=[MEET])
    assert call("run", "--output", folder / "out", "--jobs", 2) == 0
    notes = (folder / "notebooks").glob("*.cores")
    used = [set(map(int, note.read_text().split())) for note in notes]
    assert set.union(*used) == set(all_cores)
    assert len(all_cores) == 1 or not set.intersection(*used)


ALONE = """import pathlib, time
running = pathlib.Path("running")
running.touch(exist_ok=False)
time.sleep(0.5)
running.unlink()"""


def test_one_job_runs_one_by_one_the_longest_first_and_cards_keep_their_order(
    project, monkeypatch, capsys
):
    folder = project(short=[ALONE], long=[ALONE], middle=[ALONE])
    minutes = {"01_short": 0, "02_long": 2, "03_middle": 1}
    monkeypatch.setattr(side_by_side, "minutes_told", lambda path: minutes[path.stem])
    assert call("run", "--output", folder / "out", "--jobs", 1) == 0
    told = capsys.readouterr()
    assert re.findall(r"^(.*): done in", told.err, re.MULTILINE) == [
        "02 long",
        "03 middle",
        "01 short",
    ]
    assert f"Open {folder / 'out' / 'index.html'}" in told.out
    index = (folder / "out" / "index.html").read_text(encoding="utf-8")
    assert re.findall("Title of ([a-z]+)</a>", index) == ["short", "long", "middle"]


def test_outside_of_a_terminal_the_display_is_whole_lines(project, capsys):
    folder = project(good=["1"])
    call("run", "--output", folder / "out", "--jobs", 3)
    told = capsys.readouterr().err
    assert "\r" not in told
    assert re.fullmatch(
        r"1 to run, 1 at a time on \d+ cores?\n01 good: done in \d.\d min \(1 of 1\)\n", told
    )


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_in_a_terminal_each_that_runs_has_a_line_and_none_is_left(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    display = side_by_side.Display(["01 good", "02 long"], 2, 2)
    display.start("01 good")
    display.start("02 long")
    display.show("02 long", 3, 7)
    display.refresh()
    shown = terminal.getvalue()
    display.end("01 good", failed=False)
    display.end("02 long", failed=True)
    display.close()
    assert re.search(r"all .*0/2 · 00:0\d", shown)
    assert re.search(r"02 long .*3/7 cells · 00:0\d", shown)
    after = terminal.getvalue().removeprefix(shown)
    assert "01 good: done in 0.0 min (1 of 2)" in after
    assert "02 long: failed after 0.0 min (2 of 2)" in after
    assert not after.rpartition("\r")[2].strip()


def test_as_many_run_as_cores_and_memory_allow(monkeypatch):
    monkeypatch.setattr(side_by_side, "available_cores", lambda: list(range(8)))
    for gib, num_tasks, expected in [(64, 9, 8), (64, 3, 3), (8, 9, 3), (1, 9, 1)]:
        memory = psutil.virtual_memory()._replace(total=gib * 2**30)
        monkeypatch.setattr(psutil, "virtual_memory", lambda memory=memory: memory)
        assert side_by_side.how_many(num_tasks) == expected
    assert side_by_side.share_out([0, 2, 3, 5, 7], 2) == [[0, 3, 7], [2, 5]]
    assert side_by_side.share_out([4, 6], 3) == [[4], [6], [4]]
    assert side_by_side.one_each([4, 6, 8], 2) == [[4], [6]]


def test_one_at_a_time_on_a_gpu(monkeypatch):
    monkeypatch.setattr(side_by_side, "how_many", lambda num_tasks, gib_each: 5)
    monkeypatch.setattr(run, "COUNT_GPUS", "print(1)")
    assert run.how_many("gpu", 9) == 1
    assert run.how_many("cpu", 9) == 5
    monkeypatch.setattr(run, "COUNT_GPUS", "print(0)")
    assert run.how_many("gpu", 9) == 5


def test_each_notebook_tells_how_long_it_takes():
    told = {path.name: side_by_side.minutes_told(path) for path in arguments.find_notebooks("")}
    assert 0 not in told.values(), told
    order = side_by_side.longest_first(arguments.find_notebooks(""))
    minutes = [told[path.name] for path in order]
    assert minutes == sorted(minutes, reverse=True)


def test_outputs_are_saved_in_place_as_from_one_core(all_cores, project):
    folder = project(one=["import os\nlen(os.sched_getaffinity(0))"])
    call("save", "--jobs", 1)
    (path,) = (folder / "notebooks").iterdir()
    cells = nbformat.read(path, as_version=4).cells
    assert [cell.execution_count for cell in cells[1:]] == [1, 2]
    assert cells[2].outputs[0]["data"]["text/plain"] == "1"


def cell(source, *tags, **metadata):
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags), **metadata})


def test_folding_follows_the_tag():
    unfolded = cell("# @title Draw\n1", cellView="form", jupyter={"source_hidden": True})
    cells = [cell("# @title Draw\n1", "fold"), cell("# @title Draw\n1", "headline"), unfolded]
    notebook = folding.fold(nbformat.v4.new_notebook(cells=cells))
    assert [dict(cell.metadata) for cell in notebook.cells] == [
        {"tags": ["fold"], "cellView": "form", "jupyter": {"source_hidden": True}},
        {"tags": ["headline"]},
        {"tags": []},
    ]


@pytest.mark.parametrize("source", ["1", "\n# @title Draw", "#@title Draw", "# @title"])
def test_what_is_folded_needs_a_title(source):
    notebook = nbformat.v4.new_notebook(cells=[cell(source, "fold")])
    with pytest.raises(ValueError, match="# @title and a title as the first line of a code cell"):
        folding.fold(notebook)


def test_pages_fold_the_source_of_a_cell_and_show_what_it_made():
    folded = cell("# @title Draw a < b\nprint('drawn')", "fold", "headline")
    folded.execution_count = 4
    folded.outputs = [nbformat.v4.new_output("stream", name="stdout", text="a digit")]
    notebook = nbformat.v4.new_notebook(cells=[folded, cell("# @title Plain\nprint('seen')")])
    page = run.page_of(notebook)
    (inside,) = re.findall('<details class="folded">(.*?)</details>', page, re.DOTALL)
    summary, source = inside.split("</summary>")
    words = re.sub("<[^>]+>", "", summary).split()
    assert " ".join(words) == "In [4]: Draw a &lt; b"
    assert "drawn" in source
    outside = page.replace(inside, "")
    for text in ("a digit", "seen"):
        assert text in outside
        assert text not in inside


def test_saving_folds_what_is_tagged_and_stops_before_it_runs_what_has_no_title(project):
    folder = project(one=["# @title Count\n1 + 1"], other=["open('started', 'w')"])
    path, other = sorted((folder / "notebooks").iterdir())
    for place in (path, other):
        notebook = nbformat.read(place, as_version=4)
        notebook.cells[2].metadata["tags"] = ["fold"]
        nbformat.write(notebook, place)
    call("save", "--notebooks", "01", "--jobs", 1)
    saved = nbformat.read(path, as_version=4).cells[2]
    assert saved.metadata == {"tags": ["fold"], **folding.METADATA}
    assert saved.outputs[0]["data"]["text/plain"] == "2"
    with pytest.raises(ValueError, match="Expected # @title"):
        call("save", "--notebooks", "02", "--jobs", 1)
    assert not (folder / "notebooks" / "started").exists()


CLAIM = """import os
from IPython.display import display
claim = {"code": "S1", "statement": "seed", "expected": "any", "measured": os.environ["GK_SEED"]}
display({"text/plain": ""}, raw=True, metadata={"gk_claim": claim})
if claim["measured"] == "3":
    raise KeyError("no such dog")"""


def test_seeds_differ_and_a_failing_one_is_named(project, capsys):
    project(claims=[CLAIM])
    assert call("seeds", "--seeds", 3, "--jobs", 3) == 1
    told = capsys.readouterr()
    assert "| S1 | 2 | seed | any | 1 to 3 |" in told.out
    assert "FAILED seed 3: cell In[3]: KeyError: 'no such dog'" in told.out
    assert "01 claims, seed 3: failed after" in told.err


def test_the_table_of_seeds_knows_both_forms(capsys):
    notebook = claiming(OLD, [record("a | b")])
    cards = {seed: {**run.describe(notebook), "error": None} for seed in (1, 2)}
    seeds.print_table(Path("01_a.ipynb"), cards, "digits")
    assert capsys.readouterr().out.splitlines()[1:] == [
        "| claim | cell of 01 | what | must be | digits |",
        "| --- | --- | --- | --- | --- |",
        "| A5 | 1 | maps shared | at least 1 % | 100 % |",
        r"| A4 A10 a \| b | 2 | On a \| b. | at most 3 dB | 2 dB |",
    ]


def test_native_log_lines_are_left_out_and_other_errors_stay():
    native = "E0000 00:00:1795411290.867316   22982 meta_optimizer.cc:967] remapper failed: INVALID"
    cell = nbformat.v4.new_code_cell("1")
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stderr", text=native + "\n"),
        nbformat.v4.new_output("stream", name="stdout", text="kept\n"),
        nbformat.v4.new_output("stream", name="stderr", text="UserWarning: kept, too\n"),
    ]
    tidied = run.tidy(nbformat.v4.new_notebook(cells=[cell]))
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


COURSE = [path for path in arguments.find_notebooks("") if arguments.number_of(path)]
USE_THE_DATA_SET = [path for path in COURSE if uses_the_data_set(path)]


def test_most_notebooks_use_the_data_set():
    assert len(USE_THE_DATA_SET) >= 7


@pytest.mark.parametrize("path", USE_THE_DATA_SET, ids=lambda path: path.stem)
@pytest.mark.parametrize("dataset", ["mnist", "fashion_mnist"])
def test_claims_hold_on_real_data(dataset, path, need_real, tmp_path):
    """Long because each case runs a whole notebook."""
    need_real(dataset)
    command = [sys.executable, ROOT / "tools" / "course.py", "run", "--dataset", dataset]
    command += ["--notebooks", path.stem[:2], "--output", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert index.count("<article>") == 1
    assert index.count("data:image/png") == 1
    assert f"Data set {dataset}" in index
