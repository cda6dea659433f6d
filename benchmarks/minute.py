"""How often notebook 08's minute of training fails: `make bench-minute`, a quarter of an hour.

The same model, images and steps as there, under ten seeds. A run fails where the notebook's
claims would: the judge's mean confidence below 0.9, or a class outside of 4 to 25 %. With
`PROFILE=gpu` it tells what to expect there: 60,000 images, 4,690 steps.
"""

import argparse
import time

import pandas as pd

import gk

EPOCHS = {"cpu": 6, "gpu": 5}


def minute(profile, name, seed):
    """Trains for notebook 08's minute; returns a row of the table."""
    data, judge = gk.datasets.load(name), gk.judges.load(name)
    model = gk.DCGAN(data.x_train.shape[1:], latent_dim=16, seed=seed)
    model.compile()
    started = time.perf_counter()
    images, epochs = data.x_train[: profile.num_train], EPOCHS[profile.name]
    model.fit(images, batch_size=64, epochs=epochs, verbose=0)
    took = time.perf_counter() - started
    return gk.report.quality(model, data, judge, seed=seed) | {"seconds": took}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="")
    parser.add_argument("--profile", default="cpu")
    parser.add_argument("--seeds", type=int, default=10)
    given = parser.parse_args()
    profile = gk.setup(given.profile, seed=0)
    name = given.dataset or profile.dataset
    seeds = gk.progress(range(1, given.seeds + 1), name, "run")
    table = pd.DataFrame({seed: minute(profile, name, seed) for seed in seeds}).T
    failed = (
        (table["confidence"] < 0.9)
        | (table["rarest class"] < 0.04)
        | (table["most frequent class"] > 0.25)
    )
    print(table.rename_axis("seed").round(3))
    print(f"{failed.sum()} of {len(table)} runs failed")


if __name__ == "__main__":
    main()
