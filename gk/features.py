"""What networks see in images: the space in which sets of images are compared."""

import warnings

import keras
import numpy as np
import tensorflow as tf

from gk import networks

# Images that are looked at in one go: there may be more of them than memory holds.
CHUNK = 8192
STEPS, BATCH_SIZE = 2000, 32
CHANCE = 0.25


class Features:
    """Tells what a network sees in images.

    Args:
        network: a Keras model from images to features `(batch, features)`.
        prepare: function that makes of images `(n, height, width, channels)` in [0, 1] what
            the network takes, or `None`.
        chunk: number of images that are prepared in one go.
    """

    # Whether it tells classes apart, as judges may.
    tells_classes = False

    def __init__(self, network, prepare=None, chunk=CHUNK):
        self.network, self._prepare, self._chunk = network, prepare, chunk
        self._features = network

    def features(self, images):
        """Returns what the network sees in images in [0, 1], a float32 array `(n, features)`."""
        return self._predicted(self._features, images)

    def _predicted(self, network, images):
        if not len(images):
            return np.zeros((0, network.output_shape[-1]), "float32")
        firsts = range(0, len(images), self._chunk)
        chunks = (images[first : first + self._chunk] for first in firsts)
        if self._prepare is not None:
            chunks = map(self._prepare, chunks)
        return np.concatenate([network.predict(part, batch_size=512, verbose=0) for part in chunks])


def learn(images, seed=0, verbose=0):
    """Learns features from images alone: a network tells by how many quarters each was turned.

    That can be told only by who knows what is in a picture and how it stands (Gidaris, Singh &
    Komodakis, 2018, Unsupervised Representation Learning by Predicting Image Rotations,
    arXiv:1803.07728). Nothing has to be chosen for the kind of images, as transformations have
    to be where views of one image are held against each other. That features learned without
    labels serve to judge generators is shown by Morozov, Voynov & Babenko (2021, On
    Self-Supervised Image Representations for GAN Evaluation); for digits, beside a judge, an
    untrained network and principal components, in benchmarks/RESULTS.md. Pictures that look the
    same however they are turned, such as textures, teach it little; it warns then. Sets the
    global seed.

    Args:
        images: array `(n, height, width, channels)` in [0, 1], or `gk.pixels.Pixels`.
        seed: integer seed.
        verbose: as in `fit` of Keras.

    Returns:
        A Keras model as `gk.networks.judge` builds it, with 4 outputs: quarters of a turn, 0 to
        3, against the clock. It takes squares: `squares(images)`.
    """
    if not len(images):
        raise ValueError("Expected images to learn from. Received: none.")
    keras.utils.set_random_seed(seed)
    side = max(images.shape[1:3])
    network = networks.judge((side, side, images.shape[3]), 4)
    schedule = keras.optimizers.schedules.CosineDecay(3e-3, STEPS)
    network.compile(
        keras.optimizers.Adam(schedule),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    network.fit(_Turned(images, seed, STEPS), epochs=1, shuffle=False, verbose=verbose)
    _, accuracy = network.evaluate(_Turned(images, seed + 1, 16), verbose=0)
    if accuracy < 2 * CHANCE:
        warnings.warn(
            f"These images look much the same whichever way they are turned ({accuracy:.0%} of "
            "turns told right, 25 % by chance): the features learned from that tell little, and "
            "distances in them, too. Labels would help, as folders by class.",
            stacklevel=2,
        )
    return network


def squares(images):
    """Returns images squeezed or stretched to squares, float32; squares as they are."""
    side = max(images.shape[1:3])
    if images.shape[1] == images.shape[2]:
        return np.asarray(images)
    return tf.image.resize(images, (side, side), antialias=True).numpy()


def inception(weights="imagenet"):
    """Returns the features of an Inception v3 that has learned ImageNet (Szegedy et al., 2016).

    In them the Fréchet distance is what papers call FID (Heusel et al., 2017,
    arXiv:1706.08500), but for two things that move the number: papers take the weights of 2015,
    not those of Keras, and each library shrinks images in its own way (Parmar, Zhang & Zhu,
    2022, On Aliased Resizing and Surprising Subtleties in GAN Evaluation, arXiv:2104.11222). So
    set it beside numbers from here, and not beside a paper's.

    Args:
        weights: `"imagenet"`, which Keras downloads (88 MB, once), or a file of weights of
            `keras.applications.InceptionV3` without its top.

    Returns:
        `Features`, 2,048 numbers for each image of at least 1 × 1 pixels, grey or in colour.

    Raises:
        ConnectionError: if the weights are not there and cannot be downloaded.
    """
    try:
        network = keras.applications.InceptionV3(
            include_top=False, weights=weights, input_shape=(299, 299, 3), pooling="avg"
        )
    except Exception as error:  # Keras wraps what its download meets in a bare Exception
        if weights != "imagenet":
            raise
        raise ConnectionError(
            f"The weights of Inception v3 could not be downloaded ({error}). Check the network, "
            "name a file that holds them by weights=path, or take features that need no "
            "download: gk.judges.load(data)."
        ) from error

    def prepare(images):
        images = tf.image.resize(images, (299, 299), method="bicubic", antialias=True)
        if images.shape[-1] == 1:
            images = tf.image.grayscale_to_rgb(images)
        return 2 * tf.clip_by_value(images, 0, 1) - 1

    return Features(network, prepare, chunk=256)


class _Turned(keras.utils.PyDataset):
    """Batches of images, each in its four positions, with the number of quarters."""

    def __init__(self, images, seed, steps):
        super().__init__()
        self.images, self.seed, self.steps = images, seed, steps

    def __len__(self):
        return self.steps

    def __getitem__(self, step):
        rng = np.random.default_rng([self.seed, step])
        some = squares(self.images[np.sort(rng.integers(len(self.images), size=BATCH_SIZE))])
        turned = [np.rot90(some, quarters, axes=(1, 2)) for quarters in range(4)]
        return np.concatenate(turned), np.repeat(np.arange(4), len(some))
