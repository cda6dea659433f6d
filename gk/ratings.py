"""Tables of ratings: a drawn one that ships with the package, and MovieLens by name."""

import hashlib
import io
import zipfile

import numpy as np
import pandas as pd
from scipy.stats import norm

from gk import fetch, files
from gk.datasets import package_data_folder

NUM_USERS, NUM_ITEMS = 1200, 240
DRAWN_WITH_SEED = 3
NOISE = 0.45  # standard deviation of one rating, in stars
DRAWN_SHA256 = "d88464129dd910a8d34504dca551fa74054a9a2dfa92b54a22a8431a56369163"
MOVIELENS_URL = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
# Published beside the archive, as ml-100k.zip.md5.
MOVIELENS_MD5 = "0e33842e24a9c977be4e0107933c0723"


def load(name):
    """Loads a table of ratings by name.

    `"drawn"` ships with the package: 1,200 invented people with a taste of two dimensions
    have rated 240 invented films (`data/draw.py`). `"movielens_100k"` holds 100,000 ratings
    by 943 people of 1,682 films (Harper & Konstan, 2015, The MovieLens Datasets: History and
    Context, ACM TiiS 5(4); for research only, see its README). It is downloaded at its first
    use, or read as `ml-100k.zip` from the folder that `GK_DATA_DIR` names.

    Args:
        name: `"drawn"` or `"movielens_100k"`.

    Returns:
        A pandas table with the columns `user`, `item` (numbers from 0) and `rating` (1 to 5).

    Raises:
        ValueError: if the name is unknown, or a file is damaged.
        ConnectionError: if the download fails.
        OSError: if the folder for downloads cannot be written to, or is full.

    Example:

    >>> load("drawn").columns.to_list()
    ['user', 'item', 'rating']
    """
    if name == "drawn":
        return _read_drawn()
    if name == "movielens_100k":
        return _read_movielens()
    raise ValueError(f"Expected 'drawn' or 'movielens_100k'. Received: {name!r}")


def draw():
    """Draws the ratings that ship: people like films that are near their taste.

    Both are points of a plane; what a person gives a film falls with their distance as a
    Gaussian hill, plus how generous the person and how good the film is, plus noise, rounded
    to 1 to 5. Popular films are rated by more people.

    Returns:
        dict of arrays `user`, `item`, `rating`, one row for each rating.
    """
    rng = np.random.default_rng(DRAWN_WITH_SEED)
    score = _liking(rng)
    score += rng.normal(0, NOISE, score.shape)
    popularity = rng.gamma(2.0, 1.0, NUM_ITEMS)
    is_rated = rng.uniform(size=score.shape) < (0.2 * popularity / popularity.mean()).clip(0, 0.8)
    users, items = np.nonzero(is_rated)
    ratings = np.clip(np.round(score[is_rated]), 1, 5)
    return {
        "user": users.astype(np.uint16),
        "item": items.astype(np.uint16),
        "rating": ratings.astype(np.uint8),
    }


def best_guesses():
    """What one would guess who knows each person and each film of the drawn ratings.

    The mean of each rating over its noise, in closed form. On average no method can have a
    smaller squared error, however many ratings it has seen.

    Returns:
        float array `(users, items)` in [1, 5].
    """
    liking = _liking(np.random.default_rng(DRAWN_WITH_SEED))
    # A rating of 1, and one star more for each border that the noisy score has passed.
    borders = np.array([1.5, 2.5, 3.5, 4.5])
    return 1 + norm.cdf((liking[..., np.newaxis] - borders) / NOISE).sum(axis=-1)


def _liking(rng):
    """What each person thinks of each film, before noise: an array `(users, items)` in stars."""
    tastes, films = rng.normal(size=(NUM_USERS, 2)), rng.normal(size=(NUM_ITEMS, 2))
    squared = np.square(tastes[:, np.newaxis] - films).sum(axis=-1)
    liking = 2.1 + 2.6 * np.exp(-squared / (2 * 0.9**2))
    liking += rng.normal(0, 0.35, (NUM_USERS, 1)) + rng.normal(0, 0.35, (1, NUM_ITEMS))
    return liking


def _read_drawn():
    path = package_data_folder() / "ratings.npz"
    remedy = "Restore it with `git checkout data`, or install the package again."
    arrays = files.read_npz(path, remedy)
    if files.content_sha256(arrays) != DRAWN_SHA256:
        raise files.damaged(path, "its content is not what data/draw.py draws", remedy)
    return pd.DataFrame({name: arrays[name].astype(int) for name in ("user", "item", "rating")})


def _read_movielens():
    folder = fetch.cache_folder()
    path = folder / "ml-100k.zip"
    if not path.exists():
        hashes = {path.name: f"md5:{MOVIELENS_MD5}"}
        fetch.fetch("movielens_100k", folder, hashes, [{path.name: MOVIELENS_URL}])
    content = path.read_bytes()
    if hashlib.md5(content).hexdigest() != MOVIELENS_MD5:
        remedy = fetch.replace_by_hand("movielens_100k", path)
        raise files.damaged(path, "its MD5 is not the published one", remedy)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lines = archive.read("ml-100k/u.data")
    table = pd.read_csv(io.BytesIO(lines), sep="\t", names=["user", "item", "rating", "time"])
    return table[["user", "item", "rating"]] - [1, 1, 0]
