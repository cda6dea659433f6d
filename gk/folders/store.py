"""Where decoded images are kept, so that each file is decoded once, until it changes."""

import contextlib
import csv
import errno
import secrets
import time
from typing import NamedTuple

import numpy as np
from filelock import FileLock

from gk.files import written_whole

# Below that share of images that still belong to a file, all are decoded anew.
FEWEST_IN_USE = 0.5
# What is decoded is written down that often, so that a kill costs no more.
SECONDS = 60


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

    In a folder, a file of images holds one after the other and only ever grows, so that who
    reads it is never disturbed. `files.csv` has a row for each file; it is written last and
    whole, begins with the name of the file of images that it speaks of, and is renewed every
    minute, so that a run that was killed has lost no more.

    Args:
        image_shape: `(height, width, channels)`.
        folder: where to keep them, or `None` for memory.
    """

    def __init__(self, image_shape, folder=None):
        self.image_shape = image_shape
        self.folder = folder
        self._known, self._rows, self._images = {}, {}, []
        self._num_places, self._has_changed = 0, False
        self._saved = time.monotonic()
        self._open = contextlib.ExitStack()

    def __enter__(self):
        if self.folder is not None:
            with self._told():
                self.folder.mkdir(parents=True, exist_ok=True)
                self._open.enter_context(FileLock(self.folder / "lock"))
                self._load()
                self._file = self._open.enter_context(self._path.open("ab"))
                # Half an image, left by a run that was killed, takes the place of a whole one.
                self._file.write(bytes(self._num_places * self._size - self._file.tell()))
        return self

    def __exit__(self, kind, error, trace):
        with self._open:
            if self.folder is None or not self._has_changed:
                return
            with contextlib.nullcontext() if kind else self._told():
                self._save(self._rows if kind is None else {**self._known, **self._rows})

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
        if self.folder is not None and time.monotonic() > self._saved + SECONDS:
            with self._told():
                self._save({**self._known, **self._rows})
        return row

    def images(self):
        """Returns all images by their places, a uint8 array `(m, height, width, channels)`."""
        shape = (self._num_places, *self.image_shape)
        if not self._num_places:
            return np.zeros(shape, np.uint8)
        if self.folder is None:
            return np.stack(self._images)
        with self._told():
            self._file.flush()
            return np.memmap(self._path, np.uint8, "r", shape=shape)

    @property
    def _size(self):
        return int(np.prod(self.image_shape))

    def _load(self):
        """Reads what an earlier run has kept; what does not fit together is forgotten."""
        try:
            with (self.folder / "files.csv").open(
                encoding="utf-8", errors="surrogateescape", newline=""
            ) as file:
                lines = csv.reader(file)
                (name,) = next(lines)
                rows = [Row(*fields) for fields in lines]
            self._path = self.folder / name
            # The last may be half an image.
            self._num_places = -(-self._path.stat().st_size // self._size)
            self._known = {row.file: row._replace(place=int(row.place)) for row in rows}
            sizes = [text for row in rows for text in (row.width, row.height) if text]
            places = [row.place for row in self._known.values() if row.place != -1]
            fits = all(map(str.isdecimal, sizes)) and name.endswith(".bin")
            fits &= all(0 <= place < self._num_places for place in places)
        except (FileNotFoundError, StopIteration, TypeError, ValueError, csv.Error):
            fits, places = False, []
        if fits and len(places) >= FEWEST_IN_USE * self._num_places:
            return
        # Another process may be reading the old ones: a new file, not the old one emptied.
        (self.folder / "files.csv").unlink(missing_ok=True)
        for path in self.folder.glob("*.bin"):
            path.unlink()
        self._known, self._num_places = {}, 0
        self._path = self.folder / f"{secrets.token_hex(4)}.bin"

    def _save(self, rows):
        self._file.flush()
        with (
            written_whole(self.folder / "files.csv") as path,
            path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
        ):
            writer = csv.writer(file)
            writer.writerow([self._path.name])
            writer.writerows(rows.values())
        self._saved = time.monotonic()

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
