"""The tables of ratings: what they hold, and what happens to damaged files."""

import hashlib
import zipfile

import numpy as np
import pooch
import pytest

from gk import ratings
from gk.files import content_sha256


def test_drawn_ratings_hold_what_load_promises():
    table = ratings.load("drawn")
    assert table["user"].nunique() == 1200
    assert table["item"].nunique() == 240
    assert set(table["rating"]) == {1, 2, 3, 4, 5}
    assert not table.duplicated(["user", "item"]).any()
    assert 0.15 < len(table) / 1200 / 240 < 0.25


def test_best_guesses_are_the_means_of_the_ratings_that_they_guess():
    table, guesses = ratings.load("drawn"), ratings.best_guesses()
    assert guesses.shape == (1200, 240)
    guessed = guesses[table["user"], table["item"]]
    for low in range(1, 5):
        alike = (guessed >= low) & (guessed < low + 1)
        error = table["rating"][alike] - guessed[alike]
        assert abs(error.mean()) < 4 * error.std() / np.sqrt(alike.sum())
    # The best straight line from guesses to ratings is the diagonal.
    slope, offset = np.polyfit(guessed, table["rating"], 1)
    assert abs(slope - 1) < 0.01
    assert abs(offset) < 0.03


def test_drawn_ratings_are_those_of_the_script():
    assert content_sha256(ratings.draw()) == ratings.DRAWN_SHA256


def test_damaged_files_and_unknown_names_are_named(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="'drawn' or 'movielens_100k'"):
        ratings.load("netflix")
    monkeypatch.setattr(ratings, "package_data_folder", lambda: tmp_path)
    np.savez(tmp_path / "ratings.npz", user=[0], item=[0], rating=[6])
    with pytest.raises(ValueError, match=r"ratings\.npz cannot be used"):
        ratings.load("drawn")
    monkeypatch.setenv("GK_DATA_DIR", str(tmp_path))
    (tmp_path / "ml-100k.zip").write_bytes(b"half an arch")
    with pytest.raises(ValueError, match=r"ml-100k\.zip cannot be used: its MD5"):
        ratings.load("movielens_100k")
    assert (tmp_path / "ml-100k.zip").exists()


def test_movielens_is_read_from_its_archive(tmp_path, monkeypatch):

    path = tmp_path / "ml-100k.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ml-100k/u.data", "1\t2\t5\t881250949\n943\t1682\t1\t881250950\n")
    monkeypatch.setenv("GK_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(ratings, "MOVIELENS_MD5", hashlib.md5(path.read_bytes()).hexdigest())
    table = ratings.load("movielens_100k")
    assert table.to_numpy().tolist() == [[0, 1, 5], [942, 1681, 1]]


def test_failed_download_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("GK_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(ratings, "MOVIELENS_URL", "http://127.0.0.1:9/ml-100k.zip")
    monkeypatch.setattr(pooch.core.time, "sleep", lambda seconds: None)
    with pytest.raises(ConnectionError, match=r"put ml-100k\.zip"):
        ratings.load("movielens_100k")
    assert not any(tmp_path.iterdir())
