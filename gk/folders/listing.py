"""What lies in a folder or a zip archive: names, how to open each, and what tells of a change."""

import dataclasses
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

LEFT_BEHIND = ("Thumbs.db", "desktop.ini")
HIDDEN = "a hidden file, or one that a system keeps for itself"


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files of a folder or an archive.

    Attributes:
        names: sorted list of the names of what may be images, with `/` between folders.
        skipped: dict from the names of what is not looked at to the reason.
        opener: function from a name to a function that opens the file for bytes.
        stamp: function from a name to a text that changes when the file does.
    """

    names: list
    skipped: dict
    opener: Callable
    stamp: Callable


def listed(path):
    """Returns the `Listing` of a folder, with all folders below it, or of a zip archive."""
    if path.is_file() and zipfile.is_zipfile(path):
        return _of_archive(zipfile.ZipFile(path))
    if not path.is_dir():
        what = "a file that is no zip archive" if path.exists() else "nothing there"
        raise ValueError(f"Expected {path} as a folder or a zip archive. Received: {what}.")
    names, skipped = [], {}
    for folder, folders, files in os.walk(path):
        place = PurePosixPath(Path(folder).relative_to(path).as_posix())
        for name in folders:
            if os.path.islink(os.path.join(folder, name)):
                skipped[str(place / name)] = "a link to a folder, which is not followed"
        names += [str(place / name) for name in files]
    return Listing(
        *_without_hidden(names, skipped),
        opener=lambda name: lambda: (path / name).open("rb"),
        stamp=lambda name: _stamp(os.path.join(path, name)),
    )


def _of_archive(archive):
    entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
    return Listing(
        *_without_hidden(list(entries), {}),
        opener=lambda name: lambda: io.BytesIO(archive.read(name)),
        stamp=lambda name: f"{entries[name].file_size} {entries[name].CRC}",
    )


def _stamp(path):
    try:
        facts = os.stat(path)
    except OSError:  # a link that leads nowhere: opening it will tell
        return "none"
    return f"{facts.st_size} {facts.st_mtime_ns}"


def _without_hidden(names, skipped):
    """Returns the sorted names of what may be images, and what is skipped with the reason."""
    skipped |= {name: HIDDEN for name in names if _is_hidden(name)}
    return sorted(name for name in names if name not in skipped), skipped


def _is_hidden(name):
    """Whether a file is what systems leave behind: hidden, or of a resource fork."""
    parts = PurePosixPath(name).parts
    return any(part.startswith((".", "__MACOSX")) for part in parts) or parts[-1] in LEFT_BEHIND
