"""What all models of the course share: settings that are checked, noise that repeats, logs."""

import numbers

import keras
import numpy as np
import tensorflow as tf

from gk.contract import Contract, Images, Labels
from gk.identity import settings_of
from gk.networks import check_channels_last
from gk.pixels import Pixels
from gk.saving import Saved
from gk.training import Trained

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        "gk's models need Keras's TensorFlow backend. Received: KERAS_BACKEND="
        f"{keras.backend.backend()!r}. Set the environment variable KERAS_BACKEND to "
        "'tensorflow', or leave it unset, and start Python again."
    )

BATCH_FOR_INFERENCE = 512
LARGEST_SEED = 2**32 - 1


class ImageModel(Trained, Saved):
    """Base of models that learn from images in [0, 1].

    It checks data before any work is done, shuffles and draws noise by seed and step, so that
    a run that was interrupted continues exactly as it would have.

    Args:
        image_shape: `(height, width, channels)`.
        seed: integer from 0 to 2³² - 1 from which shuffling and noise derive, and in the models
            of the course the initial weights of default networks.
        **kwargs: `name` and other arguments of `keras.Model`.

    Raises:
        ValueError: if an argument is out of range.
    """

    # Settings that a step reads when TensorFlow traces it; to change one traces it anew.
    traced = ("seed",)
    # Settings that must be one of a few words.
    allowed = {}  # noqa: RUF012  nobody writes to it
    # Settings that training may move, as a callback does that anneals them.
    moved_in_training = ()
    # Names under which `compile` takes optimizers.
    optimizer_names = ("optimizer",)

    def __init__(self, image_shape, seed=0, **kwargs):
        super().__init__(**kwargs)
        check_channels_last()
        if len(image_shape) != 3 or min(image_shape) < 1:
            raise ValueError(
                "Expected image_shape (height, width, channels), all positive. "
                f"Received: {image_shape}"
            )
        self.image_shape = tuple(int(size) for size in image_shape)
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
        # An unsigned integer of NumPy's would overflow where noise is drawn.
        super().__setattr__(name, int(value) if name == "seed" else value)
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
        return [getattr(self, name) for name in self.optimizer_names] if self.compiled else []

    @property
    def contract(self):
        """What this model learns from, a `gk.contract.Contract`: images alone unless it says so."""
        return Contract((Images(self.image_shape),))

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

    def reset_metrics(self):
        super().reset_metrics()
        self._batches_seen.assign(0)

    def checked_images(self, images):
        """Returns images as the model takes them, a float32 array; ValueError if they are not."""
        return self.contract.sets[0].check(images, "images")

    def _unpack(self, data):
        """Returns images, targets and weights of a batch.

        Where images may be targets and there are none, they are the images themselves; where
        there are two sets, the second one's images are in the place of the targets.
        """
        images, targets, weights = keras.utils.unpack_x_y_sample_weight(data)
        images = tf.cast(images, tf.float32)
        if self.contract.unpaired or isinstance(self.contract.targets, Images):
            targets = images if targets is None else tf.cast(targets, tf.float32)
        elif isinstance(self.contract.targets, Labels) and targets is not None:
            targets = tf.cast(targets, tf.int32)
        return images, targets, weights

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

    def get_config(self):
        return {
            "name": self.name,
            "image_shape": self.image_shape,
            "seed": self.seed,
        }

    def _settings_of_run(self):
        """Returns the settings; those that training moves as they were when it began."""
        settings = settings_of(self)
        if self._first_settings is None:
            self._first_settings = settings
        moved = {
            name: self._first_settings[name]
            for name in settings
            if name in self.moved_in_training or name.endswith(", learning_rate")
        }
        return settings | moved


def default_steps_per_execution():
    """Returns how many steps TensorFlow takes between two looks at the callbacks.

    The nets are small: with one step, Python takes a fifth of the time
    (benchmarks/speed.py). On several replicas Keras can take but one.
    """
    return 10 if tf.distribute.get_strategy().num_replicas_in_sync == 1 else 1


def in_batches(function, array):
    """Applies a function of a tensor to an array of any length; returns a NumPy array."""
    if not isinstance(array, Pixels):
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
    # One of layers in `call`, or without an input, knows no shape, and cannot be copied.
    if not hasattr(network, "output_shape"):
        raise ValueError(
            f"Expected as {role} a functional or sequential Keras model that begins with "
            f"keras.Input(…). Received: a {type(network).__name__} named {network.name!r}, whose "
            "shapes are not known"
        )
    if tuple(network.output_shape[1:]) != tuple(expected):
        raise ValueError(
            f"Expected the {role}'s output as (batch, {', '.join(map(str, expected))}). "
            f"Received: {network.output_shape}"
        )


def share_of_loss(values, weights=None):
    """Returns a replica's share of the mean over a batch: what it minimises.

    Gradients are summed over replicas, so the mean over a replica's images is divided by the
    number of replicas. With weights each value counts as often as its weight says, and the
    sum is still divided by the number of values, as in Keras.
    """
    if weights is not None:
        values = values * weights
    return tf.reduce_mean(values) / tf.distribute.get_strategy().num_replicas_in_sync


def all_learnable(layer):
    """Returns the variables that learn, also those of layers that are frozen for now."""
    return [weight for part in layer._flatten_layers() for weight in part._trainable_variables]


def check_latent_dim(latent_dim):
    """Returns the size of a code; raises ValueError unless it is a positive integer."""
    if int(latent_dim) != latent_dim or latent_dim < 1:
        raise ValueError(f"Expected latent_dim as a positive integer. Received: {latent_dim}")
    return int(latent_dim)
