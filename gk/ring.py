"""Eight Gaussians on a ring: the smallest data on which a GAN can collapse, and be seen to.

From Metz, Poole, Pfau & Sohl-Dickstein (2017, Unrolled Generative Adversarial Networks,
arXiv:1611.02163). A point of the plane is an image of one pixel with two channels, so that
`gk.DCGAN` takes it.
"""

import keras
import numpy as np
from keras import layers

from gk import networks
from gk.dcgan import DCGAN

SHAPE = (1, 1, 2)
DEVIATION = 0.03
_ANGLES = np.arange(8) * np.pi / 4
CENTRES = 0.5 + 0.35 * np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)

# Each trick alone, on top of the plain game: non-saturating, Adam with rate 1e-3 and its
# default beta_1 of 0.9 for both players, no penalty, no average of the generator.
TRICKS = {
    "plain": {},
    "minimax loss": {"game": "minimax"},
    "label smoothing 0.1": {"label_smoothing": 0.1},
    "hinge loss": {"game": "hinge"},
    "spectral normalization": {"spectral_norm": True},
    "hinge + spectral norm.": {"game": "hinge", "spectral_norm": True},
    "Wasserstein + spectral norm.": {"game": "wasserstein", "spectral_norm": True},
    "R1 penalty 0.1": {"r1_penalty": 0.1},
    "two time scales, 3 : 1": {"d_rate": 3e-3},
    "Adam's beta_1 = 0.5": {"beta_1": 0.5},
    "Adam's beta_1 = 0": {"beta_1": 0.0},
    "averaged generator": {"ema_decay": 0.98},
    "R1, 3 : 1, beta_1 = 0, average": {
        "r1_penalty": 0.1,
        "d_rate": 3e-3,
        "beta_1": 0.0,
        "ema_decay": 0.98,
    },
}


def points(n, seed):
    """Draws real points, a float32 array `(n, 1, 1, 2)` in [0, 1]."""
    rng = np.random.default_rng(seed)
    drawn = CENTRES[rng.integers(8, size=n)] + DEVIATION * rng.normal(size=(n, 2))
    return drawn.clip(0, 1).astype("float32").reshape(n, *SHAPE)


def coverage(generated):
    """Returns how many of the eight Gaussians are there, and the share of points on them.

    Args:
        generated: array `(n, 1, 1, 2)`. A point is on a Gaussian within three deviations of
            its centre, and a Gaussian is there when 2 % of all points are on it.

    Returns:
        An integer from 0 to 8, and a float in [0, 1]. Real points have 8 and 0.99.
    """
    ways = np.linalg.norm(np.reshape(generated, (-1, 1, 2)) - CENTRES, axis=2)
    on_one = ways.min(axis=1) < 3 * DEVIATION
    counts = np.bincount(ways.argmin(axis=1)[on_one], minlength=8)
    return int((counts >= 0.02 * len(ways)).sum()), float(on_one.mean())


def play(
    seed,
    steps=1500,
    callbacks=(),
    d_rate=1e-3,
    g_rate=1e-3,
    beta_1=0.9,
    spectral_norm=False,
    **options,
):
    """Trains a small GAN on the ring.

    Args:
        seed: integer.
        steps: training steps, a multiple of 50; an epoch has 50.
        callbacks: Keras callbacks.
        d_rate: learning rate of the discriminator.
        g_rate: learning rate of the generator.
        beta_1: of Adam, for both players.
        spectral_norm: whether the discriminator's layers are normalized.
        **options: further arguments of `gk.DCGAN`.

    Returns:
        The trained `DCGAN`.
    """
    with networks.initial_weights(seed):
        generator = networks.dense_decoder(SHAPE, 4, (64, 64))
        discriminator = _discriminator(spectral_norm)
    options = {"r1_penalty": 0.0, "ema_decay": 0.0, "seed": seed, **options}
    model = DCGAN(SHAPE, 4, generator, discriminator, **options)
    optimizers = [keras.optimizers.Adam(rate, beta_1) for rate in (d_rate, g_rate)]
    model.compile(*optimizers, steps_per_execution=50)
    model.fit(
        points(6400, seed), batch_size=128, epochs=steps // 50, verbose=0, callbacks=list(callbacks)
    )
    return model


def _discriminator(spectral_norm):
    normalized = layers.SpectralNormalization if spectral_norm else lambda layer: layer
    inputs = keras.Input(SHAPE)
    x = layers.Flatten()(inputs)
    for _ in range(2):
        x = layers.ReLU()(normalized(layers.Dense(64))(x))
    return keras.Model(inputs, normalized(layers.Dense(1))(x), name="discriminator")
