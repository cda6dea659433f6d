"""The checkpoints of a run: found whole or not at all, the newest first."""

import dataclasses
import hashlib
import io
import json
import warnings

import numpy as np

from gk.files import written_whole


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """What a run is at the end of an epoch.

    Attributes:
        logs: list of one dict for each epoch so far.
        stopped: whether the run has ended early, for good.
        values: list of arrays, those of all variables.
        callbacks: dict of the states of callbacks, see `gk.states.state_of`.
        arrays: dict of the arrays in these states.
    """

    logs: list
    stopped: bool
    values: list
    callbacks: dict
    arrays: dict

    def write(self, folder):
        """Writes the arrays, then the record, from which moment on the checkpoint counts."""
        record = folder / f"{_name_of(len(self.logs))}.json"
        variables = {f"variable {number:06d}": value for number, value in enumerate(self.values)}
        # Python's own writing fails cleanly on a full disk; HDF5 can take the process with it.
        with written_whole(record.with_suffix(".npz")) as unfinished:
            np.savez(unfinished, **self.arrays, **variables)
            digest = hashlib.sha256(unfinished.read_bytes()).hexdigest()
        content = {
            "sha256": digest,
            "logs": self.logs,
            "stopped": self.stopped,
            "callbacks": self.callbacks,
        }
        with written_whole(record) as unfinished:
            unfinished.write_text(json.dumps(content), encoding="utf-8")


def newest(folder, shapes):
    """Returns the newest checkpoint that is whole, or `None`; warns of those that are not.

    Args:
        folder: a path.
        shapes: list of the shapes of all variables, in their order.
    """
    for path in sorted(folder.glob("epoch-*.json"), reverse=True):
        try:
            return _read(path, shapes)
        except (OSError, ValueError, KeyError, TypeError) as error:
            warnings.warn(
                f"The checkpoint {path.with_suffix('.npz')} cannot be used ({error}). "
                "Trying the one before.",
                stacklevel=3,
            )
    return None


def prune(folder, last):
    """Deletes the checkpoints of epochs up to the last that is not kept.

    Later ones than the newest can only be damaged ones, and are written anew in their time.
    """
    for path in folder.glob("epoch-*.json"):
        if int(path.stem.removeprefix("epoch-")) <= last:
            path.unlink()
            path.with_suffix(".npz").unlink(missing_ok=True)


def _read(record, shapes):
    """Returns a checkpoint, checked whole; raises an error if it is not."""
    content = json.loads(record.read_text(encoding="utf-8"))
    data = record.with_suffix(".npz").read_bytes()
    if hashlib.sha256(data).hexdigest() != content["sha256"]:
        raise ValueError("its SHA-256 is not the one that was noted")
    logs = [dict(entry) for entry in content["logs"]]
    if record.stem != _name_of(len(logs)):
        raise ValueError(f"its record tells of {len(logs)} epochs")
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    values = [arrays.pop(name) for name in sorted(arrays) if name.startswith("variable ")]
    if [value.shape for value in values] != shapes:
        raise ValueError("it holds other variables than those of the model")
    return Checkpoint(logs, bool(content["stopped"]), values, content["callbacks"], arrays)


def _name_of(num_epochs):
    return f"epoch-{num_epochs:06d}"
