"""The real sets: a stand-in of few images with the same code behind it, and the real ones."""

import errno
import gzip
import hashlib
import multiprocessing
import re
import time
from pathlib import Path

import numpy as np
import pooch
import pytest
import requests

from gk import datasets, downloads


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A real set of a few images, its files in a list, and a folder as GK_DATA_DIR."""
    rng = np.random.default_rng(0)
    shapes = {"x_train": (20, 28, 28), "y_train": (20,), "x_test": (10, 28, 28), "y_test": (10,)}
    files = {key: (downloads.IDX_FILES[key][0], shape) for key, shape in shapes.items()}
    arrays = {key: rng.integers(0, 10, shape).astype(np.uint8) for key, shape in shapes.items()}
    plain = {key: downloads._idx_header(shapes[key]) + arrays[key].tobytes() for key in shapes}
    zipped = {key: gzip.compress(content, mtime=0) for key, content in plain.items()}
    spec = downloads.RealSet(
        tuple("0123456789"),
        "a stand-in",
        ("https://first.invalid/", "https://second.invalid/"),
        tuple(hashlib.sha256(content).hexdigest() for content in zipped.values()),
        tuple(hashlib.sha256(content).hexdigest() for content in plain.values()),
    )
    monkeypatch.setattr(downloads, "IDX_FILES", files)
    monkeypatch.setattr(downloads, "REAL_SETS", {"mnist": spec, "fashion_mnist": spec})
    monkeypatch.setenv("GK_DATA_DIR", str(tmp_path))
    return {"arrays": arrays, "plain": plain, "zipped": zipped, "folder": tmp_path}


def write_idx(tiny, folder, kind):
    folder.mkdir(exist_ok=True)
    for key, content in tiny[kind].items():
        ending = ".gz" if kind == "zipped" else ""
        (folder / f"{downloads.IDX_FILES[key][0]}{ending}").write_bytes(content)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(self, *arguments, **options):
        raise requests.exceptions.ConnectionError("no network")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", refuse)
    monkeypatch.setattr(pooch.core.time, "sleep", lambda seconds: None)


@pytest.fixture
def network(monkeypatch, tiny):
    """Serves the stand-in's files; returns the list of what was asked for."""
    asked = []
    by_name = {f"{downloads.IDX_FILES[key][0]}.gz": tiny["zipped"][key] for key in tiny["zipped"]}

    def serve(self, url, output_file, store, check_only=False):
        asked.append(url)
        Path(output_file).write_bytes(by_name[url.rsplit("/", 1)[1]])

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", serve)
    return asked


@pytest.mark.parametrize("container", ["npz", "plain", "zipped"])
def test_files_placed_by_hand_are_used_without_network(tiny, no_network, container):
    if container == "npz":
        np.savez(tiny["folder"] / "mnist.npz", **tiny["arrays"])
    else:
        write_idx(tiny, tiny["folder"], container)
    data = datasets.load("mnist")
    np.testing.assert_array_equal(np.round(data.x_test[..., 0] * 255), tiny["arrays"]["x_test"])
    np.testing.assert_array_equal(data.y_train, tiny["arrays"]["y_train"])


def test_a_set_is_downloaded_once_and_then_read_from_the_folder(tiny, network):
    first = datasets.load("fashion_mnist")
    assert len(network) == 4
    second = datasets.load("fashion_mnist")
    assert len(network) == 4
    np.testing.assert_array_equal(first.x_train, second.x_train)


def test_only_the_files_that_are_missing_are_downloaded(tiny, network):
    write_idx(tiny, tiny["folder"], "plain")
    (tiny["folder"] / "t10k-labels-idx1-ubyte").unlink()
    datasets.load("mnist")
    assert [url.rsplit("/", 1)[1] for url in network] == ["t10k-labels-idx1-ubyte.gz"]


def test_fashion_mnist_never_takes_the_files_of_mnist(tiny, no_network):
    write_idx(tiny, tiny["folder"], "zipped")
    with pytest.raises(ConnectionError):
        datasets.load("fashion_mnist")


def test_without_network_the_error_says_which_file_goes_where(tiny, no_network):
    with pytest.raises(ConnectionError) as caught:
        datasets.load("mnist")
    message = str(caught.value)
    assert "train-images-idx3-ubyte.gz" in message
    assert str(tiny["folder"] / "mnist") in message
    assert "GK_DATA_DIR" in message
    assert not [path for path in tiny["folder"].rglob("*") if path.is_file()]


def test_second_mirror_serves_where_the_first_is_down(tiny, network, monkeypatch):
    serve = pooch.HTTPDownloader.__call__

    def first_is_down(self, url, output_file, store, check_only=False):
        if "first" in url:
            raise requests.exceptions.ConnectTimeout("down")
        serve(self, url, output_file, store)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", first_is_down)
    monkeypatch.setattr(pooch.core.time, "sleep", lambda seconds: None)
    datasets.load("mnist")
    assert all("second" in url for url in network)


