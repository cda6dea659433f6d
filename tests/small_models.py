"""Images, and small models of every kind with all random parts switched on, for the tests."""

import keras
import numpy as np
import tensorflow as tf

import gk
from gk import networks

SHAPE = (8, 8, 1)
IMAGES = np.random.default_rng(0).uniform(0, 1, (64, *SHAPE)).astype("float32")
KINDS = ("autoencoder", "vae", "dcgan")


def make(kind, steps_per_execution=3, **options):
    """Returns a small compiled model of a kind.

    It takes a few steps at a time, which do not divide an epoch.
    """
    keras.utils.set_random_seed(0)
    if kind == "dcgan":
        discriminator = networks.dcgan_discriminator(SHAPE, filters=4, dropout=0.3)
        options = {"game": "minimax", "label_smoothing": 0.1, "r1_penalty": 0.5, **options}
        options = {"discriminator": discriminator, "filters": 4, "ema_decay": 0.9, **options}
        model = gk.DCGAN(SHAPE, 3, **options)
    elif kind == "vae":
        encoder = networks.dense_encoder(SHAPE, 6, hidden=(16,))
        encoder = keras.Sequential([encoder.input, keras.layers.Dropout(0.2), encoder])
        options = {"kl_weight": 0.7, "likelihood": "gaussian", "encoder": encoder, **options}
        model = gk.VAE(SHAPE, 3, **options)
    else:
        model = gk.Autoencoder(SHAPE, 3, **{"filters": 4, "output": "linear", **options})
    model.compile(steps_per_execution=steps_per_execution)
    return model


def dataset(images, batch_size=8):
    return tf.data.Dataset.from_tensor_slices(images).batch(batch_size)
