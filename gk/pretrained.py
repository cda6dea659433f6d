"""DCGANs that were trained for longer than a lesson lasts: the recipe, and the weights."""

import keras
import numpy as np

from gk import datasets, files, judges, metrics
from gk.dcgan import DCGAN

NAMES = ("digits", "faces", "mnist", "fashion_mnist")
BATCH_SIZE = 64
STEPS = 5_000


def load(name):
    """Loads a trained DCGAN for an image set.

    Their weights ship with the package, in half precision: those of the averaged generator,
    and of the discriminator, so that training can go on. How good they are is in
    `data/README.md`.

    Args:
        name: one of `NAMES`.

    Returns:
        A `DCGAN`, compiled with its default optimizers, which start from zero.

    Raises:
        ValueError: if none ships for this set, or the file is damaged.

    Example:

    >>> load("faces").generate(2, seed=0).shape
    (2, 32, 32, 3)
    """
    if name not in NAMES:
        known = ", ".join(repr(known) for known in NAMES)
        raise ValueError(
            f"No trained DCGAN ships for this set. Expected one of {known}. Received: {name!r}. "
            "Train one: gk.pretrained.train(images)"
        )
    remedy = "Restore it with `git checkout data`, or train it again with `make gans`."
    path = datasets.package_data_folder() / "weights" / f"{name}.npz"
    model, networks = files.read_weights(path, remedy, _build)
    model.averaged_generator.set_weights(networks["generator"].get_weights())
    model.compile()
    return model


def _build(config):
    model = DCGAN(**config)
    return model, {"generator": model.generator, "discriminator": model.discriminator}


def train(images, steps=STEPS, callbacks=(), verbose=0):
    """Trains a DCGAN as the shipped ones were; sets the global seed.

    Args:
        images: array `(n, height, width, channels)` in [0, 1]. With fewer than 60,000 the
            discriminator learns them by heart before the steps are over.
        steps: number of training steps, rounded to whole epochs.
        callbacks: Keras callbacks.
        verbose: as in `fit` of Keras.

    Returns:
        The `DCGAN`.
    """
    steps_per_epoch = -(-len(images) // BATCH_SIZE)
    epochs = max(1, round(steps / steps_per_epoch))
    keras.utils.set_random_seed(0)
    model = DCGAN(images.shape[1:], latent_dim=16, ema_decay=0.999)
    model.compile()
    model.fit(
        images, batch_size=BATCH_SIZE, epochs=epochs, callbacks=list(callbacks), verbose=verbose
    )
    model.calibrate()
    return model


def score(model, name):
    """Returns how good a model's images are, in the features of the judge of its set.

    Args:
        model: a `DCGAN`.
        name: name of an image set.

    Returns:
        A dict: the Fréchet distance of 5,000 generated images to the test images, `ratio` of
        it to that of up to 5,000 real training images, precision and recall (up to 2,000
        images each), and for sets of ten classes the share of the rarest and of the most
        frequent one.
    """
    data, judge = datasets.load(name), judges.load(name)
    images, real = model.generate(5000, seed=0), judge.features(data.x_test)
    features, training = judge.features(images), judge.features(data.x_train[:5000])
    distance = metrics.frechet_distance(features, real)
    precision, recall = metrics.precision_recall(real[:2000], features[:2000])
    result = {
        "frechet_distance": distance,
        "ratio": distance / metrics.frechet_distance(training, real),
        "precision": precision,
        "recall": recall,
    }
    if judge.exclusive:
        classes = judge.predict(images).argmax(axis=1)
        shares = np.bincount(classes, minlength=len(data.class_names)) / len(images)
        result |= {"rarest_class": shares.min(), "most_frequent_class": shares.max()}
    return result


def save(model, path):
    """Writes what `load` reads; the file appears whole or not at all.

    Args:
        model: a `DCGAN` with its default networks.
        path: ends in `.npz`.
    """
    config = {"image_shape": model.image_shape, "latent_dim": model.latent_dim}
    networks = {"generator": model.averaged_generator, "discriminator": model.discriminator}
    weights = {name: network.get_weights() for name, network in networks.items()}
    files.write_weights(path, config, weights, dtype="float16")
