"""The data sets: what they hold, and what happens when something is wrong with a file."""

import errno
import gzip
import multiprocessing
import re
from pathlib import Path

import draw
import numpy as np
import pooch
import pytest
import requests

from gk import datasets, downloads
from gk.drawing import digits, draw_digit, draw_face, draw_pet, faces, pets

ROOT = Path(__file__).resolve().parent.parent
SHAPES = {"digits": (28, 28, 1), "faces": (32, 32, 3), "pets": (32, 32, 3)}


@pytest.mark.parametrize("name", SHAPES)
def test_embedded_sets_hold_what_load_promises(name):
    data = datasets.load(name)
    num_train, num_test = draw.SIZES[name]
    for images, labels, size in (
        (data.x_train, data.y_train, num_train),
        (data.x_test, data.y_test, num_test),
    ):
        assert images.shape == (size, *SHAPES[name])
        assert images.dtype == np.float32
        assert images.min() >= 0
        assert images.max() <= 1
        assert labels.dtype == np.int64
        assert set(labels) == set(range(len(data.class_names)))
    assert len(data.attributes_train) == num_train
    assert not data.attributes_test.isna().any(axis=None)
    assert name in data.source
    with pytest.raises(AttributeError):
        data.name = "other"


def test_embedded_sets_stay_small():
    sizes = [path.stat().st_size for path in (ROOT / "data").glob("*.npz")]
    assert len(sizes) == len(SHAPES) + 1  # the ratings
    assert sum(sizes) < 12e6


@pytest.mark.parametrize("name", SHAPES)
def test_drawing_again_gives_the_same_pictures(name):
    data = datasets.load(name)
    for split in ("train", "test"):
        images, labels = getattr(data, f"x_{split}"), getattr(data, f"y_{split}")
        table = getattr(data, f"attributes_{split}")
        for index in np.random.default_rng(0).choice(len(images), 40, replace=False):
            picture, label, attributes = draw.draw_one(name, split, index)
            np.testing.assert_array_equal(
                np.reshape(picture, images.shape[1:]), np.round(images[index] * 255)
            )
            assert label == labels[index]
            assert attributes == table.iloc[index].to_dict()


def test_datasheet_tells_the_hashes_of_the_content():
    datasheet = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for name, spec in datasets.EMBEDDED_SETS.items():
        assert re.search(rf"`{name}\.npz`.*{spec.content_sha256}", datasheet), name


def test_attributes_of_faces_are_independent_and_people_of_the_test_set_are_new():
    data = datasets.load("faces")
    correlations = data.attributes_train[list(faces.ATTRIBUTES)].corr().to_numpy()
    assert np.abs(correlations - np.eye(len(correlations))).max() < 0.05
    people = [set(table["identity"]) for table in (data.attributes_train, data.attributes_test)]
    assert len(people[0]) > 1000
    assert not people[0] & people[1]


def test_any_face_can_be_drawn_again_edited():
    data = datasets.load("faces")
    row = data.attributes_test.query("sunglasses == 0").iloc[0]
    arguments = {**row, "identity": int(row["identity"])}
    original = data.x_test[row.name]
    np.testing.assert_array_equal(draw_face(**arguments), np.round(original * 255))
    edited = draw_face(**{**arguments, "sunglasses": 1})
    assert np.abs(edited / 255 - original).max() > 0.3


def test_a_coat_does_not_tell_a_cat_from_a_dog_but_ears_and_muzzle_do():
    data = datasets.load("pets")
    by_class = data.attributes_train.groupby(data.y_train).mean()
    gap = (by_class.loc[1] - by_class.loc[0]).abs()
    assert gap["coat_colour"] < 0.03
    assert gap.drop("coat_colour").min() > 0.1


def test_small_changes_of_a_feature_give_small_changes_of_the_picture():
    features = dict.fromkeys(pets.FEATURES, 0.4)
    before = draw_pet(**features).astype(float)
    for name in pets.FEATURES:
        after = draw_pet(**{**features, name: 0.42}).astype(float)
        assert 0 < np.abs(after - before).mean() < 4


@pytest.mark.parametrize(
    ("draw_it", "arguments"),
    [
        (draw_pet, dict.fromkeys(pets.FEATURES, 0.5) | {"ear_length": 1.2}),
        (draw_face, {"smile": 3}),
        (draw_face, {"hat": 0.5}),
        (draw_digit, {"digit": 10}),
        (draw_digit, {"digit": 3, "stroke_width": 9}),
    ],
)
def test_drawing_refuses_what_it_cannot_draw(draw_it, arguments):
    with pytest.raises(ValueError, match=r"must be .* Received: "):
        draw_it(**arguments)


def test_every_digit_has_several_ways_of_writing():
    assert all(len(digits.WAYS_OF_WRITING[digit]) >= 3 for digit in (1, 2, 4, 7, 9))


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'digits', 'faces', 'pets', 'mnist', 'fashion_mnist'"):
        datasets.load("cifar")


def test_damaged_embedded_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "package_data_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match=r"digits\.npz cannot be used: it does not exist"):
        datasets.load("digits")
    np.savez_compressed(tmp_path / "digits.npz", x_train=np.zeros(3))
    with pytest.raises(ValueError, match=r"digits\.npz cannot be used.*is not what data/draw"):
        datasets.load("digits")


# The real sets: a small stand-in with the same code behind it, and the real MNIST where it is.


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A real set of a few images, its files in a list, and a folder as GK_DATA_DIR."""
    import hashlib

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
    import time

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


def test_only_the_files_that_are_missing_are_downloaded(tiny, network):
    write_idx(tiny, tiny["folder"], "plain")
    (tiny["folder"] / "t10k-labels-idx1-ubyte").unlink()
    datasets.load("mnist")
    assert [url.rsplit("/", 1)[1] for url in network] == ["t10k-labels-idx1-ubyte.gz"]


@pytest.mark.parametrize("installed", [True, False])
def test_data_are_looked_for_in_the_package_or_beside_it(installed, tmp_path, monkeypatch):
    (tmp_path / "gk").mkdir()
    folder = tmp_path / "gk" / "data" if installed else tmp_path / "data"
    folder.mkdir()
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "gk" / "datasets.py"))
    assert datasets.package_data_folder() == folder
