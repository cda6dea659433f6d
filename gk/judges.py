"""The judges: small classifiers, trained once and kept, that tell what an image shows."""

import os
import warnings

import keras
import numpy as np
import tensorflow as tf

from gk import datasets, downloads, features, files, identity, networks, order
from gk.drawing import faces
from gk.pipeline import Data

# The sets whose judges ship.
NAMES = (*datasets.EMBEDDED_SETS, *downloads.REAL_SETS)
EPOCHS, MAX_STEPS = 20, 10_000
BATCH_SIZE = 128
FEWEST_OF_A_CLASS = 20  # on average


class Judge(features.Features):
    """A classifier with its softmax, and the features in front of it.

    On digits, pets and the like it tells the class. On faces it tells the attributes: each
    output estimates one attribute, scaled to [0, 1] by its range.

    Args:
        network: a model as `gk.networks.judge` builds it.
        output_names: names of the classes or attributes.
        exclusive: whether exactly one output applies (classes) or any (attributes).
        prepare: as in `gk.features.Features`.
    """

    def __init__(self, network, output_names, exclusive, prepare=None):
        super().__init__(network, prepare)
        self.output_names = output_names
        self.exclusive = exclusive
        self._features = keras.Model(network.input, network.get_layer("features").output)

    @property
    def tells_classes(self):
        """Whether it tells classes apart, of which there are at least two."""
        return self.exclusive and len(self.output_names) > 1

    def predict(self, images):
        """Returns the probability of each class, or the estimate of each attribute.

        Args:
            images: array `(n, height, width, channels)` in [0, 1].

        Returns:
            float32 array `(n, outputs)` in [0, 1].
        """
        logits = self._predicted(self.network, images)
        # TensorFlow's, as Keras warns of a softmax of one answer.
        return np.asarray(tf.nn.softmax(logits) if self.exclusive else tf.sigmoid(logits))


def load(data, verbose="auto"):
    """Returns the judge of an image set.

    One for each of `NAMES` ships with the package; how good they are is in `data/README.md`.
    That of other images is trained when it is first asked for, in about a minute, and kept in
    the user's cache folder. Images of one class, or of classes with a few images each, teach no
    classifier: their judge has features that were learned without labels
    (`gk.features.learn`), and one answer.

    Args:
        data: name of an image set or path of a folder, as for `gk.datasets.load`; or a
            `gk.datasets.Dataset`.
        verbose: as in `fit` of Keras, where it has to be trained.

    Returns:
        A `Judge`.

    Raises:
        ValueError: if the name is unknown, or the file of the judge is missing or damaged.
    """
    name = data if isinstance(data, (str, os.PathLike)) else data.name
    if name in NAMES and (isinstance(data, str) or data.report is None):
        remedy = "Restore it with `git checkout data` in a clone, or train it with `make judges`."
        network = _read(path_of(name), name, remedy)
        if name == "faces":
            return Judge(network, tuple(faces.ATTRIBUTES), exclusive=False)
        return Judge(network, datasets.class_names(name), exclusive=True)
    if isinstance(data, (str, os.PathLike)):
        data = datasets.load(data)
    # Known by the content, so that another content gets another judge.
    key = f"{identity.line_of(data.x_train)} {identity.line_of(data.y_train)}"
    number = files.content_sha256({"key": np.array(key)})[:16]
    path = files.user_cache() / "judges" / f"{number}.npz"
    if not path.exists():
        if verbose:
            print(f"Training a judge of {data.name}, once.")
        network = train(data, verbose=verbose)
        try:
            _write(path, network, number)
        except OSError as error:
            warnings.warn(f"The judge of {data.name} could not be kept: {error}", stacklevel=2)
    else:
        network = _read(path, number, "Delete it, and it is trained anew.")
    squares = features.squares if network.input_shape[1:] != data.x_train.shape[1:] else None
    tells_classes = network.output_shape[-1] == len(data.class_names)
    names = data.class_names if tells_classes else ("image",)
    return Judge(network, names, exclusive=True, prepare=squares)


def path_of(name):
    """Returns where the weights of the judge of an image set that ships lie."""
    return datasets.package_data_folder() / "judges" / f"{name}.npz"


def train(data, seed=0, verbose=0):
    """Trains the network of a judge on the training images of a set; sets the global seed.

    Args:
        data: name or `gk.datasets.Dataset`, as for `load`.
        seed: integer seed.
        verbose: as in `fit` of Keras.

    Returns:
        A Keras model, see `gk.networks.judge`.
    """
    if isinstance(data, (str, os.PathLike)):
        data = datasets.load(data)
    if not len(data.x_train):
        raise ValueError(
            f"Expected training images in {data.name}. Received: none. More images, or a smaller "
            "test_share."
        )
    is_faces = data.name == "faces" and data.report is None
    num_classes = len(data.class_names)
    if num_classes < 2 or (not is_faces and len(data.x_train) < FEWEST_OF_A_CLASS * num_classes):
        return _with_one_answer(features.learn(data.x_train, seed, verbose))
    keras.utils.set_random_seed(seed)
    steps = min(EPOCHS * -(-len(data.x_train) // BATCH_SIZE), MAX_STEPS)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps))
    if is_faces:
        targets = face_targets(data.attributes_train)
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
    else:
        targets = data.y_train
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    num_outputs = targets.shape[1] if targets.ndim > 1 else len(data.class_names)
    network = networks.judge(data.x_train.shape[1:], num_outputs)
    network.compile(optimizer, loss)
    batches = order.batches(
        Data((data.x_train,), targets), BATCH_SIZE, seed, True, lambda: 0, steps_per_epoch=steps
    )
    network.fit(batches, shuffle=False, verbose=verbose)  # shuffled already
    return network


def _with_one_answer(network):
    """Returns a judge of one class with the features of a network."""
    judge = networks.judge(network.input_shape[1:], 1)
    for layer, learned in zip(judge.layers[:-1], network.layers[:-1], strict=True):
        layer.set_weights(learned.get_weights())
    return judge


def face_targets(attributes):
    """Scales a table of face attributes to [0, 1]; float32 array `(n, attributes)`."""
    columns = [
        (attributes[name] - low) / (high - low) for name, (low, high) in faces.ATTRIBUTES.items()
    ]
    return np.stack(columns, axis=1).astype("float32")


def save(network, name):
    """Writes the weights of the judge of a set that ships to where `load` looks for them."""
    _write(path_of(name), network, name)


def _write(path, network, name):
    config = {
        "judge_of": name,
        "image_shape": network.input_shape[1:],
        "num_outputs": network.output_shape[-1],
    }
    files.write_weights(path, config, {"judge": network.get_weights()})


def _read(path, name, remedy):
    def build(config):
        if config.pop("judge_of") != name:
            raise ValueError(f"expected the judge of {name!r}")
        network = networks.judge(**config)
        return network, {"judge": network}

    network, _ = files.read_weights(path, remedy, build)
    return network
