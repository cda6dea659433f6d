"""Continuity and completeness over seeds: `make bench-two-words`, twenty minutes.

Trains plain and variational autoencoders as notebook 05 does, several seeds on each data set
(two of which need MNIST and Fashion-MNIST), and measures both words. Writes
`data/two_words.csv`, beside which notebook 05 shows what it trains itself; a run that was
stopped goes on.
"""

import argparse
from pathlib import Path

import keras
from sklearn.mixture import GaussianMixture
from table import Table

import gk
from gk import metrics, networks

TABLE = gk.datasets.package_data_folder() / "two_words.csv"
COLUMNS = ("data", "seed", "model", "what", "continuity", "precision", "recall")
MODELS = {"plain": gk.Autoencoder, "VAE": gk.VAE}


def train(cls, latent_dim, width, epochs, images, profile, seed):
    """As in notebook 05."""
    sizes, is_plain = (width * profile.filters, width * profile.filters // 2), cls is gk.Autoencoder
    pair = networks.dense_pair(
        images.shape[1:], latent_dim, sizes, variational=not is_plain, seed=seed
    )
    options = {"encoder": pair[0], "decoder": pair[1], "likelihood": "bernoulli"}
    model = cls(images.shape[1:], latent_dim, seed=seed, **options)
    steps = epochs * -(-len(images) // 128)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)))
    model.fit(images, batch_size=128, epochs=epochs, verbose=0)
    return model


def measure(name, data, judge, profile, seed):
    """Yields rows of what is measured, continuity, precision and recall."""
    images, x_test = data.x_train[: profile.num_train], data.x_test[:2000]
    given = (images, profile, seed)
    flat = train(MODELS[name], 2, 8, 5, *given)
    model = train(MODELS[name], 16, 16, 10, *given)
    for what, net in (("map", flat), ("sixteen", model)):
        yield what, metrics.continuity(net, x_test, judge.features, seed=seed).value, None, None
    real, codes = judge.features(x_test[len(x_test) // 2 :]), model.encode(images)
    ways = ("prior", "box", "gaussian") if name == "plain" else ("prior",)
    places = {way: metrics.draw_points(codes, way, 1000, seed) for way in ways}
    if name == "plain":
        mixture = GaussianMixture(10, reg_covar=1e-3, random_state=seed)
        places["mixture"] = mixture.fit(codes[:5000].astype(float)).sample(1000)[0]
    for place, points in places.items():
        made = judge.features(model.decode(points))
        yield place, None, *metrics.precision_recall(real, made)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", default="digits,mnist,fashion_mnist")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=TABLE)
    given = parser.parse_args()
    profile, table = gk.setup("cpu", seed=0), Table(given.output, COLUMNS, num_keys=3)
    seeds = range(1, given.seeds + 1)
    runs = [
        (dataset, seed, name)
        for dataset in given.datasets.split(",")
        for seed in seeds
        for name in MODELS
    ]
    for dataset, seed, name in gk.progress(table.left(runs), "two words", "run"):
        data, judge = gk.datasets.load(dataset), gk.judges.load(dataset)
        rows = [
            [what, *("" if number is None else f"{number:.4g}" for number in numbers)]
            for what, *numbers in measure(name, data, judge, profile, seed)
        ]
        table.add((dataset, seed, name), rows)
        keras.backend.clear_session()


if __name__ == "__main__":
    main()
