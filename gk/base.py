"""What all models of the course share: checked data, and runs that can be repeated."""

import contextlib
import hashlib
import json
import math
import numbers
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from gk import pipeline
from gk.files import content_sha256, written_whole
from gk.guards import Resume, StopAtNaN
from gk.networks import check_channels_last

BATCH_FOR_INFERENCE = 512
LARGEST_SEED = 2**32 - 1


class ImageModel(keras.Model):
    """Base of models that learn from images in [0, 1].

    It checks data before any work is done, shuffles and draws noise by seed and step, so that
    a run that was interrupted continues exactly as it would have.

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: size of a code, a positive integer.
        seed: integer from 0 to 2³² - 1 from which shuffling and noise derive.
        **kwargs: `name` and other arguments of `keras.Model`.

    Raises:
        ValueError: if an argument is out of range.
    """

    # Settings that a step reads when TensorFlow traces it; to change one traces it anew.
    traced = ("seed",)
    # Settings that must be one of a few words.
    allowed = {}  # noqa: RUF012  nobody writes to it

    def __init__(self, image_shape, latent_dim, seed=0, **kwargs):
        super().__init__(**kwargs)
        check_channels_last()
        if len(image_shape) != 3 or min(image_shape) < 1:
            raise ValueError(
                "Expected image_shape (height, width, channels), all positive. "
                f"Received: {image_shape}"
            )
        if int(latent_dim) != latent_dim or latent_dim < 1:
            raise ValueError(f"Expected latent_dim as a positive integer. Received: {latent_dim}")
        self.image_shape = tuple(int(size) for size in image_shape)
        self.latent_dim = int(latent_dim)
        self.seed = seed
        # Batches of the evaluation that is going on; not a weight, and not saved.
        self._batches_seen = tf.Variable(0, trainable=False, dtype="int64")
        self._trackers = {}
        self._traced_for = self._first_settings = None

    def __setattr__(self, name, value):
        if name in self.allowed and value not in self.allowed[name]:
            known = ", ".join(map(repr, self.allowed[name]))
            raise ValueError(f"Expected {name} as one of {known}. Received: {value!r}")
        if name == "seed" and (
            not isinstance(value, numbers.Integral) or not 0 <= value <= LARGEST_SEED
        ):
            raise ValueError(
                f"Expected seed as an integer from 0 to {LARGEST_SEED}. Received: {value}"
            )
        super().__setattr__(name, value)
        if name in self.traced:
            for step in ("train", "test"):
                if getattr(self, f"{step}_function", None) is not None:
                    getattr(self, f"make_{step}_function")(force=True)

    @property
    def metrics(self):
        return list(self._trackers.values())

    @property
    def optimizers(self):
        """The optimizers by which this model learns, a list; empty before `compile`."""
        return [self.optimizer] if self.compiled else []

    def compile(self, optimizer=None, steps_per_execution=None, **kwargs):
        """Sets the optimizer, Adam with learning rate 1e-3 by default.

        Args:
            optimizer: Keras optimizer or its name.
            steps_per_execution: number of steps between two calls of a callback, 10 by
                default, 1 on several replicas.
            **kwargs: further arguments of `compile` of Keras, such as `run_eagerly` and
                `jit_compile`.

        Raises:
            ValueError: if a loss or metrics are given, or a network computes in other numbers
                than float32.
        """
        self._compile(optimizer or keras.optimizers.Adam(1e-3), steps_per_execution, kwargs)
        # An optimizer without its variables is saved without its state.
        self.optimizer.build(all_learnable(self))

    def _compile(self, optimizer, steps_per_execution, options):
        """Checks what all models refuse, and calls `compile` of Keras."""
        for name in ("loss", "loss_weights", "metrics", "weighted_metrics"):
            if options.get(name) is not None:
                raise ValueError(
                    f"Expected no {name}: what a {type(self).__name__} minimises and logs is part "
                    f"of it. Received: {name}={options[name]!r}"
                )
        steps = (
            default_steps_per_execution() if steps_per_execution is None else steps_per_execution
        )
        if not isinstance(steps, numbers.Integral) or steps < 1:
            raise ValueError(
                f"Expected steps_per_execution as an integer of at least 1. Received: {steps!r}"
            )
        for layer in self._flatten_layers(include_self=False):
            if layer.compute_dtype != "float32" or layer.variable_dtype != "float32":
                raise ValueError(
                    "Expected networks that compute in float32. Received: the layer "
                    f"{layer.name!r} with {layer.dtype_policy.name}. Before the networks are "
                    "built, keras.config.set_dtype_policy('float32') and "
                    "keras.config.set_floatx('float32')."
                )
        keras.Model.compile(self, optimizer=optimizer, steps_per_execution=int(steps), **options)
        self._first_settings = None

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
            x: images `(n, height, width, channels)` in [0, 1]: an array, or a
                `tf.data.Dataset`, a `keras.utils.PyDataset` or a generator of batches of
                images or of pairs (images, targets).
            y: images that should come out instead of `x`, as for denoising, or `None`.
            batch_size: images in a batch, 32 by default; for arrays only.
            epochs: passes over the images, or spans of `steps_per_epoch`.
            verbose: as in Keras.
            callbacks: list of Keras callbacks.
            validation_split: share of the images, the last ones, on which the model is
                evaluated after each epoch; for arrays only.
            validation_data: images, or a pair (images, targets), in its place.
            shuffle: whether arrays are shuffled.
            class_weight: refused, as there are no classes.
            sample_weight: weight of each image; for arrays only.
            initial_epoch: number of the first epoch.
            steps_per_epoch: number of steps in an epoch, where that is not one pass.
            **kwargs: further arguments of `fit` of Keras.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError: if the data are not images of this model's shape in [0, 1].
            FloatingPointError: if a loss becomes NaN or infinite.
        """
        if class_weight is not None:
            raise ValueError(
                "Expected no class_weight, as these models learn from images without classes. "
                f"Received: {class_weight!r}. Give each image its sample_weight."
            )
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = callbacks.callbacks
        callbacks = [] if callbacks is None else keras.tree.flatten(callbacks)
        self._check_callbacks(callbacks)
        x, y, sample_weight = pipeline.checked(x, y, sample_weight, self.image_shape)
        if validation_data is not None:
            validation_data = pipeline.checked_validation(validation_data, self.image_shape)
        elif validation_split:
            (x, y, sample_weight), validation_data = pipeline.split(
                x, y, sample_weight, validation_split
            )
        resuming = [callback for callback in callbacks if isinstance(callback, Resume)]
        others = [callback for callback in callbacks if callback not in resuming]
        if isinstance(x, np.ndarray):
            batch_size = 32 if batch_size is None else batch_size
            if not isinstance(batch_size, numbers.Integral) or batch_size < 1:
                raise ValueError(
                    f"Expected batch_size as an integer of at least 1. Received: {batch_size!r}"
                )
        if resuming:
            data = {"x": x, "y": y, "sample_weight": sample_weight, "validation": validation_data}
            run = self._settings_of_run() | {name: _digest(part) for name, part in data.items()}
            run |= {"batch_size": batch_size, "shuffle": shuffle, "steps": steps_per_epoch}
            for callback in resuming:
                callback.attach(run | {"initial_epoch": initial_epoch}, others)
        steps_that_divide = self._steps_that_divide(
            ("train", "test"), steps_per_epoch, kwargs.get("validation_steps")
        )
        if isinstance(x, np.ndarray):
            order = pipeline.Order(len(x), batch_size, self.seed, shuffle, steps_per_epoch)
            x = pipeline.batches(x, y, sample_weight, order, lambda: self._steps_taken)
            kwargs.setdefault("validation_batch_size", batch_size)
            y = sample_weight = batch_size = steps_per_epoch = None
        self._trace_anew_if_frozen()
        try:
            with steps_that_divide:
                return super().fit(
                    x,
                    epochs=epochs,
                    verbose=verbose,
                    # What resumes is called last, and sees what the others have come to.
                    callbacks=[_FollowSteps(), StopAtNaN(), *others, *resuming],
                    validation_data=validation_data,
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
            x, y, sample_weight = pipeline.checked(x, y, sample_weight, self.image_shape)
        with self._steps_that_divide(("test",), steps):
            return super().evaluate(
                x, y, batch_size=batch_size, sample_weight=sample_weight, steps=steps, **kwargs
            )

    def predict(self, x, steps=None, **kwargs):
        """Calls the model batch by batch, as `predict` of Keras does."""
        with self._steps_that_divide(("predict",), steps):
            return super().predict(x, steps=steps, **kwargs)

    def train_on_batch(self, x, y=None, sample_weight=None, **kwargs):
        """Takes one step, as `train_on_batch` of Keras does, on data that are checked first."""
        x, y, sample_weight = pipeline.checked(x, y, sample_weight, self.image_shape)
        self._trace_anew_if_frozen()
        return super().train_on_batch(x, y, sample_weight, **kwargs)

    def test_on_batch(self, x, y=None, sample_weight=None, **kwargs):
        """Evaluates one batch, as `test_on_batch` of Keras does; the data are checked first."""
        x, y, sample_weight = pipeline.checked(x, y, sample_weight, self.image_shape)
        return super().test_on_batch(x, y, sample_weight, **kwargs)

    def _check_callbacks(self, callbacks):
        """Raises ValueError if a callback cannot work with this model."""

    def reset_metrics(self):
        super().reset_metrics()
        self._batches_seen.assign(0)

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

    def _unpack(self, data):
        """Returns images, targets and weights of a batch; the images where no targets are."""
        images, targets, weights = keras.utils.unpack_x_y_sample_weight(data)
        images = tf.cast(images, tf.float32)
        return images, images if targets is None else tf.cast(targets, tf.float32), weights

    def _steps(self):
        """Returns how many steps the optimizers have taken, a tensor."""
        # Not `iterations`, which stands still while an optimizer accumulates gradients.
        return tf.reduce_max([tf.cast(one._iterations, tf.int64) for one in self.optimizers])

    def _next_batch(self):
        """Returns the number of this batch in an evaluation, from 1."""
        return self._batches_seen.assign_add(1)

    def _noise(self, shape, step, salt=0):
        """Draws standard normal noise that depends on seed, step, replica and salt alone."""
        context = tf.distribute.get_replica_context()
        replica = context.replica_id_in_sync_group if context else 0
        step = tf.cast(step, tf.int64) * 1024 + tf.cast(replica, tf.int64)
        seed = tf.constant(self.seed * 8 + salt, tf.int64)
        return tf.random.stateless_normal(shape, seed=tf.stack([seed, step]))

    def _track(self, values, weights=None):
        """Adds values of a batch to the running means; returns what has been logged so far."""
        for name, value in values.items():
            self._trackers[name].update_state(value, weights if len(value.shape) else None)
        logs = {name: tracker.result() for name, tracker in self._trackers.items()}
        # Several workers concatenate their logs, which needs one dimension (tensorflow#72388).
        if isinstance(tf.distribute.get_strategy(), tf.distribute.MultiWorkerMirroredStrategy):
            return {name: tf.reshape(value, (1,)) for name, value in logs.items()}
        return logs

    def _track_means(self, *names):
        self._trackers = {name: keras.metrics.Mean(name=name) for name in names}

    @property
    def input_signature(self):
        """What `call` takes, a list of one `keras.InputSpec`."""
        return [keras.InputSpec(shape=(None, *self.image_shape), dtype="float32")]

    def export(self, filepath, **kwargs):
        """Writes what `call` does for serving, as `export` of Keras does, for any batch size."""
        kwargs.setdefault("input_signature", self.input_signature)
        super().export(filepath, **kwargs)

    def save(self, filepath, **kwargs):
        """Saves the model whole, as `save` of Keras does; the file appears whole or not at all.

        Raises:
            ValueError: if the file's name does not end in `.keras`.
        """
        path = Path(filepath)
        if path.suffix != ".keras":
            raise ValueError(
                "Expected a file name that ends in .keras, the one format that keeps both "
                f"networks and the states of the optimizers. Received: {path}. For the weights "
                "alone there is save_weights('….weights.h5')."
            )
        if path.exists() and not kwargs.get("overwrite", True):
            raise FileExistsError(
                f"{path} is there already. Pass overwrite=True, or name another file."
            )
        with written_whole(path) as unfinished:
            super().save(unfinished, **kwargs)

    def get_config(self):
        return {
            "name": self.name,
            "image_shape": self.image_shape,
            "latent_dim": self.latent_dim,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        networks = {
            key: keras.saving.deserialize_keras_object(value)
            for key, value in config.items()
            if isinstance(value, dict) and "class_name" in value
        }
        return cls(**{**config, **networks})

    def get_compile_config(self):
        if not self.compiled:
            return None
        return {"optimizer": keras.saving.serialize_keras_object(self.optimizer)}

    def compile_from_config(self, config):
        self.compile(
            **{key: keras.saving.deserialize_keras_object(value) for key, value in config.items()}
        )

    def save_own_variables(self, store):
        super().save_own_variables(store)
        # Keras saves no state of random generators; dropout would start over.
        for number, generator in enumerate(self._random_generators()):
            store[f"seed_generator_{number}"] = generator.state.numpy()

    def load_own_variables(self, store):
        names = list(store.keys())
        states = {name: store[name] for name in names if name.startswith("seed_generator_")}
        for number, generator in enumerate(self._random_generators()):
            generator.state.assign(states[f"seed_generator_{number}"])
        super().load_own_variables({name: store[name] for name in names if name not in states})

    def _random_generators(self):
        layers = self._flatten_layers(include_self=False)
        found = [getattr(layer, "seed_generator", None) for layer in layers]
        return [generator for generator in found if generator is not None]

    def _settings(self):
        """Returns what a run with this model depends on, a dict of plain values."""
        settings = {"model": type(self).__name__}
        for name, value in self.get_config().items():
            if isinstance(value, dict) and "class_name" in value:
                settings[name] = _layers_of(getattr(self, name))
            elif name != "name":
                settings[name] = value
        settings["variables that learn"] = len(self.trainable_variables)
        for number, optimizer in enumerate(self.optimizers):
            settings[f"optimizer {number}"] = type(optimizer).__name__
            for name, value in _config_of(optimizer).items():
                settings[f"optimizer {number}, {name}"] = value
        return settings

    def _settings_of_run(self):
        """Returns the settings; those that training moves as they were when it began."""
        settings = self._settings()
        if self._first_settings is None:
            self._first_settings = settings
        moved = {
            name: self._first_settings[name]
            for name in settings
            if name == "kl_weight" or name.endswith(", learning_rate")
        }
        return settings | moved


class _FollowSteps(keras.callbacks.Callback):
    """Notes at the beginning of an epoch how many steps were taken: its order depends on it."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model._steps_taken = int(self.model._steps())


