"""How far features that need no labels agree with the judge's, over ten models of digits.

Each model draws 5,000 digits; the Fréchet distance to the test images is taken in the features
of the judge, and in those that networks learn from the training images alone. What matters is
whether both put the models into one order. Then 5,000 real digits are spoilt in known ways, and
the distance over that of the same digits left whole says how clearly each kind of features
notices.
"""

import argparse

import gk  # before TensorFlow, which it keeps quiet

# isort: split
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from scipy.stats import kendalltau, pearsonr, spearmanr
from sklearn.decomposition import PCA

NUM_IMAGES = 5000
DCGAN_EPOCHS = {"DCGAN, 60 steps": 1, "DCGAN, 180 steps": 2, "DCGAN, 420 steps": 4}


def dcgans(images):
    """Yields digits of one game at several of its moments, by name."""
    model = gk.DCGAN(images.shape[1:], latent_dim=32)
    model.compile()
    taken = 0
    for name in DCGAN_EPOCHS:
        epochs = DCGAN_EPOCHS[name]
        model.fit(images[: 60 * 64], batch_size=64, epochs=epochs, verbose=0)
        taken += epochs
        yield name, model.generate(NUM_IMAGES, seed=0)
    yield "DCGAN, shipped", gk.pretrained.load("digits").generate(NUM_IMAGES, seed=0)


def autoencoders(images):
    for latent_dim, kl_weight in ((2, 1.0), (8, 1.0), (32, 1.0), (8, 8.0)):
        model = gk.VAE(images.shape[1:], latent_dim, kl_weight=kl_weight)
        model.compile()
        model.fit(images, batch_size=128, epochs=4, verbose=0)
        yield f"VAE, {latent_dim} numbers, c = {kl_weight:g}", model.generate(NUM_IMAGES, seed=0)


def classical(data):
    flat = data.x_train.reshape(len(data.x_train), -1)
    shape = data.x_train.shape[1:]
    rng = np.random.default_rng(0)
    pca = PCA(32, random_state=0).fit(flat)
    codes = rng.normal(size=(NUM_IMAGES, 32)) * np.sqrt(pca.explained_variance_)
    drawn = pca.inverse_transform(codes).reshape(-1, *shape)
    yield "one Gaussian in 32 components", np.clip(drawn, 0, 1).astype("float32")
    model = gk.GenerativeClassifier(num_components=8, num_dimensions=40).fit(flat, data.y_train)
    drawn = [model.sample(NUM_IMAGES // 10, label=label, seed=label) for label in range(10)]
    drawn = np.concatenate(drawn).reshape(-1, *shape)
    yield "mixtures of Gaussians", np.clip(drawn, 0, 1).astype("float32")


def spoilt(data):
    """Returns real digits with a planted fault, by what it is; the first are left whole."""
    rng = np.random.default_rng(0)
    images, labels = data.x_train[:NUM_IMAGES], data.y_train[:NUM_IMAGES]
    flat = data.x_train.reshape(len(data.x_train), -1)
    pca = PCA(64, random_state=0).fit(flat)
    codes = rng.normal(size=(NUM_IMAGES, 64)) * np.sqrt(pca.explained_variance_)
    drawn = pca.inverse_transform(codes).reshape(images.shape).clip(0, 1).astype("float32")
    others = images[rng.permutation(NUM_IMAGES)]
    ones = np.resize(images[labels == 1], (NUM_IMAGES // 2, *images.shape[1:]))
    noise = rng.normal(0, 0.1, images.shape)
    return {
        "whole": images,
        "one Gaussian in 64 components": drawn,
        "upper and lower halves of different digits": np.concatenate(
            [images[:, :14], others[:, 14:]], axis=1
        ),
        "no sevens": images[labels != 7],
        "every second one a 1": np.concatenate([images[: NUM_IMAGES // 2], ones]),
        "blurred, 3 × 3": tf.nn.avg_pool2d(images, 3, 1, "SAME").numpy(),
        "noise of 0.1": np.clip(images + noise, 0, 1).astype("float32"),
        "moved by a pixel": np.roll(images, 1, axis=2),
        "mirrored": images[:, :, ::-1],
        "two digits faded into each other": (images + others) / 2,
    }


def turned(data, seed):
    """Returns features of a network that tells how images were turned."""
    network = gk.features.learn(data.x_train, seed)
    return gk.judges.Judge(network, range(4), exclusive=True)


def untrained(data, seed):
    """Returns features of a network that has learned nothing, the least that is to be beaten."""
    keras.utils.set_random_seed(seed)
    network = gk.networks.judge(data.x_train.shape[1:], 4)
    return gk.judges.Judge(network, range(4), exclusive=True)


class Components(gk.features.Features):
    """The first 64 principal components of the pixels."""

    def __init__(self, data, seed):
        self.pca = PCA(64, random_state=seed).fit(data.x_train.reshape(len(data.x_train), -1))

    def features(self, images):
        return self.pca.transform(images.reshape(len(images), -1))


def another_judge(data, seed):
    """Returns a judge that was trained anew: how far one judge agrees with another."""
    return gk.judges.Judge(gk.judges.train(data, seed=seed + 1), range(10), exclusive=True)


KINDS = {
    "another judge": another_judge,
    "turned images": turned,
    "untrained network": untrained,
    "principal components": Components,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="how many networks of each kind")
    given = parser.parse_args()
    gk.setup("cpu", seed=0)
    data = gk.datasets.load("digits")
    made = dict([*dcgans(data.x_train), *autoencoders(data.x_train), *classical(data)])
    faults = spoilt(data)

    def distances(kind, sets):
        real = kind.features(data.x_test)
        return np.array(
            [gk.metrics.frechet_distance(real, kind.features(part)) for part in sets.values()]
        )

    judge = gk.judges.load("digits")
    by_judge = distances(judge, made)
    columns, agreement = {"the judge": by_judge}, {}
    noticed = {"the judge": distances(judge, faults)}
    for name, kind in KINDS.items():
        for seed in gk.progress(range(given.seeds), name, "network"):
            features = kind(data, seed)
            found = distances(features, made)
            columns.setdefault(name, found)
            noticed[f"{name}, {seed}"] = distances(features, faults)
            agreement[name, seed] = {
                "Spearman's rho": spearmanr(by_judge, found)[0],
                "Kendall's tau": kendalltau(by_judge, found)[0],
                "correlation of logarithms": pearsonr(np.log(by_judge), np.log(found))[0],
            }
    print(pd.DataFrame(columns, index=made).to_string(float_format="%.3g"))
    print(pd.DataFrame(agreement).T.round(3).to_string())
    over_whole = {name: values / values[0] for name, values in noticed.items()}
    print(pd.DataFrame(over_whole, index=faults).to_string(float_format="%.3g"))


if __name__ == "__main__":
    main()
