"""What happens beside training: progress, resuming, a guard against NaN, films, a referee."""

import warnings
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from gk.figures import to_picture, write_film
from gk.guards import StopAtNaN
from gk.resume import Resume
from gk.runtime import progress
from gk.states import is_first_worker

__all__ = ["GameMonitor", "Progress", "Resume", "SampleImages", "StopAtNaN"]


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
        # Nothing was left to do where a finished run was started again.
        self._bar.update(max(0, (self.model._initial_epoch or 0) - self._bar.n))
        self._bar.close()


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
        self.frames.append(self.model.generate_from(self.latents))

    def on_train_end(self, logs=None):
        if self.folder is None or not self.frames or not is_first_worker(self.model):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = [to_picture(np.concatenate(list(frame), axis=1)) for frame in self.frames]
        chosen = np.unique(np.linspace(0, len(rows) - 1, self.max_rows).round().astype(int))
        strip = Image.fromarray(np.concatenate([np.asarray(rows[index]) for index in chosen]))
        strip.save(self.folder / "filmstrip.png")
        write_film(self.folder / "film.gif", rows)


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

    Raises:
        ValueError: if there are not two different held-out images.

    Attributes:
        records: list of dicts with `real`, `fake`, `held_out` (accuracies) and `variety`.
    """

    def __init__(self, real, overpowered_at=0.98, collapsed_at=0.4, seed=0):
        super().__init__()
        self.real = np.asarray(real[:256], dtype="float32")
        if len(self.real) < 2 or not 0 < _mean_distance(self.real) < np.inf:
            raise ValueError(
                "Expected at least two held-out images that differ, as the variety is measured "
                f"against theirs. Received: {len(self.real)} images, "
                f"{len(np.unique(self.real, axis=0))} of them different."
            )
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
                "Penalize its slope (r1_penalty), or lower its learning rate.",
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
