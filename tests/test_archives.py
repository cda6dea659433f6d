"""Archives: found or downloaded once, known by their hash, unpacked whole or not at all."""

import errno
import re
import tarfile
from pathlib import Path

import pooch
import pytest
import requests
import stand_ins

from gk import archives, datasets


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GK_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(pooch.core.time, "sleep", lambda seconds: None)
    return tmp_path


@pytest.fixture
def lfw(monkeypatch, folder):
    """The content of a small LFW, which is nowhere yet."""
    files = stand_ins.lfw()
    return stand_ins.stand_in(monkeypatch, "lfw", files, num_images=32, num_classes=4)


@pytest.fixture
def network(monkeypatch):
    """Serves what is put into a dict from address to content; returns it and what was asked."""
    served, asked = {}, []

    def serve(self, url, output_file, store, check_only=False):
        asked.append(url)
        if url not in served:
            raise requests.exceptions.ConnectionError("no network")
        Path(output_file).write_bytes(served[url])

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", serve)
    return served, asked


def test_published_sets_are_described_in_the_datasheet():
    root = Path(__file__).resolve().parent.parent
    datasheet = (root / "data" / "README.md").read_text(encoding="utf-8")
    for name, spec in archives.ARCHIVE_SETS.items():
        assert re.search(rf"`{name}`.*`{re.escape(spec.archive)}`.*{spec.sha256}", datasheet), name
        assert f"{spec.num_images:,}" in datasheet
        assert spec.page in datasheet


def test_an_archive_is_downloaded_once_into_a_folder_of_its_own(folder, lfw, network):
    served, asked = network
    served[archives.ARCHIVE_SETS["lfw"].addresses[1]] = lfw
    path = archives.path_of("lfw")
    assert path == folder / "lfw" / "lfw-funneled.tgz"
    assert path.read_bytes() == lfw
    assert set(asked) == set(archives.ARCHIVE_SETS["lfw"].addresses)
    asked.clear()
    assert archives.path_of("lfw") == path
    assert not asked


@pytest.mark.parametrize("below", [".", "lfw"])
def test_an_archive_that_was_put_by_hand_needs_no_network(below, folder, lfw, network):
    path = folder / below / "lfw-funneled.tgz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(lfw)
    assert archives.path_of("lfw").samefile(path)
    assert not network[1]


@pytest.mark.parametrize("name", ["cifar10", "lfw"])
def test_without_network_the_error_says_which_file_goes_where(name, folder, network):
    spec = archives.ARCHIVE_SETS[name]
    with pytest.raises(ConnectionError) as caught:
        datasets.load(name)
    for told in (*spec.addresses, spec.archive, folder / name, "GK_DATA_DIR"):
        assert str(told) in str(caught.value)
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_celeba_is_never_downloaded(folder, network):
    with pytest.raises(FileNotFoundError) as caught:
        datasets.load("celeba")
    told = str(caught.value)
    assert "put img_align_celeba.zip (from https://mmlab.ie.cuhk.edu.hk/projects/CelebA" in told
    assert str(folder / "celeba") in told
    assert not network[1]


def test_a_damaged_download_is_refused_and_leaves_nothing(folder, lfw, network):
    served, _ = network
    for address in archives.ARCHIVE_SETS["lfw"].addresses:
        served[address] = lfw[:-1]
    with pytest.raises(ConnectionError, match=r"gave another file .*hash"):
        datasets.load("lfw")
    assert not [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", archives.ARCHIVE_SETS)
@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda _: b""])
def test_another_archive_is_named_with_both_hashes_and_kept(
    name, damage, folder, network, monkeypatch
):
    files = getattr(stand_ins, name)()
    content = stand_ins.stand_in(monkeypatch, name, files)
    spec = archives.ARCHIVE_SETS[name]
    path = folder / spec.archive
    path.write_bytes(damage(content))
    before = path.read_bytes()
    with pytest.raises(ValueError, match="SHA-256") as caught:
        datasets.load(name)
    for told in (path, spec.sha256, pooch.file_hash(str(path)), "Move it away"):
        assert str(told) in str(caught.value)
    assert path.read_bytes() == before
    assert not network[1]


def test_the_hash_is_taken_once_unless_the_file_changes(folder, lfw, network, monkeypatch):
    path, hashed = folder / "lfw-funneled.tgz", []
    file_hash = pooch.file_hash
    monkeypatch.setattr(
        pooch, "file_hash", lambda *args, **options: hashed.append(1) or file_hash(*args, **options)
    )
    path.write_bytes(lfw)
    for _ in range(3):
        archives.path_of("lfw")
    assert len(hashed) == 1
    path.write_bytes(lfw + b"!")
    with pytest.raises(ValueError, match="SHA-256"):
        archives.path_of("lfw")


def test_a_folder_that_is_unpacked_needs_no_archive(folder, lfw, network):
    (folder / "lfw-funneled.tgz").write_bytes(lfw)
    unpacked = archives.unpacked("lfw")
    assert unpacked == folder / "lfw_funneled"
    assert len(list(unpacked.rglob("*.jpg"))) == 32
    assert {path.name for path in folder.iterdir()} == {"lfw-funneled.tgz", "lfw_funneled"}
    (folder / "lfw-funneled.tgz").unlink()
    assert archives.unpacked("lfw") == unpacked
    assert not network[1]


def test_full_disk_leaves_nothing_half_unpacked(folder, lfw, monkeypatch):
    (folder / "lfw-funneled.tgz").write_bytes(lfw)

    def fill(self, path, **options):
        Path(path, "lfw_funneled").mkdir()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "extractall", fill)
    with pytest.raises(OSError, match=r"is full.*was not unpacked, and nothing half-written"):
        archives.unpacked("lfw")
    assert [path.name for path in folder.iterdir()] == ["lfw-funneled.tgz"]


def test_another_process_may_be_faster_at_unpacking(folder, lfw, monkeypatch):
    (folder / "lfw-funneled.tgz").write_bytes(lfw)
    extract = pooch.Untar._extract_file

    def meanwhile(self, *arguments):
        extract(self, *arguments)
        (folder / "lfw_funneled" / "AJ_Cook").mkdir(parents=True)

    monkeypatch.setattr(pooch.Untar, "_extract_file", meanwhile)
    assert archives.unpacked("lfw") == folder / "lfw_funneled"
    assert [path.name for path in (folder / "lfw_funneled").iterdir()] == ["AJ_Cook"]


def test_an_archive_of_another_folder_is_not_unpacked(folder, monkeypatch):
    files = {name.replace("lfw_funneled", "lfw"): file for name, file in stand_ins.lfw().items()}
    content = stand_ins.stand_in(monkeypatch, "lfw", files, num_images=32, num_classes=4)
    (folder / "lfw-funneled.tgz").write_bytes(content)
    with pytest.raises(ValueError, match="expected the folder lfw_funneled in it, found lfw"):
        datasets.load("lfw")
    assert [path.name for path in folder.iterdir()] == ["lfw-funneled.tgz"]
