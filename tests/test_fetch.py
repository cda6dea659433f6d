"""Files from the network, served from this machine: whole or not at all, and what errors say."""

import errno
import functools
import hashlib
import http.server
import threading

import pooch
import pytest

from gk import fetch, files

CONTENT = b"what was published"
HASHES = {"set.zip": f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serves a folder; returns the folder and its address."""
    monkeypatch.setattr(pooch.core.time, "sleep", lambda seconds: None)
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


def test_a_file_is_kept_under_its_own_name_whatever_its_address(server, tmp_path):
    served, address = server
    (served / "5976015").write_bytes(CONTENT)
    fetch.fetch("a set", tmp_path / "kept", HASHES, [{"set.zip": f"{address}/5976015"}])
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["set.zip"]
    assert (tmp_path / "kept" / "set.zip").read_bytes() == CONTENT


def test_the_next_mirror_is_tried_where_one_has_nothing_or_another_file(server, tmp_path):
    served, address = server
    (served / "altered.zip").write_bytes(CONTENT + b"!")
    (served / "good.zip").write_bytes(CONTENT)
    mirrors = [{"set.zip": f"{address}/{name}.zip"} for name in ("missing", "altered", "good")]
    with pytest.raises(ConnectionError) as caught:
        fetch.fetch("a set", tmp_path / "kept", HASHES, mirrors[:2])
    assert f"{address}/missing.zip gave HTTPError" in str(caught.value)
    assert f"{address}/altered.zip gave another file" in str(caught.value)
    assert f"put set.zip (from {address}/missing.zip) into {tmp_path / 'kept'}" in str(caught.value)
    assert not any((tmp_path / "kept").iterdir())
    fetch.fetch("a set", tmp_path / "kept", HASHES, mirrors)
    assert (tmp_path / "kept" / "set.zip").read_bytes() == CONTENT


def test_the_folder_is_that_of_the_environment_or_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv("GK_DATA_DIR", str(tmp_path / "sets"))
    assert fetch.cache_folder() == tmp_path / "sets"
    monkeypatch.delenv("GK_DATA_DIR")
    assert fetch.cache_folder() == files.user_cache()


@pytest.mark.parametrize(
    ("number", "why"), [(errno.ENOSPC, "is full"), (errno.EACCES, "cannot be written to")]
)
def test_errors_of_folders_say_why_and_keep_their_kind(number, why, tmp_path):
    error = fetch.cannot_write(OSError(number, "refused"), tmp_path, "It was not made", "Do this.")
    assert error.errno == number
    assert f"{tmp_path} {why}" in str(error)
    assert "It was not made, and nothing half-written was left." in str(error)
    assert str(error).endswith("Do this.")
