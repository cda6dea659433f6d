"""What all models of the course share: checked data, and runs that can be repeated."""

import keras
import numpy as np
import tensorflow as tf

from gk.callbacks import StopAtNaN

BATCH_FOR_INFERENCE = 512


class ImageModel(keras.Model):
    """Base of models that learn from images in [0, 1].

    It checks data before any work is done, shuffles by seed and epoch and draws noise by
    seed and step, so that a run that was interrupted continues exactly as it would have.

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: size of a code, a positive integer.
        seed: integer from which shuffling and noise derive.
        **kwargs: `name` and other arguments of `keras.Model`.

    Raises:
        ValueError: if an argument is out of range.
    """

    def __init__(self, image_shape, latent_dim, seed=0, **kwargs):
        super().__init__(**kwargs)
        if len(image_shape) != 3 or min(image_shape) < 1:
            raise ValueError(
                "Expected image_shape (height, width, channels), all positive. "
                f"Received: {image_shape}"
            )
        if int(latent_dim) != latent_dim or latent_dim < 1:
            raise ValueError(f"Expected latent_dim as a positive integer. Received: {latent_dim}")
        self.image_shape = tuple(int(size) for size in image_shape)
        self.latent_dim = int(latent_dim)
        self.seed = int(seed)
        self._epoch = 0
        self._trackers = {}

    @property
    def metrics(self):
        return list(self._trackers.values())

    def compile(self, optimizer=None, steps_per_execution=None, **kwargs):
        """Sets the optimizer, Adam with learning rate 1e-3 by default.

        Args:
            optimizer: Keras optimizer or its name.
            steps_per_execution: number of steps between two calls of a callback, 10 by
                default, 1 on several replicas.
            **kwargs: further arguments of `compile` of Keras, such as `run_eagerly`.
        """
        super().compile(
            optimizer=optimizer or keras.optimizers.Adam(1e-3),
            steps_per_execution=steps_per_execution or default_steps_per_execution(),
            **kwargs,
        )
        # An optimizer without its variables is saved without its state.
        self.optimizer.build(self.trainable_variables)

    def fit(self, x=None, y=None, batch_size=None, callbacks=None, shuffle=True, **kwargs):
        """Trains the model, as `fit` of Keras does, on data that are checked first.

        Arrays are shuffled anew in each epoch, in an order that depends on `seed` and the
        number of the epoch alone. A `tf.data.Dataset` is taken in the order it comes in.

        Args:
            x: images `(n, height, width, channels)` in [0, 1]: an array, or a dataset of
                batches of images or of pairs (images, targets).
            y: images that should come out instead of `x`, as for denoising, or `None`.
            batch_size: images in a batch, 32 by default; for arrays only.
            callbacks: list of Keras callbacks.
            shuffle: whether arrays are shuffled.
            **kwargs: further arguments of `fit` of Keras.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError: if the data are not images of this model's shape in [0, 1].
            FloatingPointError: if a loss becomes NaN or infinite.
        """
        self._check_data(x, "x")
        self._check_data(y, "y")
        validation = kwargs.get("validation_data")
        for part in validation if isinstance(validation, tuple) else (validation,):
            self._check_data(part, "validation_data")
        if isinstance(x, tf.data.Dataset):
            shuffle = False  # as it comes
        if isinstance(x, np.ndarray) and shuffle and not kwargs.get("validation_split"):
            weights = kwargs.pop("sample_weight", None)
            if y is None and weights is not None:
                y = x  # weights come third
            arrays = [array for array in (x, y, weights) if array is not None]
            x, y, batch_size = self._shuffled(arrays, batch_size or 32), None, None
            shuffle = False  # done
        follow_epoch = keras.callbacks.LambdaCallback(on_epoch_begin=self._set_epoch)
        return super().fit(
            x,
            y,
            batch_size=batch_size,
            callbacks=[follow_epoch, StopAtNaN(), *(callbacks or [])],
            shuffle=shuffle,
            **kwargs,
        )

    def evaluate(self, x=None, y=None, **kwargs):
        """Evaluates the model, as `evaluate` of Keras does, on data that are checked first."""
        self._check_data(x, "x")
        self._check_data(y, "y")
        return super().evaluate(x, y, **kwargs)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # These models are built from the start, and what Keras does here to build one fails
        # on pairs of images and targets when there are several workers.
        pass

    def _set_epoch(self, epoch, logs=None):
        self._epoch = epoch

    def _shuffled(self, arrays, batch_size):
        """Returns a dataset of batches in an order that depends on seed and epoch."""
        num_images = len(arrays[0])
        tensors = [tf.constant(array, tf.float32) for array in arrays]

        def order_of_this_epoch():
            yield np.random.default_rng([self.seed, self._epoch]).permutation(num_images)

        # One element per epoch, so that Python costs nothing per batch.
        indices = tf.data.Dataset.from_generator(
            order_of_this_epoch, output_signature=tf.TensorSpec((num_images,), tf.int64)
        ).flat_map(tf.data.Dataset.from_tensor_slices)
        num_batches = -(-num_images // batch_size)
        # Several workers share out the images of each batch.
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = (
            tf.data.experimental.AutoShardPolicy.DATA
        )
        return (
            indices.batch(batch_size)
            .with_options(options)
            .apply(tf.data.experimental.assert_cardinality(num_batches))
            .map(
                lambda batch: tuple(tf.gather(tensor, batch) for tensor in tensors),
                num_parallel_calls=tf.data.AUTOTUNE,
            )
            .prefetch(tf.data.AUTOTUNE)
        )

    def _check_data(self, data, name):
        """Raises ValueError unless arrays or the first batch of a dataset are images."""
        if isinstance(data, tf.data.Dataset):
            batch = next(iter(data.take(1)), None)
            if batch is None:
                raise ValueError(f"Expected images in {name}. Received: an empty dataset.")
            for part in (batch if isinstance(batch, tuple) else (batch,))[:2]:
                self._check_images(part.numpy(), f"the first batch of {name}")
        elif isinstance(data, (np.ndarray, tf.Tensor)):
            self._check_images(np.asarray(data), name)

    def _check_images(self, images, name):
        expected = (
            f"Expected {name} as floats (n, {', '.join(map(str, self.image_shape))}) in [0, 1]"
        )
        if images.shape[1:] != self.image_shape:
            hint = " Add the channel: images[..., None]." if images.ndim == 3 else ""
            raise ValueError(f"{expected}. Received: shape {images.shape}.{hint}")
        if not len(images):
            raise ValueError(f"{expected}. Received: no images.")
        if not np.issubdtype(images.dtype, np.floating):
            raise ValueError(
                f"{expected}. Received: {images.dtype}. Divide by 255 if values run to 255: "
                "images.astype('float32') / 255"
            )
        low, high = float(images.min()), float(images.max())
        if not (low >= 0 and high <= 1):
            hint = " Divide by 255." if high > 1.5 else ""
            raise ValueError(f"{expected}. Received: values from {low:.4g} to {high:.4g}.{hint}")

    def _noise(self, shape, step, salt=0):
        """Draws standard normal noise that depends on seed, step, replica and salt alone."""
        context = tf.distribute.get_replica_context()
        replica = context.replica_id_in_sync_group if context else 0
        step = tf.cast(step, tf.int32) * 1024 + replica
        return tf.random.stateless_normal(shape, seed=tf.stack([self.seed * 8 + salt, step]))

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
