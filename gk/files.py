"""Reads, checks and writes whole files: arrays, and the weights of networks that ship."""

import contextlib
import hashlib
import json
import secrets
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pooch

from gk.pixels import Pixels

# Beside the arrays of a file of weights: what builds the model, and the hash of all the rest.
CONFIG, HASH = "config", "content_sha256"
PART = 4096


def read_npz(path, remedy):
    """Returns the arrays of an `.npz` file; one that cannot be read is named in the error."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except FileNotFoundError as error:
        raise damaged(path, "it does not exist", remedy) from error
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise damaged(path, f"it is not a complete .npz file ({error})", remedy) from error


def damaged(path, what, remedy):
    """Returns the error that names a file, what is wrong with it and the way out."""
    return ValueError(f"{path} cannot be used: {what}. {remedy}")


def content_sha256(arrays):
    """Returns the SHA-256 of arrays by name: of their names, types, shapes and values.

    The container does not count, so that a file may be compressed anew.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        if not isinstance(array, Pixels):
            array = np.ascontiguousarray(array)
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        for first in range(0, len(array), PART):  # memory may not hold all
            digest.update(np.ascontiguousarray(array[first : first + PART]).tobytes())
    return digest.hexdigest()


def user_cache():
    """Returns the user's folder for what can be made again."""
    return Path(pooch.os_cache("generative-keras"))


@contextlib.contextmanager
def written_whole(path):
    """Gives the path to write to; the file appears at `path` whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two may write one file: the last one counts, and neither disturbs the other.
    unfinished = path.with_name(f"unfinished.{secrets.token_hex(4)}.{path.name}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_npz(path, arrays):
    """Writes arrays by name, compressed; the file appears whole or not at all."""
    with written_whole(path) as unfinished:
        np.savez_compressed(unfinished, **arrays)


def write_weights(path, config, networks, dtype="float32"):
    """Writes weights as plain arrays, which every version of Keras reads.

    Args:
        path: ends in `.npz`; appears whole or not at all.
        config: dict of what builds the model, written as JSON.
        networks: dict from the name of a network to the list of its weights.
        dtype: in which the weights are kept.
    """
    arrays = {CONFIG: np.array(json.dumps(config))}
    for name, weights in networks.items():
        for number, weight in enumerate(weights):
            arrays[f"{name}_{number:02d}"] = np.asarray(weight).astype(dtype)
    write_npz(path, {**arrays, HASH: np.array(content_sha256(arrays))})


def read_weights(path, remedy, build):
    """Builds a model and gives its networks the weights of a file of `write_weights`.

    Args:
        path: the file.
        remedy: what to do when it is damaged, a sentence.
        build: function of the configuration; returns the model, and a dict from the name of
            each of its networks to the network.

    Returns:
        What `build` returns, with the weights of the file.

    Raises:
        ValueError: if the file is not whole, was altered, or holds another model.
    """
    arrays = read_npz(path, remedy)
    if str(arrays.pop(HASH, "none")) != content_sha256(arrays):
        raise damaged(path, "its content is not what was written", remedy)
    try:
        model, networks = build(json.loads(str(arrays.pop(CONFIG))))
        for name, network in networks.items():
            numbers = range(len(network.weights))
            network.set_weights([arrays.pop(f"{name}_{number:02d}") for number in numbers])
    except (KeyError, ValueError, TypeError) as error:
        raise damaged(path, f"it does not hold this model ({error})", remedy) from error
    if arrays:
        raise damaged(path, f"it holds weights that no layer takes: {', '.join(arrays)}", remedy)
    return model, networks
