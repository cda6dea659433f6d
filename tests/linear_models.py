"""Images of 4 x 4 pixels that vary in two directions, for linear models: PCA knows the answer."""

import keras
import numpy as np


def draw_flat_data():
    rng = np.random.default_rng(3)
    directions = np.linalg.qr(rng.normal(size=(16, 2)))[0] * [0.35, 0.2]
    x = 0.5 + rng.normal(size=(512, 2)) @ directions.T + rng.normal(0, 0.04, (512, 16))
    return x.clip(0, 1).astype("float32")


FLAT_DATA = draw_flat_data()


def train_linear(model, x, epochs):
    """Trains for epochs of 25 rounds: with nets this small, epochs cost more than steps."""
    images = np.tile(x.reshape(-1, 4, 4, 1), (25, 1, 1, 1))
    steps = epochs * len(images) // 128
    schedule = keras.optimizers.schedules.CosineDecay(2e-2, steps, alpha=1e-3)
    model.compile(keras.optimizers.Adam(schedule))
    model.fit(images, batch_size=128, epochs=epochs, verbose=0)


def subspace_angle(decoder, components):
    """Largest principal angle in degrees between the columns of a decoder and a subspace."""
    basis = np.linalg.qr(decoder.get_weights()[0].T)[0]
    cosines = np.linalg.svd(components @ basis, compute_uv=False)
    return np.rad2deg(np.arccos(np.clip(cosines.min(), -1, 1)))
