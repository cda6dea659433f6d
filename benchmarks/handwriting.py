"""How much the drawn digits are like handwriting: `make bench-handwriting`.

A small convolutional net learns one set and is tested on the other. Needs MNIST.
"""

import keras
import numpy as np
from keras import layers

import gk

SEEDS = (0, 1, 2)


def train(data, seed):
    """Trains the same small net on a set; returns it."""
    keras.utils.set_random_seed(seed)
    network = keras.Sequential([keras.Input((28, 28, 1))])
    for filters in (16, 32, 64):
        network.add(layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu"))
    network.add(layers.Flatten())
    network.add(layers.Dropout(0.4))
    network.add(layers.Dense(10))
    # Three passes over the 60,000 of MNIST and eight over the 12,000 drawn digits.
    epochs = 3 if len(data.x_train) > 20_000 else 8
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(2e-3), loss)
    for _ in gk.progress(range(epochs), f"{data.name}, seed {seed}", unit="epoch"):
        network.fit(data.x_train, data.y_train, batch_size=128, verbose=0)
    return network


def accuracy(network, data):
    logits = network.predict(data.x_test, batch_size=500, verbose=0)
    return np.mean(logits.argmax(axis=1) == data.y_test)


def main():
    gk.setup("cpu")
    sets = {name: gk.datasets.load(name) for name in ("digits", "mnist")}
    for name, data in sets.items():
        networks = [train(data, seed) for seed in SEEDS]
        for other in sets.values():
            scores = [accuracy(network, other) for network in networks]
            listed = ", ".join(f"{100 * score:.1f}" for score in scores)
            print(f"trained on {name}, tested on {other.name}: {listed} %")


if __name__ == "__main__":
    main()
