"""Where decoded images are kept, so that each file is decoded once, until it changes."""

import contextlib
import csv
import errno
from typing import NamedTuple

import numpy as np
from filelock import FileLock

from gk.files import written_whole

# Below that share of images that still belong to a file, all are decoded anew.
FEWEST_IN_USE = 0.5


class Row(NamedTuple):
    """What is kept of one file; `place` is that of its image, -1 where there is none."""

    file: str
    stamp: str
    place: int
    digest: str
    look: str
    width: str
    height: str
    mode: str
    why: str


class Store:
    """Keeps decoded images, in memory or in a folder.

    In a folder, `images.bin` holds the images one after the other and only ever grows, so that
    who reads it is never disturbed; `files.csv` has a row for each file and is written last
    and whole. A run that was interrupted leaves what it had decoded.

    Args:
        image_shape: `(height, width, channels)`.
        folder: where to keep them, or `None` for memory.
    """

    def __init__(self, image_shape, folder=None):
        self.image_shape = image_shape
        self.folder = folder
        self._known, self._rows, self._images = {}, {}, []
        self._num_places, self._has_changed = 0, False
        self._open = contextlib.ExitStack()

    def __enter__(self):
        if self.folder is not None:
            with self._told():
                self.folder.mkdir(parents=True, exist_ok=True)
                self._open.enter_context(FileLock(self.folder / "lock"))
                self._load()
                self._file = self._open.enter_context(self._path.open("ab"))
                self._file.truncate(self._num_places * self._size)
        return self

    def __exit__(self, kind, error, trace):
        with self._open:
            if self.folder is None or not self._has_changed:
                return
            if kind is not None:
                self._rows = {**self._known, **self._rows}
            with contextlib.nullcontext() if kind else self._told():
                self._file.flush()
                with (
                    written_whole(self.folder / "files.csv") as path,
                    path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
                ):
                    csv.writer(file).writerows(self._rows.values())

    def known(self, name, stamp):
        """Returns the row of a file that has not changed since it was decoded, or `None`."""
        row = self._known.get(name)
        if row is None or row.stamp != stamp:
            return None
        self._rows[name] = row
        return row

    def add(self, name, stamp, image, facts):
        """Keeps an image, or the reason why there is none; returns the row."""
        place = -1
        if image is not None:
            place = self._num_places
            if self.folder is None:
                self._images.append(image)
            else:
                with self._told():
                    self._file.write(image.tobytes())
            self._num_places += 1
        row = Row(name, stamp, place, **facts)
        if row.digest:  # what could not be opened may open the next time, and look the same
            self._rows[name], self._has_changed = row, True
        return row

    def images(self):
        """Returns all images by their places, a uint8 array `(m, height, width, channels)`."""
        shape = (self._num_places, *self.image_shape)
        if self.folder is None:
            return np.stack(self._images) if self._images else np.zeros(shape, np.uint8)
        self._file.flush()
        if not self._num_places:
            return np.zeros(shape, np.uint8)
        return np.memmap(self._path, np.uint8, "r", shape=shape)

    @property
    def _path(self):
        return self.folder / "images.bin"

    @property
    def _size(self):
        return int(np.prod(self.image_shape))

    def _load(self):
        """Reads what an earlier run has kept; what does not fit together is forgotten."""
        try:
            with (self.folder / "files.csv").open(
                encoding="utf-8", errors="surrogateescape", newline=""
            ) as file:
                rows = [Row(*fields) for fields in csv.reader(file)]
            self._known = {row.file: row._replace(place=int(row.place)) for row in rows}
            size = self._path.stat().st_size
        except (FileNotFoundError, TypeError, ValueError, csv.Error):
            self._known, size = {}, 0
        places = [row.place for row in self._known.values() if row.place >= 0]
        self._num_places = max(places, default=-1) + 1
        in_use = len(places) / max(self._num_places, 1)
        if self._num_places * self._size > size or in_use < FEWEST_IN_USE:
            # Another process may be reading the old ones: a new file, not the old one emptied.
            self._path.unlink(missing_ok=True)
            self._known, self._num_places = {}, 0

    @contextlib.contextmanager
    def _told(self):
        """Says of a folder that cannot be written to what to do about it."""
        try:
            yield
        except OSError as error:
            full = error.errno == errno.ENOSPC
            raise OSError(
                error.errno,
                f"Small copies of the images cannot be kept in {self.folder}: "
                f"{'it is full' if full else error}. Make room, name another folder by "
                "cache=path, or keep none by cache=False.",
            ) from error
