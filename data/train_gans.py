"""Trains the DCGANs that ship: `python data/train_gans.py`, or with the names of some.

The drawn sets are small, and a discriminator learns 12,000 images by heart. So theirs are
trained on 60,000 pictures, drawn by the same script: those that ship, and the ones that would
come next. A run that was stopped goes on from `build/weights`.
"""

import argparse

import draw
import numpy as np
from tqdm import tqdm

from gk import callbacks, datasets, judges, pretrained, report

NUM_IMAGES = 60_000


def training_images(name):
    """Returns the training images of a set, and for a drawn one further ones up to 60,000."""
    images = datasets.load(name).x_train
    if name not in draw.SIZES:
        return images
    rest = tqdm(range(len(images), NUM_IMAGES), desc=f"more {name}")
    more = np.stack([draw.draw_one(name, "train", index)[0] for index in rest])
    more = more.reshape(-1, *images.shape[1:]).astype("float32") / 255
    return np.concatenate([images, more])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=pretrained.NAMES, help="default: all that ship")
    for name in parser.parse_args().names:
        path = datasets.package_data_folder() / "weights" / f"{name}.npz"
        resume = callbacks.Resume(f"build/weights/{name}")
        images = training_images(name)
        model = pretrained.train(images, callbacks=[resume], verbose=2)
        pretrained.save(model, path)
        data, judge = datasets.load(name), judges.load(name)
        scores = report.quality(pretrained.load(name), data, judge, train_images=images)
        listed = ", ".join(f"{what} {value:.3g}" for what, value in scores.items())
        print(f"{path.name}  {path.stat().st_size / 1e3:.0f} kB  {listed}")


if __name__ == "__main__":
    main()
