"""What happens beside training: progress, resuming, a guard against NaN, films, a referee."""

import hashlib
import json
import math
import os
import warnings
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from gk.figures import to_picture
from gk.runtime import progress

CHECK_NAN_EVERY = 50


class Progress(keras.callbacks.Callback):
    """Shows how far training is by a bar that moves with each epoch and leaves one clean line.

    Beside it stand the losses of the last epoch. Keras's own bar writes a line per epoch.

    Args:
        description: what is trained.

    Example:

    ```python
    model.fit(images, epochs=15, verbose=0, callbacks=[gk.callbacks.Progress("VAE")])
    ```
    """

    def __init__(self, description="training"):
        super().__init__()
        self.description = description

    def on_train_begin(self, logs=None):
        self._bar = progress(range(self.params["epochs"]), self.description, "epoch")

    def on_epoch_end(self, epoch, logs=None):
        names = ("d_loss", "g_loss") if "d_loss" in (logs or {}) else ("loss",)
        losses = {name: f"{logs[name]:.3g}" for name in names if name in (logs or {})}
        self._bar.set_postfix(losses, refresh=False)
        # From where it stands: a resumed run begins with a later epoch than the first.
        self._bar.update(epoch + 1 - self._bar.n)

    def on_train_end(self, logs=None):
        self._bar.close()


