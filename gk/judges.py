"""The judges: small classifiers, trained once and kept, that tell what an image shows."""

import keras
import numpy as np

from gk import datasets, downloads, files, networks
from gk.drawing import faces

# The sets whose judges ship.
NAMES = (*datasets.EMBEDDED_SETS, *downloads.REAL_SETS)
EPOCHS = 20
BATCH_SIZE = 128


class Judge:
    """A classifier with its softmax, and the features in front of it.

    On digits, pets and the like it tells the class. On faces it tells the attributes: each
    output estimates one attribute, scaled to [0, 1] by its range.

    Args:
        network: a model as `gk.networks.judge` builds it.
        output_names: names of the classes or attributes.
        exclusive: whether exactly one output applies (classes) or any (attributes).
    """

    def __init__(self, network, output_names, exclusive):
        self.network = network
        self.output_names = output_names
        self.exclusive = exclusive
        self._features = keras.Model(network.input, network.get_layer("features").output)

    def predict(self, images):
        """Returns the probability of each class, or the estimate of each attribute.

        Args:
            images: array `(n, height, width, channels)` in [0, 1].

        Returns:
            float32 array `(n, outputs)` in [0, 1].
        """
        logits = self.network.predict(images, batch_size=512, verbose=0)
        activation = keras.ops.softmax if self.exclusive else keras.ops.sigmoid
        return keras.ops.convert_to_numpy(activation(logits))

    def features(self, images):
        """Returns what the judge sees in the images, a float32 array `(n, 64)`."""
        return self._features.predict(images, batch_size=512, verbose=0)


def load(name):
    """Loads the judge of an image set.

    One for each of `NAMES` ships with the package; how good they are is in `data/README.md`.

    Args:
        name: name of an image set, as for `gk.datasets.load`.

    Returns:
        A `Judge`.

    Raises:
        ValueError: if the name is unknown, or the file of the judge is missing or damaged.
    """
    class_names = datasets.class_names(name)
    remedy = "Restore it with `git checkout data` in a clone, or train it again with `make judges`."
    if name not in NAMES:
        train = f"gk.judges.save(gk.judges.train({name!r}), {name!r})"
        remedy = f"Judges ship for {', '.join(NAMES)}; `{train}` trains one more."

    def build(config):
        if config.pop("judge_of") != name:
            raise ValueError(f"expected the judge of {name!r}")
        network = networks.judge(**config)
        return network, {"judge": network}

    network, _ = files.read_weights(path_of(name), remedy, build)
    if name == "faces":
        return Judge(network, tuple(faces.ATTRIBUTES), exclusive=False)
    return Judge(network, class_names, exclusive=True)


def path_of(name):
    """Returns where the weights of the judge of an image set lie."""
    return datasets.package_data_folder() / "judges" / f"{name}.npz"


def train(name, seed=0, verbose=0):
    """Trains the network of a judge on the training images of a set; sets the global seed.

    Args:
        name: name of an image set.
        seed: integer seed.
        verbose: as in `fit` of Keras.

    Returns:
        A Keras model, see `gk.networks.judge`.
    """
    data = datasets.load(name)
    keras.utils.set_random_seed(seed)
    steps = EPOCHS * -(-len(data.x_train) // BATCH_SIZE)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps))
    if name == "faces":
        targets = face_targets(data.attributes_train)
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
    else:
        targets = data.y_train
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    num_outputs = len(faces.ATTRIBUTES) if name == "faces" else len(data.class_names)
    network = networks.judge(data.x_train.shape[1:], num_outputs)
    network.compile(optimizer, loss)
    network.fit(data.x_train, targets, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=verbose)
    return network


def face_targets(attributes):
    """Scales a table of face attributes to [0, 1]; float32 array `(n, attributes)`."""
    columns = [
        (attributes[name] - low) / (high - low) for name, (low, high) in faces.ATTRIBUTES.items()
    ]
    return np.stack(columns, axis=1).astype("float32")


def save(network, name):
    """Writes the weights of the judge of an image set to where `load` looks for them."""
    config = {
        "judge_of": name,
        "image_shape": network.input_shape[1:],
        "num_outputs": network.output_shape[-1],
    }
    files.write_weights(path_of(name), config, {"judge": network.get_weights()})
