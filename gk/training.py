"""How models of the course are trained: on checked data, in an order that can be repeated."""

import contextlib
import math
import numbers

import keras

from gk import order, pipeline
from gk.guards import StopAtNaN
from gk.identity import identity_of
from gk.pixels import Pixels
from gk.resume import Resume


class Trained(keras.Model):
    """The part of a model that trains and evaluates it; `gk.base.ImageModel` has the rest."""

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        **kwargs,
    ):
        """Trains the model, as `fit` of Keras does, on data that are checked first.

        Arrays are shuffled anew in each epoch, in an order that depends on `seed` and the
        number of steps taken alone. Other data are taken in the order they come in.

        Args:
            x: images `(n, height, width, channels)` in [0, 1]: an array, a pair of arrays for
                models that learn from two sets, or a `tf.data.Dataset`, a
                `keras.utils.PyDataset` or a generator of batches of what the model's
                `contract` names.
            y: what belongs to each image, by the model's `contract`: images that should come
                out instead of `x`, as for denoising, labels or texts; or `None`.
            batch_size: images in a batch, 32 by default; for arrays only.
            epochs: passes over the images, or spans of `steps_per_epoch`.
            verbose: as in Keras.
            callbacks: list of Keras callbacks.
            validation_split: share of the images, the last ones, on which the model is
                evaluated after each epoch; for arrays only.
            validation_data: what `x` takes, or a pair (x, y), in its place.
            shuffle: whether arrays are shuffled.
            class_weight: refused; `sample_weight` says it for each image.
            sample_weight: weight of each image; for arrays only.
            initial_epoch: number of the first epoch.
            steps_per_epoch: number of steps in an epoch, where that is not one pass.
            **kwargs: further arguments of `fit` of Keras.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError: if the data are not what this model learns from.
            FloatingPointError: if a loss becomes NaN or infinite.
        """
        if class_weight is not None:
            raise ValueError(
                "Expected no class_weight, as no class is to be told apart here. "
                f"Received: {class_weight!r}. Give each image its sample_weight."
            )
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = callbacks.callbacks
        callbacks = [] if callbacks is None else keras.tree.flatten(callbacks)
        self._check_callbacks(callbacks)
        data = pipeline.checked(self.contract, x, y, sample_weight)
        validation = None
        if validation_data is not None:
            validation = pipeline.checked_validation(self.contract, validation_data)
        elif validation_split:
            data, validation = pipeline.split(data, validation_split)
        if data.stream is None:
            batch_size = 32 if batch_size is None else batch_size
            if not isinstance(batch_size, numbers.Integral) or batch_size < 1:
                raise ValueError(
                    f"Expected batch_size as an integer of at least 1. Received: {batch_size!r}"
                )
        resuming = [callback for callback in callbacks if isinstance(callback, Resume)]
        others = [callback for callback in callbacks if callback not in resuming]
        if resuming:
            run = identity_of(data) | {"validation": validation and identity_of(validation)}
            run |= {"batch_size": batch_size, "shuffle": shuffle, "steps": steps_per_epoch}
            run = {**self._settings_of_run(), **run, "initial_epoch": initial_epoch}
            for callback in resuming:
                callback.attach(run, others)
        steps_that_divide = self._steps_that_divide(
            ("train", "test"), steps_per_epoch, kwargs.get("validation_steps")
        )
        stream = data.stream
        if stream is None:
            stream = order.batches(
                data, batch_size, self.seed, shuffle, lambda: self._steps_taken, steps_per_epoch
            )
            kwargs.setdefault("validation_batch_size", batch_size)
            batch_size = steps_per_epoch = None
        if validation is not None:
            validation = self._for_evaluation(validation, kwargs.get("validation_batch_size"))
            validation = validation if len(validation) > 1 else validation[0]
        self._trace_anew_if_frozen()
        try:
            with steps_that_divide:
                return super().fit(
                    stream,
                    batch_size=batch_size,
                    epochs=epochs,
                    verbose=verbose,
                    # What resumes is called last, and sees what the others have come to.
                    callbacks=[_FollowSteps(), StopAtNaN(), *others, *resuming],
                    validation_data=validation,
                    shuffle=False,
                    initial_epoch=initial_epoch,
                    steps_per_epoch=steps_per_epoch,
                    **kwargs,
                )
        finally:
            self._initial_epoch = None  # which `Resume` had set for this call alone
            for callback in resuming:
                callback.release()

    def evaluate(self, x=None, y=None, batch_size=None, sample_weight=None, steps=None, **kwargs):
        """Evaluates the model, as `evaluate` of Keras does, on data that are checked first."""
        if not kwargs.get("_use_cached_eval_dataset"):
            data = pipeline.checked(self.contract, x, y, sample_weight)
            x, y, sample_weight = (*self._for_evaluation(data, batch_size), None, None)[:3]
        with self._steps_that_divide(("test",), steps):
            return super().evaluate(
                x, y, batch_size=batch_size, sample_weight=sample_weight, steps=steps, **kwargs
            )

    def predict(self, x, steps=None, **kwargs):
        """Calls the model batch by batch, as `predict` of Keras does."""
        if isinstance(x, Pixels):
            batch_size = kwargs.pop("batch_size", None) or 32
            x = order.batches(pipeline.Data((x,)), batch_size, self.seed, False, lambda: 0)
        with self._steps_that_divide(("predict",), steps):
            return super().predict(x, steps=steps, **kwargs)

    def train_on_batch(self, x, y=None, sample_weight=None, **kwargs):
        """Takes one step, as `train_on_batch` of Keras does, on data that are checked first."""
        self._trace_anew_if_frozen()
        return super().train_on_batch(*self._one_batch(x, y, sample_weight), **kwargs)

    def test_on_batch(self, x, y=None, sample_weight=None, **kwargs):
        """Evaluates one batch, as `test_on_batch` of Keras does; the data are checked first."""
        return super().test_on_batch(*self._one_batch(x, y, sample_weight), **kwargs)

    def _one_batch(self, x, y, sample_weight):
        """Returns what Keras takes for one batch: three parts, some of which may be `None`."""
        data = pipeline.checked(self.contract, x, y, sample_weight)
        if data.stream is not None:
            raise ValueError(
                f"Expected one batch as arrays. Received: {type(data.stream).__name__}. Use fit or "
                "evaluate, or pass next(iter(…))."
            )
        return (*data.parts, None, None)[:3]

    def _for_evaluation(self, data, batch_size):
        """Returns data as Keras's `evaluate` takes them, a tuple of one to three parts."""
        if data.stream is not None:
            return (data.stream,)
        if self.contract.unpaired or any(map(_is_not_for_keras, data.parts)):
            # Keras can go through neither sets of two sizes nor texts nor images on disk.
            return (order.batches(data, batch_size or 32, self.seed, False, lambda: 0),)
        return data.parts

    def _check_callbacks(self, callbacks):
        """Raises ValueError if a callback cannot work with this model."""

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # These models are built from the start, and what Keras does here to build one fails
        # on pairs of images and targets when there are several workers.
        pass

    @contextlib.contextmanager
    def _steps_that_divide(self, kinds, *steps):
        """Takes so many steps at once that each of these numbers of steps is met exactly."""
        usual = self.steps_per_execution
        fitting = math.gcd(usual, *(int(number) for number in steps if number))
        if fitting == usual:
            yield
            return
        # Others than those of the call at hand may be in use, where a callback makes it.
        names = ["steps_per_execution", *(f"{kind}_function" for kind in kinds)]
        before = [getattr(self, name) for name in names]
        for name, value in zip(names, [fitting] + len(kinds) * [None], strict=True):
            setattr(self, name, value)
        try:
            yield
        finally:
            for name, value in zip(names, before, strict=True):
                setattr(self, name, value)

    def _trace_anew_if_frozen(self):
        """Lets a change of `trainable` since the last call take effect."""
        learning = [id(variable) for variable in self.trainable_variables]
        if self._traced_for not in (None, learning):
            self.train_function = None
        self._traced_for = learning


class _FollowSteps(keras.callbacks.Callback):
    """Notes at the beginning of an epoch how many steps were taken: its order depends on it."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model._steps_taken = int(self.model._steps())


def _is_not_for_keras(part):
    return part.dtype == object or isinstance(part, Pixels)