class Resume(keras.callbacks.Callback):
    """Continues an interrupted run as if nothing had happened.

    Saves weights, optimizer states, random states and logs after each epoch. When the same
    program is started again after a kill, training goes on behind the last epoch that was
    saved whole, and ends with the same bits and the same history as an uninterrupted run.
    That holds for the models of this course on arrays, whose shuffling and noise derive from
    the seed, the epoch and the step, and where operations are repeatable
    (`gk.setup(deterministic=True)`).

    With several workers (`tf.distribute.MultiWorkerMirroredStrategy`) the first one writes,
    and all read, so the folder has to be one that all of them see. When a worker dies the
    others stop with an error; start the same program again on each.

    Args:
        folder: where checkpoints are kept; one folder for each run.
        keep: number of checkpoints to keep, at least 2, so that a damaged one can be
            replaced by the one before.

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

    def on_train_begin(self, logs=None):
        self._logs = []
        for record in sorted(self.folder.glob("epoch-*.json"), reverse=True):
            weights = record.with_suffix(".weights.h5")
            try:
                content = json.loads(record.read_text(encoding="utf-8"))
                if hashlib.sha256(weights.read_bytes()).hexdigest() != content["sha256"]:
                    raise ValueError("its SHA-256 is not the one that was noted")
                self.model.load_weights(weights)
            except (OSError, ValueError, KeyError) as error:
                warnings.warn(
                    f"The checkpoint {weights} cannot be used ({error}). Trying the one before.",
                    stacklevel=2,
                )
                continue
            self._logs = content["logs"]
            self.model._initial_epoch = len(self._logs)
            return

    def on_epoch_begin(self, epoch, logs=None):
        self._fill_history()

    def on_epoch_end(self, epoch, logs=None):
        self._logs.append({name: float(np.squeeze(value)) for name, value in (logs or {}).items()})
        if not _is_first_worker(self.model):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        record = self.folder / f"epoch-{len(self._logs):06d}.json"
        weights = record.with_suffix(".weights.h5")
        unfinished = self.folder / "unfinished.weights.h5"
        self.model.save_weights(unfinished)
        content = {
            "sha256": hashlib.sha256(unfinished.read_bytes()).hexdigest(),
            "logs": self._logs,
        }
        os.replace(unfinished, weights)
        # A checkpoint counts from the moment its record is there.
        unfinished_record = self.folder / "unfinished.json"
        unfinished_record.write_text(json.dumps(content), encoding="utf-8")
        os.replace(unfinished_record, record)
        for old in sorted(self.folder.glob("epoch-*.json"))[: -self.keep]:
            old.unlink()
            old.with_suffix(".weights.h5").unlink(missing_ok=True)

    def on_train_end(self, logs=None):
        self._fill_history()

    def _fill_history(self):
        """Puts the logs of epochs before the interruption in front of those since."""
        history = self.model.history
        missing = len(self._logs) - len(history.epoch)
        if missing > 0:
            earlier = self._logs[:missing]
            for name in earlier[0]:
                values = [logs[name] for logs in earlier]
                history.history[name] = values + history.history.get(name, [])
            history.epoch = list(range(missing)) + history.epoch


def _is_first_worker(model):
    """Whether this process is the one of several workers that writes files."""
    resolver = model.distribute_strategy.cluster_resolver
    return resolver is None or not resolver.task_id


class StopAtNaN(keras.callbacks.Callback):
    """Stops training when a loss is not a number, with the weights from before that epoch.

    `fit` of the models of this course always has it.

    Raises:
        FloatingPointError: from `fit`, after the weights were put back.
    """

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        self._checked = -CHECK_NAN_EVERY
        self._good = [variable.numpy() for variable in self._variables()]

    def on_train_batch_end(self, batch, logs=None):
        if batch - self._checked >= CHECK_NAN_EVERY:
            self._checked = batch
            self._check(logs)

    def on_epoch_end(self, epoch, logs=None):
        self._check(logs)

    def _variables(self):
        optimizers = ("optimizer", "d_optimizer", "g_optimizer")
        found = [getattr(self.model, name, None) for name in optimizers]
        states = [variable for optimizer in found if optimizer for variable in optimizer.variables]
        return [*self.model.variables, *states]

    def _check(self, logs):
        bad = [name for name, value in (logs or {}).items() if not math.isfinite(np.squeeze(value))]
        if bad:
            for variable, value in zip(self._variables(), self._good, strict=True):
                variable.assign(value)
            raise FloatingPointError(
                f"{', '.join(bad)} became NaN or infinite in epoch {self._epoch + 1}. The weights "
                "are those from before that epoch. Try a smaller learning rate, or look for "
                "extreme values in the data."
            )


class SampleImages(keras.callbacks.Callback):
    """Draws the same few latent points after each epoch: a film of the learning.

    Args:
        folder: where `filmstrip.png` (a row for each epoch kept) and `film.gif` are written
            when training ends; `None` keeps the frames in `frames` only.
        num_images: number of latent points.
        seed: integer; the points are drawn once from N(0, I) and kept.
        max_rows: largest number of epochs in the filmstrip, spread over the training.

    Attributes:
        frames: list of float32 arrays `(num_images, height, width, channels)`.
    """

    def __init__(self, folder=None, num_images=10, seed=0, max_rows=10):
        super().__init__()
        self.folder = None if folder is None else Path(folder)
        self.num_images = num_images
        self.seed = seed
        self.max_rows = max_rows
        self.frames = []

    def on_train_begin(self, logs=None):
        shape = (self.num_images, self.model.latent_dim)
        self.latents = np.random.default_rng(self.seed).standard_normal(shape)

    def on_epoch_end(self, epoch, logs=None):
        draw = getattr(self.model, "generate_from", None) or self.model.decode
        self.frames.append(draw(self.latents))

    def on_train_end(self, logs=None):
        if self.folder is None or not self.frames or not _is_first_worker(self.model):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = [to_picture(np.concatenate(list(frame), axis=1)) for frame in self.frames]
        chosen = np.unique(np.linspace(0, len(rows) - 1, self.max_rows).round().astype(int))
        strip = Image.fromarray(np.concatenate([np.asarray(rows[index]) for index in chosen]))
        strip.save(self.folder / "filmstrip.png")
        first, *others = rows
        first.save(
            self.folder / "film.gif", save_all=True, append_images=others, duration=200, loop=0
        )


class GameMonitor(keras.callbacks.Callback):
    """The referee of a GAN: who is ahead, and whether the generator still varies.

    After each epoch it measures the share of training images, held-out images and generated
    images that the discriminator gets right, and the variety of the generated images: the
    mean distance between two of them over that between two real ones. It warns, once each,
    when the discriminator overpowers the generator and when the generator collapses.

    Args:
        real: held-out images `(n, height, width, channels)` in [0, 1].
        overpowered_at: accuracy on real and generated images above which the discriminator
            is too strong.
        collapsed_at: variety below which the generator has collapsed.
        seed: integer for the random vectors.

    Attributes:
        records: list of dicts with `real`, `fake`, `held_out` (accuracies) and `variety`.
    """

    def __init__(self, real, overpowered_at=0.98, collapsed_at=0.4, seed=0):
        super().__init__()
        self.real = np.asarray(real, dtype="float32")[:256]
        self.overpowered_at = overpowered_at
        self.collapsed_at = collapsed_at
        self.seed = seed
        self.records = []
        self._warned = set()

    def on_epoch_end(self, epoch, logs=None):
        fakes = self.model.generate(len(self.real), seed=self.seed)
        held_out = np.mean(self.model.discriminate(self.real) > 0)
        variety = _mean_distance(fakes) / _mean_distance(self.real)
        self.records.append(
            {
                "real": float(np.squeeze(logs["d_real_accuracy"])),
                "fake": float(np.squeeze(logs["d_fake_accuracy"])),
                "held_out": float(held_out),
                "variety": float(variety),
            }
        )
        latest = self.records[-1]
        if min(latest["real"], latest["fake"]) > self.overpowered_at:
            self._warn(
                "overpowered",
                f"The discriminator overpowers the generator: it is right on {latest['real']:.0%} "
                f"of real and {latest['fake']:.0%} of generated images. "
                "Penalize its slope (r1_weight), or lower its learning rate.",
            )
        if variety < self.collapsed_at:
            self._warn(
                "collapsed",
                f"The generator collapses: its images vary {variety:.2f} times as much as real "
                "ones. Try smaller rates, Adam without momentum, or a faster discriminator.",
            )

    def _warn(self, kind, message):
        if kind not in self._warned:
            self._warned.add(kind)
            warnings.warn(message, stacklevel=3)


def _mean_distance(images):
    """Returns the mean distance between images and their neighbours in the list."""
    flat = images.reshape(len(images), -1)
    return np.linalg.norm(flat - np.roll(flat, 1, axis=0), axis=1).mean()
