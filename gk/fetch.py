"""Files from the network: where they lie, and how they get there, whole or not at all."""

import errno
import os
from pathlib import Path

import pooch
import requests

from gk import files


def cache_folder():
    """Returns the folder of the real sets: `GK_DATA_DIR`, or else the user's cache."""
    given = os.environ.get("GK_DATA_DIR")
    return Path(given).expanduser().resolve() if given else files.user_cache()


def fetch(name, folder, hashes, mirrors):
    """Downloads files into a folder; each appears there whole or not at all.

    Args:
        name: of the data set, for errors.
        folder: where the files go; it is made where it is missing.
        hashes: dict from the name of each file to its published hash, as `"sha256:…"`.
        mirrors: dicts from the name of each file to its address, tried one after the other.

    Raises:
        ConnectionError: if no mirror gives the published files.
        OSError: if the folder cannot be written to, or is full.
    """
    by_hand = f"Or {put_by_hand(folder, {file: mirrors[0][file] for file in hashes})}"
    failures = []
    for addresses in mirrors:
        store = pooch.create(folder, "", registry=hashes, urls=addresses, retry_if_failed=2)
        try:
            for file_name in hashes:
                downloader = pooch.HTTPDownloader(progressbar=True, timeout=30)
                store.fetch(file_name, downloader=downloader)
            return
        except requests.exceptions.RequestException as error:
            failures.append(f"{addresses[file_name]} gave {type(error).__name__}")
        except ValueError as error:
            failures.append(f"{addresses[file_name]} gave another file ({error})")
        except OSError as error:
            raise cannot_write(error, folder, f"{name!r} was not downloaded", by_hand) from error
    raise ConnectionError(
        f"{name!r} could not be downloaded: {'; '.join(failures)}. Check the network and load "
        f"again. {by_hand}"
    )


def put_by_hand(folder, addresses):
    """Returns what to do where files cannot be downloaded, the end of a sentence."""
    files = ", ".join(f"{file_name} (from {address})" for file_name, address in addresses.items())
    return (
        f"put {files} into {folder} by hand, or name another folder in the environment variable "
        "GK_DATA_DIR."
    )


def replace_by_hand(name, path):
    """Returns what to do with a damaged file that can be downloaded again, two sentences."""
    return (
        f"Move it away and load {name!r} again to download a good one, or put a good file in "
        f"its place. Nothing in {path.parent} was changed."
    )


def cannot_write(error, folder, what_failed, remedy):
    """Returns the error that says why files cannot be written to a folder, and the way out."""
    full = error.errno == errno.ENOSPC
    why = "is full" if full else f"cannot be written to ({error})"
    return OSError(
        error.errno,
        f"The folder {folder} {why}. {what_failed}, and nothing half-written was left. Make room "
        f"or mend its permissions. {remedy}",
    )
