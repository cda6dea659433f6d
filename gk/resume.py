"""Runs that survive being killed."""

import errno
import json
import os
import socket
import warnings
from pathlib import Path

import filelock
import keras
import numpy as np

from gk import checkpoints
from gk.checkpoints import Checkpoint
from gk.files import written_whole
from gk.states import is_first_worker, put_back, put_state, state_of, values_of

# Callbacks that decide how a run goes on: a run has them from its beginning or not at all.
STEERING = ("EarlyStopping", "LearningRateScheduler", "ReduceLROnPlateau")


class Resume(keras.callbacks.Callback):
    """Continues an interrupted run as if nothing had happened.

    Saves weights, optimizer states, random states, logs and the states of the other callbacks
    after each epoch. When the same program is started again after a kill, training goes on
    behind the last epoch that was saved whole, and ends with the same bits and the same
    history as an uninterrupted run. That holds for the models of this course on arrays, whose
    shuffling and noise derive from the seed and the step, and where operations are repeatable
    (`gk.setup(deterministic=True)`).

    A folder belongs to one run: to one model, its settings, its optimizers, its data and the
    arguments of `fit` that change the result. The number of epochs may grow. What differs is
    named before training, and nothing in the folder or in the model is touched. Of a
    `tf.data.Dataset`, a `PyDataset` or a generator only the form is compared, not the images.
    How the machine computes (devices, threads, replicas, XLA) is not part of the run, though
    it may change its last digits; nor are the first weights, which a run that goes on takes
    from the folder.

    Of other callbacks, the numbers, strings, lists, dictionaries and arrays that change in
    training are kept, so that `EarlyStopping`, `ReduceLROnPlateau`, `ModelCheckpoint` and
    `gk.callbacks.SampleImages` go on, too. Other objects in them are not. A run that
    `EarlyStopping` has ended stays ended; one that something else stopped goes on.

    With several workers (`tf.distribute.MultiWorkerMirroredStrategy`) the first one writes,
    and all read, so the folder has to be one that all of them see. When a worker dies the
    others stop with an error; start the same program again on each.

    Args:
        folder: where checkpoints are kept; one folder for each run.
        keep: number of checkpoints to keep, at least 2, so that a damaged one can be
            replaced by the one before.

    Raises:
        ValueError: from `fit`, if the folder holds another run.
        BlockingIOError: from `fit`, if another process trains in the folder.
        OSError: from `fit`, if the folder cannot be written to, or is full.

    Example:

    ```python
    model.fit(images, epochs=100, callbacks=[gk.callbacks.Resume("build/my-run")])
    ```
    """

    def __init__(self, folder, keep=2):
        super().__init__()
        if keep < 2:
            raise ValueError(f"Expected keep of at least 2. Received: {keep}")
        self.folder = Path(folder)
        self.keep = keep
        self._logs = []
        self._lock = None

    def attach(self, run, callbacks):
        """Tells which run this is, and which other callbacks take part; `fit` calls it.

        Args:
            run: dict of what the result depends on, which JSON can hold.
            callbacks: the other callbacks of `fit`.
        """
        for callback in callbacks:
            if isinstance(callback, keras.callbacks.BackupAndRestore):
                raise ValueError(
                    "Expected one callback that resumes. Received: BackupAndRestore beside "
                    "Resume. Leave one of them out."
                )
            if isinstance(callback, keras.callbacks.CSVLogger) and not callback.append:
                raise ValueError(
                    "Expected CSVLogger(…, append=True) beside Resume. Received: append=False, "
                    "which would delete the rows of the epochs before an interruption."
                )
        names = [type(callback).__name__ for callback in callbacks]
        self._run = {**run, "callbacks": sorted(name for name in names if name in STEERING)}
        self._first_epoch = run["initial_epoch"]
        self._others = {
            f"{name} {names[:number].count(name)}": callbacks[number]
            for number, name in enumerate(names)
        }

    def on_train_begin(self, logs=None):
        self._logs = []
        if is_first_worker(self.model):
            self._enter()
        self._compare()
        self._kept = {}
        shapes = [value.shape for value in values_of(self.model)]
        newest = checkpoints.newest(self.folder, shapes)
        if newest is not None:
            self._continue(newest)
        self._before = {key: state_of(callback, {}) for key, callback in self._others.items()}
        if newest is None and self.model.distribute_strategy.cluster_resolver is None:
            # How the run begins, for one that is interrupted in its first epoch.
            self._write("Nothing was trained.")

    def on_epoch_begin(self, epoch, logs=None):
        self._fill_history()

    def on_epoch_end(self, epoch, logs=None):
        self._logs.append({name: float(np.squeeze(value)) for name, value in (logs or {}).items()})
        if is_first_worker(self.model):
            last = len(self._logs) - 1
            self._write(
                f"The last whole checkpoint is that of epoch {last}, and training stopped after "
                f"epoch {last + 1}. Then start the same program again: it goes on from there."
            )

    def on_train_end(self, logs=None):
        self._fill_history()

    def release(self):
        """Lets other processes train in the folder; `fit` calls it, however it ends."""
        if self._lock is not None:
            self._note().unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def _note(self):
        return self.folder / "in-use.txt"

    def _enter(self):
        """Makes the folder, and keeps other processes out of it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.folder / "in-use.lock")
            lock.acquire(timeout=0)
            self._lock = lock
            self._note().write_text(
                f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8"
            )
        except filelock.Timeout as error:
            who = self._note().read_text(encoding="utf-8")
            raise BlockingIOError(
                errno.EWOULDBLOCK,
                f"Another run trains in the folder {self.folder}: {who}. Wait until it ends, or "
                "name another folder.",
            ) from error
        except OSError as error:
            raise self._cannot_write(error, "Nothing was trained.") from error

    def _compare(self):
        """Raises ValueError unless the folder is empty or this run's; says whose it is."""
        path = self.folder / "run.json"
        here = json.loads(json.dumps(self._run, default=str))
        if path.exists():
            there = json.loads(path.read_text(encoding="utf-8"))
            differing = [
                f"{name} ({_shown(there.get(name))} there, {_shown(here.get(name))} here)"
                for name in {**there, **here}
                if there.get(name) != here.get(name)
            ]
            if differing:
                raise ValueError(
                    f"Expected the folder {self.folder} to be empty or to hold this run. Received "
                    f"one that differs in {'; '.join(differing)}. Name another folder, or delete "
                    "this one to begin anew. Nothing was changed."
                )
        elif strangers := sorted(self.folder.glob("epoch-*")):
            raise ValueError(
                f"Expected the folder {self.folder} to be empty or to hold this run. Received one "
                f"with {strangers[0].name}, but without a run.json that says whose it is. Name "
                "another folder."
            )
        elif is_first_worker(self.model):
            try:
                with written_whole(path) as unfinished:
                    unfinished.write_text(json.dumps(here, indent=1), encoding="utf-8")
            except OSError as error:
                raise self._cannot_write(error, "Nothing was trained.") from error

    def _continue(self, checkpoint):
        """Puts the model and the callbacks into the state of a checkpoint."""
        put_back(self.model, checkpoint.values)
        for key, state in checkpoint.callbacks.items():
            if key in self._others:
                put_state(self._others[key], state, checkpoint.arrays)
                self._kept[key] = set(state)
        self._logs = checkpoint.logs
        done, wanted = self._first_epoch + len(self._logs), self.params["epochs"]
        if done > wanted:
            warnings.warn(
                f"The run in {self.folder} is longer than asked for: it has {done} epochs, and "
                f"epochs={wanted} would stop before. The model is that after {done}.",
                stacklevel=2,
            )
        self.model._initial_epoch = max(done, wanted) if checkpoint.stopped else done

    def _write(self, what_now):
        try:
            self._write_checkpoint()
        except OSError as error:
            raise self._cannot_write(error, what_now) from error

    def _write_checkpoint(self):
        callbacks, arrays = self._states()
        # What else stops a run, such as a limit of time, is there for it to go on later.
        stopped = self.model.stop_training and "EarlyStopping" in self._run["callbacks"]
        checkpoint = Checkpoint(self._logs, stopped, values_of(self.model), callbacks, arrays)
        checkpoint.write(self.folder)
        checkpoints.prune(self.folder, len(self._logs) - self.keep)

    def _states(self):
        """Returns what has changed in the other callbacks, and the arrays among it."""
        states, arrays = {}, {}
        for key, callback in self._others.items():
            now, before = state_of(callback, {}), self._before[key]
            changed = {name for name, value in now.items() if value != before.get(name)}
            if changed := changed | self._kept.get(key, set()):
                now = state_of(callback, arrays)
                states[key] = {name: now[name] for name in sorted(changed) if name in now}
        return states, arrays

    def _cannot_write(self, error, what_now):
        full = error.errno == errno.ENOSPC
        what = "is full" if full else f"cannot be written to ({error})"
        remedy = "Make room" if full else "Mend its permissions, or name another folder"
        return OSError(error.errno, f"The folder {self.folder} {what}. {remedy}. {what_now}")

    def _fill_history(self):
        """Puts the logs of epochs before the interruption in front of those since."""
        history = self.model.history
        missing = len(self._logs) - len(history.epoch)
        if missing > 0:
            earlier, first = self._logs[:missing], self._first_epoch
            # Not every epoch need have been validated.
            for name in dict.fromkeys(name for logs in earlier for name in logs):
                values = [logs[name] for logs in earlier if name in logs]
                history.history[name] = values + history.history.get(name, [])
            history.epoch = [*range(first, first + missing), *history.epoch]


def _shown(value):
    return "none" if value is None else json.dumps(value).strip('"')
