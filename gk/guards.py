"""A guard against losses that are not numbers."""

import math

import keras
import numpy as np

from gk.states import put_back, values_of

CHECK_NAN_EVERY = 50


class StopAtNaN(keras.callbacks.Callback):
    """Stops training when a loss is not a number, with the weights from before that epoch.

    `fit` of the models of this course always has it.

    Raises:
        FloatingPointError: from `fit`, after the weights were put back.
    """

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        self._checked = -CHECK_NAN_EVERY
        self._good = values_of(self.model)

    def on_train_batch_end(self, batch, logs=None):
        if batch - self._checked >= CHECK_NAN_EVERY:
            self._checked = batch
            self._check(logs)

    def on_epoch_end(self, epoch, logs=None):
        self._check(logs)

    def _check(self, logs):
        bad = [name for name, value in (logs or {}).items() if not math.isfinite(np.squeeze(value))]
        if not bad:
            return
        put_back(self.model, self._good)
        remedy = "Try a smaller learning rate, or look for extreme values in the data."
        if all(name.startswith("val_") for name in bad):
            remedy = "The training losses are finite: look for extreme values in validation_data."
        raise FloatingPointError(
            f"{', '.join(bad)} became NaN or infinite in epoch {self._epoch + 1}. The weights "
            f"are those from before that epoch. {remedy}"
        )
