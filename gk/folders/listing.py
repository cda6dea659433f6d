"""What lies in a folder or a zip archive: names, how to open each, and what tells of a change."""

import dataclasses
import os
import stat
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
        stamp: function from a name to a text that changes when the file does; `None` for what
            is no file with content, such as a pipe.
    """

    names: list
    skipped: dict
    opener: Callable
    stamp: Callable


def listed(path, kept_in=None):
    """Returns the `Listing` of a folder, with all folders below it, or of a zip archive.

    Args:
        path: of the folder or the archive.
        kept_in: folder of small copies, which are no images of the folder.
    """
    if path.is_file() and zipfile.is_zipfile(path):
        return _of_archive(zipfile.ZipFile(path))
    if not path.is_dir():
        what = "nothing there"
        if path.exists():
            what = "a file that is none. Name its folder, or unpack it first"
        raise ValueError(f"Expected {path} as a folder or a zip archive. Received: {what}.")
    names, skipped = [], {}

    def leave_out(error):
        place = Path(error.filename)
        if place == path:
            raise error
        skipped[place.relative_to(path).as_posix()] = f"cannot be read: {error.strerror}"

    for folder, folders, files in os.walk(path, onerror=leave_out):
        place = PurePosixPath(Path(folder).relative_to(path).as_posix())
        for name in list(folders):
            if os.path.islink(os.path.join(folder, name)):
                skipped[str(place / name)] = "a link to a folder, which is not followed"
            elif Path(folder, name).resolve() == kept_in:
                skipped[str(place / name)] = "small copies made from these files"
                folders.remove(name)
        names += [str(place / name) for name in files]
    return Listing(
        *_without_hidden(names, skipped),
        opener=lambda name: lambda: (path / name).open("rb"),
        stamp=lambda name: _stamp(os.path.join(path, name)),
    )


def _of_archive(archive):
    entries = {}
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        # Some tools write names with backslashes, or from the root on.
        name = entry.filename.replace("\\", "/").lstrip("/")
        entries[f"{name} (again)" if name in entries else name] = entry
    return Listing(
        *_without_hidden(list(entries), {}),
        opener=lambda name: lambda: archive.open(entries[name]),
        stamp=lambda name: f"{entries[name].file_size} {entries[name].CRC}",
    )


def _stamp(path):
    try:
        facts = os.stat(path)
    except OSError:  # a link that leads nowhere: opening it will tell
        return "none"
    if not stat.S_ISREG(facts.st_mode):
        return None
    # The times and the number notice a file that was exchanged for another of its size and date.
    return f"{facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns} {facts.st_ino}"


def _without_hidden(names, skipped):
    """Returns the sorted names of what may be images, and what is skipped with the reason."""
    skipped |= {name: HIDDEN for name in names if _is_hidden(name)}
    return sorted(name for name in names if name not in skipped), skipped


def _is_hidden(name):
    """Whether a file is what systems leave behind: hidden, or of a resource fork."""
    parts = PurePosixPath(name).parts
    hidden = (part for part in parts if part.startswith((".", "__MACOSX")) and part != "..")
    return any(hidden) or parts[-1] in LEFT_BEHIND
