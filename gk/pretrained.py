"""DCGANs that were trained for longer than a lesson lasts: the recipe, and the weights."""

from gk import datasets, files
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
    """Trains a DCGAN as the shipped ones were.

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
    model = DCGAN(images.shape[1:], latent_dim=16, ema_decay=0.999)
    model.compile()
    model.fit(
        images, batch_size=BATCH_SIZE, epochs=epochs, callbacks=list(callbacks), verbose=verbose
    )
    model.calibrate()
    return model


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