def test_an_altered_download_is_refused(tiny, network, monkeypatch):
    def alter(self, url, output_file, store, check_only=False):
        Path(output_file).write_bytes(b"<html>sign in to the hotel's network</html>")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", alter)
    monkeypatch.setattr(pooch.core.time, "sleep", lambda seconds: None)
    with pytest.raises(ConnectionError, match="gave another file"):
        datasets.load("mnist")
    assert not [path for path in tiny["folder"].rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("container", "damage", "message"),
    [
        ("npz", lambda content: content[: len(content) // 2], "not a complete .npz"),
        ("npz", lambda content: b"", "not a complete .npz"),
        ("zipped", lambda content: content[: len(content) // 2], "not a complete gzip"),
        ("plain", lambda content: content[:-1], "expected an IDX file of"),
        ("plain", lambda content: content[:-1] + b"\xff", "differs from the published mnist"),
    ],
)
def test_damaged_file_is_named_and_kept(tiny, no_network, container, damage, message):
    if container == "npz":
        path = tiny["folder"] / "mnist.npz"
        np.savez(path, **tiny["arrays"])
    else:
        write_idx(tiny, tiny["folder"], container)
        ending = ".gz" if container == "zipped" else ""
        path = tiny["folder"] / f"train-images-idx3-ubyte{ending}"
    path.write_bytes(damage(path.read_bytes()))
    before = path.read_bytes()
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        datasets.load("mnist")
    assert str(path) in str(caught.value)
    assert "Move it away" in str(caught.value)
    assert path.read_bytes() == before


def test_content_counts_and_not_the_container(tiny, no_network):
    write_idx(tiny, tiny["folder"] / "fashion_mnist", "zipped")
    path = tiny["folder"] / "fashion_mnist" / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(tiny["plain"]["y_test"], compresslevel=1, mtime=1))
    data = datasets.load("fashion_mnist")
    np.testing.assert_array_equal(data.y_test, tiny["arrays"]["y_test"])
    altered = tiny["plain"]["y_test"][:-1] + b"\xff"
    path.write_bytes(gzip.compress(altered))
    with pytest.raises(ValueError, match="differs from the published fashion_mnist"):
        datasets.load("fashion_mnist")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: {**arrays, "x_test": arrays["x_test"][:5]}, "expected x_test as uint8"),
        (lambda arrays: {**arrays, "y_test": arrays["y_test"].astype(float)}, "received float64"),
        (lambda arrays: {"x_train": arrays["x_train"]}, "missing are"),
        (lambda arrays: {**arrays, "y_test": arrays["y_test"][::-1]}, "differs from the published"),
        (lambda arrays: {**arrays, "y_test": np.array([{}], dtype=object)}, "not a complete .npz"),
    ],
)
def test_wrong_arrays_are_refused_and_nothing_is_unpickled(tiny, no_network, change, message):
    np.savez(tiny["folder"] / "mnist.npz", **change(tiny["arrays"]))
    with pytest.raises(ValueError, match=re.escape(message)):
        datasets.load("mnist")


def test_folder_that_cannot_be_written_to(tiny, network, monkeypatch):
    obstacle = tiny["folder"] / "a_file"
    obstacle.write_text("not a folder")
    monkeypatch.setenv("GK_DATA_DIR", str(obstacle / "below"))
    with pytest.raises(OSError, match=r"cannot be written to.*GK_DATA_DIR"):
        datasets.load("mnist")
    assert not network


def test_full_disk_leaves_nothing_half_written(tiny, network, monkeypatch):
    def fill(self, url, output_file, store, check_only=False):
        Path(output_file).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", fill)
    with pytest.raises(OSError, match=r"is full.*nothing half-written was left"):
        datasets.load("mnist")
    assert not [path for path in tiny["folder"].rglob("*") if path.is_file()]


def _load_in_child(results):
    results.put(float(datasets.load("mnist").x_train.sum()))


def test_two_processes_may_download_the_same_set_at_once(tiny, network, monkeypatch):
    serve = pooch.HTTPDownloader.__call__

    def slowly(self, url, output_file, store, check_only=False):
        serve(self, url, output_file, store)
        time.sleep(0.05)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", slowly)
    # Forked children keep the stand-in; they touch no TensorFlow.
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    children = [context.Process(target=_load_in_child, args=(results,)) for _ in range(3)]
    for child in children:
        child.start()
    sums = [results.get(timeout=60) for _ in children]
    for child in children:
        child.join()
    assert len(set(sums)) == 1
    assert len(list((tiny["folder"] / "mnist").iterdir())) == 4


PER_CLASS = {
    "mnist": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    "fashion_mnist": 10 * [1000],
}


@pytest.mark.parametrize("name", PER_CLASS)
def test_real_set(name, need_real):
    need_real(name)
    data = datasets.load(name)
    assert data.x_train.shape == (60000, 28, 28, 1)
    assert np.bincount(data.y_test).tolist() == PER_CLASS[name]
