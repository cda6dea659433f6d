"""How good the models get at leisure: `make bench-quality`, under an hour on two cores.

Needs MNIST (`GK_DATA_DIR`). Runs resume where they were stopped, from `build/quality`.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import gk
from gk import pretrained, report

SHAPE = (28, 28, 1)
FOLDER = Path("build/quality")


def binarised(images, seed):
    """Draws each pixel anew in each epoch, with the probability that its grey gives."""
    dataset = tf.data.Dataset.from_tensor_slices(images)
    dataset = dataset.shuffle(len(images), seed=seed).batch(100, drop_remainder=True)
    noise = tf.data.Dataset.random(seed=seed).batch(2)
    return (
        tf.data.Dataset.zip(dataset, noise)
        .map(lambda x, pair: tf.cast(tf.random.stateless_uniform(tf.shape(x), pair) < x, x.dtype))
        .prefetch(2)
    )


def quality_of_vae(data, epochs):
    encoder, decoder = gk.networks.dense_pair(
        SHAPE, 50, hidden=(200, 200), activation="tanh", variational=True, seed=0
    )
    model = gk.VAE(SHAPE, 50, encoder=encoder, decoder=decoder)
    steps = epochs * (len(data.x_train) // 100)
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, steps, alpha=0.01)
    model.compile(keras.optimizers.Adam(schedule))
    rng = np.random.default_rng(0)
    order = rng.permutation(len(data.x_test))[:1000]
    test = (rng.uniform(size=(1000, *SHAPE)) < data.x_test[order]).astype("float32")
    callbacks = [gk.callbacks.Resume(FOLDER / f"vae-{epochs}")]
    history = model.fit(
        binarised(data.x_train, seed=0), epochs=epochs, verbose=2, callbacks=callbacks
    ).history
    print(f"VAE after {epochs} epochs: training loss {history['loss'][-1]:.2f} nats")
    values = -model.log_likelihood(test, num_samples=5000, seed=0)
    error = values.std() / np.sqrt(len(values))
    print(f"5,000 importance samples, 1,000 test images: {values.mean():.2f} ± {error:.2f} nats")


def quality_of_dcgan(data, steps):
    judge = gk.judges.load(data.name)

    class Progress(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            distance = report.quality(self.model, data, judge)["Fréchet distance"]
            print(f"epoch {epoch + 1}: Fréchet distance {distance:.2f}", flush=True)

    callbacks = [gk.callbacks.Resume(FOLDER / f"dcgan-{steps}"), Progress()]
    model = pretrained.train(data.x_train, steps, callbacks)
    print(f"DCGAN after {steps} steps:")
    for what, value in report.quality(model, data, judge).items():
        print(f"  {what}: {value:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vae-epochs", type=int, default=200)
    parser.add_argument("--dcgan-steps", type=int, default=pretrained.STEPS)
    given = parser.parse_args()
    gk.setup("cpu", seed=0)
    data = gk.datasets.load("mnist")
    quality_of_dcgan(data, given.dcgan_steps)
    quality_of_vae(data, given.vae_epochs)


if __name__ == "__main__":
    main()
