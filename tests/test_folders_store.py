"""Decoded images are kept: each file is decoded once, until it changes, whatever happens."""

import errno
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from gk import datasets, files
from gk.folders import reading, store

SHAPE = (8, 8, 3)


def write(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, SHAPE, dtype=np.uint8)
    Image.fromarray(pixels).save(path, "png")


@pytest.fixture
def folder(tmp_path):
    for number in range(20):
        write(tmp_path / "set" / f"{number:02d}.png", number)
    (tmp_path / "set" / "notes.txt").write_text("no picture")
    return tmp_path / "set"


@pytest.fixture
def counted(monkeypatch):
    """How many files were decoded since the last look."""
    taken, decoded = [], reading.decoded

    def counting(*arguments, **options):
        taken.append(1)
        return decoded(*arguments, **options)

    def since():
        number = len(taken)
        taken.clear()
        return number

    monkeypatch.setattr(reading, "decoded", counting)
    return since


def equal(one, other):
    assert one.report.table.equals(other.report.table)
    assert one.report.near == other.report.near
    for name in ("x_train", "y_train", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_each_file_is_decoded_once_until_it_changes(folder, counted):
    first = datasets.from_folder(folder, SHAPE)
    assert counted() == 21
    equal(first, datasets.from_folder(folder, SHAPE))
    assert counted() == 0
    write(folder / "99.png", 99)
    (folder / "03.png").unlink()
    write(folder / "04.png", 104)
    os.utime(folder / "04.png", ns=(1, 1))
    changed = datasets.from_folder(folder, SHAPE)
    assert counted() == 2
    equal(changed, datasets.from_folder(folder, SHAPE, cache=False))
    assert changed.report.kept_in.is_dir()
    counted()
    datasets.from_folder(folder, (8, 4, 3))
    datasets.from_folder(folder, SHAPE, fit="pad")
    assert counted() == 42
    datasets.from_folder(folder, SHAPE, test_share=0.5)
    assert counted() == 0


def test_what_cannot_be_opened_is_tried_again(folder, counted):
    (folder / "dangling.png").symlink_to(folder / "later.png.hidden")
    table = datasets.from_folder(folder, SHAPE).report.table.set_index("file")
    assert table.loc["dangling.png", "why"].startswith("cannot be opened")
    counted()
    datasets.from_folder(folder, SHAPE)
    assert counted() == 1


@pytest.mark.parametrize("chunk", [4, 2048])
def test_a_reading_that_was_interrupted_goes_on(chunk, folder, counted, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", chunk)
    add, taken = reading.Store.add, []

    def interrupted(self, *arguments):
        if len(taken) == 8:
            raise KeyboardInterrupt
        taken.append(1)
        return add(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(reading.Store, "add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            datasets.from_folder(folder, SHAPE)
    counted()
    whole = datasets.from_folder(folder, SHAPE)
    assert counted() == 13
    equal(whole, datasets.from_folder(folder, SHAPE, cache=False))


def images_of(kept):
    (path,) = kept.glob("*.bin")
    return path


def spoilt(kept, how):
    if how == "images cut":
        os.truncate(images_of(kept), 100)
    elif how == "images gone":
        images_of(kept).unlink()
    elif how == "images longer":
        with images_of(kept).open("ab") as file:
            file.write(b"half of a")
    elif how == "rows garbled":
        (kept / "files.csv").write_bytes(b'a,b\n"\x00\xff')
    elif how == "rows odd":
        text = (kept / "files.csv").read_text(encoding="utf-8")
        (kept / "files.csv").write_text(text.replace(",8,8,", ",8,wide,"), encoding="utf-8")
    elif how == "places odd":
        text = (kept / "files.csv").read_text(encoding="utf-8")
        (kept / "files.csv").write_text(re.sub(r",5,", ",-5,", text), encoding="utf-8")
    else:
        (kept / "files.csv").write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    "how",
    [
        "images cut",
        "images gone",
        "images longer",
        "rows garbled",
        "rows odd",
        "places odd",
        "rows empty",
    ],
)
def test_what_was_spoilt_is_made_anew(how, folder):
    first = datasets.from_folder(folder, SHAPE)
    spoilt(first.report.kept_in, how)
    write(folder / "99.png", 99)
    again = datasets.from_folder(folder, SHAPE)
    equal(again, datasets.from_folder(folder, SHAPE, cache=False))
    equal(again, datasets.from_folder(folder, SHAPE))


def test_images_of_files_that_are_gone_do_not_pile_up(folder):
    for number in range(20):
        write(folder / f"{number:02d}.png", number + 100)
    kept = datasets.from_folder(folder, SHAPE, in_memory=False)
    sizes = []
    for turn in range(1, 7):
        for number in range(20):
            write(folder / f"{number:02d}.png", 1000 * turn + number)
            os.utime(folder / f"{number:02d}.png", ns=(turn, turn))
        data = datasets.from_folder(folder, SHAPE)
        sizes.append(images_of(data.report.kept_in).stat().st_size)
    assert max(sizes) <= 3 * 20 * np.prod(SHAPE)
    # Who still reads the old ones is not disturbed.
    pixels = np.random.default_rng(100).integers(0, 256, SHAPE, dtype=np.uint8)
    images = np.concatenate([kept.x_train, kept.x_test])
    assert (images == pixels / np.float32(255)).all(axis=(1, 2, 3)).any()


def test_where_nothing_can_be_written_the_way_out_works(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(files, "user_cache", lambda: tmp_path / "file")
    with pytest.raises(OSError, match=r"cannot be kept in .*name another folder by cache=path"):
        datasets.from_folder(folder, SHAPE)
    assert len(datasets.from_folder(folder, SHAPE, cache=False).x_train)
    other = datasets.from_folder(folder, SHAPE, cache=tmp_path / "other")
    assert other.report.kept_in.is_relative_to(tmp_path / "other")


def test_a_full_disk_is_named_and_nothing_half_written_is_used(folder, monkeypatch):
    class Full:
        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, content):
            raise OSError(errno.ENOSPC, "No space left on device")

    enter = reading.Store.__enter__

    def entered(store):
        enter(store)
        store._file = Full(store._file)
        return store

    with monkeypatch.context() as patched:
        patched.setattr(reading.Store, "__enter__", entered)
        with pytest.raises(OSError, match="it is full"):
            datasets.from_folder(folder, SHAPE)
    equal(datasets.from_folder(folder, SHAPE), datasets.from_folder(folder, SHAPE, cache=False))


def test_two_processes_may_read_one_folder(folder, tmp_path):
    program = (
        "import sys; from gk import datasets; "
        "data = datasets.from_folder(sys.argv[1], (8, 8, 3), cache=sys.argv[2]); "
        "print(float(data.x_train.sum()))"
    )
    command = [sys.executable, "-c", program, folder, tmp_path / "kept"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    whole = datasets.from_folder(folder, SHAPE, cache=False)
    sums = {process.communicate()[0] for process in running}
    assert sums == {f"{float(whole.x_train.sum())}\n"}


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are UTF-8 there")
def test_names_that_are_no_text_are_kept_whole(folder):
    odd = os.fsdecode(b'od\xff,d "1".png')
    write(folder / odd, 77)
    for _ in range(2):
        table = datasets.from_folder(folder, SHAPE).report.table
        assert odd in set(table["file"])
    assert (table["became"] == "read").sum() == 21


def test_links_to_folders_are_named(folder, tmp_path):
    write(tmp_path / "elsewhere" / "1.png", 55)
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    table = datasets.from_folder(folder, SHAPE).report.table.set_index("file")
    assert table.loc["link", "became"] == "skipped"
    assert "not followed" in table.loc["link", "why"]


def test_who_reads_images_is_not_disturbed_by_who_writes(folder):
    """Files go and others come while a set is in use: its images stay what they are."""
    used = datasets.from_folder(folder, SHAPE, in_memory=False)
    before = used.x_train[:]
    for number in range(15, 20):
        (folder / f"{number}.png").unlink()
    (folder / "more.txt").write_text("no picture")
    datasets.from_folder(folder, SHAPE)
    for number in range(30, 40):
        write(folder / f"{number}.png", number)
    last = datasets.from_folder(folder, SHAPE)
    np.testing.assert_array_equal(used.x_train[:], before)
    equal(last, datasets.from_folder(folder, SHAPE, cache=False))


def test_old_rows_are_not_taken_for_those_of_new_images(folder, monkeypatch):
    """The images are removed, and the next reading is killed before it writes its rows."""
    datasets.from_folder(folder, SHAPE)
    for number in range(5):
        write(folder / f"a{number}.png", 50 + number)
    kept = datasets.from_folder(folder, SHAPE).report.kept_in
    images_of(kept).unlink()
    with monkeypatch.context() as patched:
        patched.setattr(reading.Store, "_save", lambda store, rows: store._file.flush())
        datasets.from_folder(folder, SHAPE)
    equal(datasets.from_folder(folder, SHAPE), datasets.from_folder(folder, SHAPE, cache=False))


def test_a_kill_costs_no_more_than_since_the_last_writing(folder, counted, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(store, "SECONDS", 0)
        patched.setattr(reading.Store, "__exit__", lambda self, *error: self._open.close())
        datasets.from_folder(folder, SHAPE)
    assert counted() == 21
    equal(datasets.from_folder(folder, SHAPE), datasets.from_folder(folder, SHAPE, cache=False))
    assert counted() <= 1 + 21


def test_files_that_were_exchanged_are_noticed(folder, counted):
    for name in ("00.png", "01.png"):
        os.utime(folder / name, ns=(1, 1))
    size = max((folder / name).stat().st_size for name in ("00.png", "01.png"))
    for name in ("00.png", "01.png"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content + bytes(size - len(content)))
        os.utime(folder / name, ns=(1, 1))
    datasets.from_folder(folder, SHAPE)
    (folder / "00.png").rename(folder / "x")
    (folder / "01.png").rename(folder / "00.png")
    (folder / "x").rename(folder / "01.png")
    equal(datasets.from_folder(folder, SHAPE), datasets.from_folder(folder, SHAPE, cache=False))
