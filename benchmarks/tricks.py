"""What the tricks of GAN training do, each alone: `make bench-tricks`, half an hour.

On the ring of eight Gaussians and on digits, the same number of steps for all, several seeds.
Writes `data/tricks.csv`, which notebook 09 shows; a run that was stopped goes on.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
from table import Table

import gk
from gk import networks, ring

TABLE = gk.datasets.package_data_folder() / "tricks.csv"
COLUMNS = ("data", "trick", "seed", "modes", "quality")
STEPS_ON_DIGITS = 188  # one epoch

# Each alone, on top of the plain game: non-saturating, Adam with rate 1e-3 and beta_1 0.9, no
# batch normalization in the discriminator, no average of the generator.
ON_DIGITS = {
    "plain": {},
    "minimax loss": {"game": "minimax"},
    "label smoothing 0.1": {"label_smoothing": 0.1},
    "spectral normalization": {"spectral_norm": True},
    "hinge + spectral norm.": {"game": "hinge", "spectral_norm": True},
    "Wasserstein + spectral norm.": {"game": "wasserstein", "spectral_norm": True},
    "R1 penalty 1": {"r1_penalty": 1.0},
    "two time scales, 3 : 1": {"d_rate": 3e-3},
    "Adam's beta_1 = 0.5": {"beta_1": 0.5},
    "Adam's beta_1 = 0": {"beta_1": 0.0},
    "averaged generator": {"ema_decay": 0.98},
    "batch norm., real and fake apart": {"batch_norm": True},
    "batch norm., one joint batch": {"batch_norm": True, "joint_batch": True},
    "beta_1 = 0.5, average": {"beta_1": 0.5, "ema_decay": 0.98},
    "R1, beta_1 = 0, average": {"r1_penalty": 1.0, "beta_1": 0.0, "ema_decay": 0.98},
}


def on_ring(seed, options):
    return ring.coverage(ring.play(seed, **options).generate(1000, seed=0))


def on_digits(
    seed, data, judge, d_rate=1e-3, beta_1=0.9, spectral_norm=False, batch_norm=False, **options
):
    """Returns the number of classes with 2 % of the images or more, and the Fréchet distance."""
    shape = data.x_train.shape[1:]
    with networks.initial_weights(seed):
        discriminator = networks.dcgan_discriminator(
            shape, spectral_norm=spectral_norm, batch_norm=batch_norm
        )
        generator = networks.dcgan_generator(shape, 16)
    options = {"r1_penalty": 0.0, "ema_decay": 0.0, **options}
    model = gk.DCGAN(shape, 16, generator, discriminator, seed=seed, **options)
    model.compile(*(keras.optimizers.Adam(rate, beta_1) for rate in (d_rate, 1e-3)))
    epochs = round(STEPS_ON_DIGITS * 64 / len(data.x_train))
    model.fit(data.x_train, batch_size=64, epochs=epochs, verbose=0)
    images = model.generate(2000, seed=0)
    shares = np.bincount(judge.predict(images).argmax(axis=1), minlength=10) / len(images)
    distance = gk.metrics.frechet_distance(judge.features(data.x_test), judge.features(images))
    return int((shares >= 0.02).sum()), distance


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ring-seeds", type=int, default=10)
    parser.add_argument("--digits-seeds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=TABLE)
    given = parser.parse_args()
    gk.setup("cpu", seed=0)
    data, judge = gk.datasets.load("digits"), gk.judges.load("digits")
    jobs = [("ring", trick, seed) for seed in range(given.ring_seeds) for trick in ring.TRICKS]
    jobs += [("digits", trick, seed) for seed in range(given.digits_seeds) for trick in ON_DIGITS]
    table = Table(given.output, COLUMNS, num_keys=3)
    for job in gk.progress(table.left(jobs), "tricks", "run"):
        which, trick, seed = job
        if which == "ring":
            modes, quality = on_ring(seed, ring.TRICKS[trick])
        else:
            modes, quality = on_digits(seed, data, judge, **ON_DIGITS[trick])
        table.add(job, [[modes, f"{quality:.4g}"]])
        keras.backend.clear_session()


if __name__ == "__main__":
    main()
