"""Files appear whole or not at all, and are what was written."""

import keras
import numpy as np
import pytest

from gk import files
from gk.pixels import Pixels


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "below" / "file.txt"
    with files.written_whole(path) as unfinished:
        unfinished.write_text("old")
        assert not path.exists()
    assert path.read_text() == "old"

    def break_off():
        with files.written_whole(path) as unfinished:
            unfinished.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert {p.name: p.read_text() for p in path.parent.iterdir()} == {"file.txt": "old"}


def test_content_counts_and_not_the_container(tmp_path):
    arrays = {"a": np.arange(6).reshape(2, 3), "b": np.array("text")}
    files.write_npz(tmp_path / "one.npz", arrays)
    np.savez(tmp_path / "other.npz", **arrays)
    one, other = (files.read_npz(tmp_path / name, "") for name in ("one.npz", "other.npz"))
    assert files.content_sha256(one) == files.content_sha256(other) == files.content_sha256(arrays)
    for change in ({"a": arrays["a"].T}, {"a": arrays["a"].astype("int32")}, {"c": arrays["a"]}):
        assert files.content_sha256(arrays | change) != files.content_sha256(arrays)


def small(units):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])


def test_weights_come_back_with_what_builds_their_network(tmp_path):
    network, path = small(2), tmp_path / "weights.npz"
    files.write_weights(path, {"units": 2}, {"net": network.get_weights()})

    def build(config):
        built = small(**config)
        return built, {"net": built}

    again, _ = files.read_weights(path, "", build)
    for one, other in zip(network.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    files.write_weights(path, {"units": 3}, {"net": network.get_weights()})
    with pytest.raises(ValueError, match=r"does not hold this model.*Do this"):
        files.read_weights(path, "Do this.", build)
    files.write_weights(path, {"units": 2}, {"net": [*network.get_weights(), np.zeros(3)]})
    with pytest.raises(ValueError, match="weights that no layer takes: net_02"):
        files.read_weights(path, "Do this.", build)


def test_the_hash_is_that_of_all_parts_in_memory_or_as_bytes(monkeypatch):
    stored = np.random.default_rng(0).integers(0, 256, (40, 2, 2, 1), dtype=np.uint8)
    images = Pixels(stored, np.arange(40))
    whole = files.content_sha256({"x": images[:]})
    monkeypatch.setattr(files, "PART", 16)
    assert files.content_sha256({"x": images[:]}) == whole
    assert files.content_sha256({"x": images}) == whole
    for place in (0, 17, 39):
        other = stored.copy()
        other[place] ^= 1
        assert files.content_sha256({"x": Pixels(other, np.arange(40))}) != whole
    assert files.content_sha256({"x": Pixels(stored, np.arange(40)[::-1])}) != whole