def default_steps_per_execution():
    """Returns how many steps TensorFlow takes between two looks at the callbacks.

    The nets are small: with one step, Python takes a fifth of the time
    (benchmarks/speed.py). On several replicas Keras can take but one.
    """
    return 10 if tf.distribute.get_strategy().num_replicas_in_sync == 1 else 1


def in_batches(function, array):
    """Applies a function of a tensor to an array of any length; returns a NumPy array."""
    array = np.asarray(array, dtype="float32")
    if not len(array):
        raise ValueError(f"Expected at least one item. Received: shape {array.shape}")
    parts = [
        np.asarray(function(tf.constant(array[start : start + BATCH_FOR_INFERENCE])))
        for start in range(0, len(array), BATCH_FOR_INFERENCE)
    ]
    return np.concatenate(parts)


def check_output(network, expected, role):
    """Raises ValueError unless a network's output has the expected shape, without the batch."""
    if tuple(network.output_shape[1:]) != tuple(expected):
        raise ValueError(
            f"Expected the {role}'s output as (batch, {', '.join(map(str, expected))}). "
            f"Received: {network.output_shape}"
        )


def weighted_mean(values, weights=None):
    """Returns the mean over a batch, or over its share of one on several replicas.

    Gradients are summed over replicas, so each replica's mean counts as its share.
    """
    if weights is not None:
        values = values * weights
    return tf.reduce_mean(values) / tf.distribute.get_strategy().num_replicas_in_sync


def _layers_of(network):
    """Returns a line that tells networks of other layers or other settings apart."""
    layers = [
        [type(layer).__name__, _config_of(layer)]
        for layer in network._flatten_layers()
        if not isinstance(layer, keras.Model)
    ]
    text = json.dumps(layers, sort_keys=True, default=str)
    number = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{len(layers)} layers, {network.count_params()} weights, number {number}"


def all_learnable(layer):
    """Returns the variables that learn, also those of layers that are frozen for now."""
    return [weight for part in layer._flatten_layers() for weight in part._trainable_variables]


def _config_of(thing):
    """Returns what a layer or an optimizer was made with, as far as it tells."""
    try:
        return _without_names(thing.get_config())
    except Exception:  # of somebody else's class
        return {}


def _without_names(config):
    """Leaves out what differs between processes: names, addresses, the file of a function."""
    if isinstance(config, dict):
        left_out = ("name", "shared_object_id", "code")
        return {key: _without_names(item) for key, item in config.items() if key not in left_out}
    if isinstance(config, (list, tuple)):
        return [_without_names(item) for item in config]
    return config


def _digest(data):
    """Returns a line that tells one training set from another, or `None`."""
    if data is None:
        return None
    if isinstance(data, tuple):
        return [_digest(part) for part in data]
    if isinstance(data, np.ndarray):
        return f"array {data.shape}, SHA-256 {content_sha256({'': data})[:12]}"
    if isinstance(data, tf.data.Dataset):
        return f"dataset of {int(data.cardinality())} batches of {data.element_spec}"
    return f"{type(data).__name__} of {getattr(data, 'num_batches', None)} batches"
