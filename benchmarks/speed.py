"""The models beside the usual ones, side by side in one run: `make bench`.

Time is steps times the lower quartile of the time per step, since shared machines stall; both
sides take their steps in turns. Real MNIST is used where `GK_DATA_DIR` has it, else the drawn
digits.
"""

import argparse
import os
import resource
import subprocess
import sys
import time

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from peers import UsualDCGAN, UsualVAE

import gk

SHAPE = (28, 28, 1)


def load():
    return gk.datasets.load("mnist" if os.environ.get("GK_DATA_DIR") else "digits")


def batches(images, batch_size, seed=0):
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(images))
        for start in range(0, len(images) - batch_size + 1, batch_size):
            yield tf.constant(images[order[start : start + batch_size]])


class Clock:
    """Times single steps of one side; the first ones, which trace, do not count."""

    def __init__(self, step, data):
        self.step, self.data, self.times = step, data, []

    def run(self):
        batch = next(self.data)
        started = time.perf_counter()
        self.step(batch)
        self.times.append(time.perf_counter() - started)

    @property
    def minimum(self):
        return min(self.times[3:])

    @property
    def lower_quartile(self):
        return float(np.quantile(self.times[3:], 0.25))


def report_race(what, goal, peer, ours, peer_steps, curve):
    """Prints who needed how long; `curve` lists (step, score) of ours, lower is better."""
    reached = next((step for step, score in curve if score <= goal), None)
    rows = [("usual", peer_steps, peer)] + [("gk", reached, ours)] * (reached is not None)
    table = pd.DataFrame(
        {
            "steps": [steps for _, steps, _ in rows],
            "ms per step, minimum": [1e3 * clock.minimum for _, _, clock in rows],
            "lower quartile": [1e3 * clock.lower_quartile for _, _, clock in rows],
            "seconds": [steps * clock.lower_quartile for _, steps, clock in rows],
        },
        index=[name for name, _, _ in rows],
    )
    print(f"\n{what}: {goal:.1f}\n{table.round(2)}")
    print("curve:", ", ".join(f"{step}: {score:.1f}" for step, score in curve))
    if reached is None:
        print("gk did not get there")
    else:
        print(f"gk takes 1/{table.seconds['usual'] / table.seconds['gk']:.1f} of the time")


def race_vae(data, epochs=3):
    test = tf.constant(data.x_test)
    keras.utils.set_random_seed(0)
    usual, ours = UsualVAE(), gk.VAE(SHAPE, latent_dim=2, filters=16)
    ours.compile(keras.optimizers.Adam(2e-3))
    loss_of_usual = tf.function(lambda: usual.loss_of(test))
    loss_of_ours = tf.function(
        lambda: tf.reduce_mean(ours.objective(test, test, step=0, salt=1, training=False)["loss"])
    )
    step = tf.function(lambda images: ours.train_step((images,)))
    clock = Clock(step, batches(data.x_train, 128))
    peer = Clock(usual.step, batches(data.x_train, UsualVAE.batch_size))
    peer_steps = epochs * (len(data.x_train) // UsualVAE.batch_size)
    curve = []
    for number in gk.progress(range(1, peer_steps + 1), "VAE"):
        peer.run()
        if number <= 600:
            clock.run()
            if number % 25 == 0:
                curve.append((number, float(loss_of_ours())))
    what = f"Held-out loss in nats of the usual VAE after {epochs} epochs of {data.name}"
    report_race(what, float(loss_of_usual()), peer, clock, peer_steps, curve)


def race_dcgan(data):
    judge = gk.judges.load(data.name)
    real = judge.features(data.x_test)

    def distance(images):
        return gk.metrics.frechet_distance(real, judge.features(images))

    keras.utils.set_random_seed(0)
    usual, ours = UsualDCGAN(), gk.DCGAN(SHAPE, latent_dim=64, filters=32)
    ours.compile()
    step = tf.function(lambda images: ours.train_step((images,)))
    clock = Clock(step, batches(data.x_train, 64))
    peer = Clock(usual.step, batches(data.x_train, UsualDCGAN.batch_size))
    peer_steps = len(data.x_train) // UsualDCGAN.batch_size
    curve = []
    for number in gk.progress(range(1, peer_steps + 1), "DCGAN"):
        peer.run()
        for ours_number in range(3 * number - 2, 3 * number + 1):
            clock.run()
            if ours_number % 25 == 0 and ours_number <= 600:
                curve.append((ours_number, distance(ours.generate(5000, seed=0))))
    print(f"Real training images: {distance(data.x_train[:5000]):.1f}")
    what = f"Fréchet distance of the usual DCGAN after 1 epoch of {data.name}"
    report_race(what, distance(usual.generate(5000)), peer, clock, peer_steps, curve)


def bare_step(model):
    """Returns a step of the same training on the same networks, as a loop by hand would have it."""
    if isinstance(model, gk.VAE):
        weights = model.trainable_variables

        def step(images):
            with tf.GradientTape() as tape:
                z_mean, z_log_var = tf.split(model.encoder(images, training=True), 2, axis=1)
                z = z_mean + tf.exp(0.5 * z_log_var) * tf.random.normal(tf.shape(z_mean))
                pixels = tf.nn.sigmoid_cross_entropy_with_logits(images, model.decoder(z))
                kl = 0.5 * tf.reduce_sum(tf.exp(z_log_var) + z_mean**2 - 1 - z_log_var, axis=1)
                loss = tf.reduce_mean(tf.reduce_sum(pixels, axis=(1, 2, 3)) + kl)
            model.optimizer.apply(tape.gradient(loss, weights), weights)

    else:
        g_weights = model.generator.trainable_variables
        d_weights = model.discriminator.trainable_variables
        averaged = [tf.Variable(weight) for weight in g_weights]

        def step(images):
            latents = tf.random.normal((tf.shape(images)[0], model.latent_dim))
            with tf.GradientTape(persistent=True) as tape:
                fakes = model.generator(latents, training=True)
                real_images = 2 * images - 1
                with tf.GradientTape() as at_real:
                    at_real.watch(real_images)
                    real = model.discriminator(real_images, training=True)
                fake = model.discriminator(fakes, training=True)
                slopes = at_real.gradient(real, real_images)
                penalty = 0.5 * tf.reduce_sum(tf.square(slopes), axis=(1, 2, 3))
                d_loss = tf.reduce_mean(tf.nn.softplus(-real) + tf.nn.softplus(fake))
                d_loss += model.r1_penalty * tf.reduce_mean(penalty)
                g_loss = tf.reduce_mean(tf.nn.softplus(-fake))
            model.d_optimizer.apply(tape.gradient(d_loss, d_weights), d_weights)
            model.g_optimizer.apply(tape.gradient(g_loss, g_weights), g_weights)
            for average, weight in zip(averaged, g_weights, strict=True):
                average.assign(model.ema_decay * average + (1 - model.ema_decay) * weight)

    return tf.function(step)


def build(kind):
    keras.utils.set_random_seed(0)
    if kind == "VAE":
        model, batch_size = gk.VAE(SHAPE, latent_dim=2, filters=16), 128
    else:
        model, batch_size = gk.DCGAN(SHAPE, latent_dim=64, filters=32), 64
    model.compile()
    return model, batch_size


def train_bare(step, images, batch_size):
    dataset = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images))
    for batch in dataset.batch(batch_size).prefetch(tf.data.AUTOTUNE):
        step(batch)


def cost_of_fit(data, repetitions=10):
    """Prints the time per step of `fit` over that of the bare loop, epoch by epoch in turns."""
    images = data.x_train[:12_800]
    for kind in ("VAE", "DCGAN"):
        model, batch_size = build(kind)
        bare, _ = build(kind)
        step = bare_step(bare)
        num_steps = len(images) // batch_size
        times = {"fit": [], "bare loop": []}
        for _ in range(repetitions):
            clock = EpochClock()
            model.fit(images, batch_size=batch_size, verbose=0, callbacks=[clock])
            times["fit"].append(1e3 * clock.seconds / num_steps)
            started = time.perf_counter()
            train_bare(step, images, batch_size)
            times["bare loop"].append(1e3 * (time.perf_counter() - started) / num_steps)
        rows = {
            name: {"minimum": min(values[1:]), "lower quartile": np.quantile(values[1:], 0.25)}
            for name, values in times.items()
        }
        table = pd.DataFrame(rows).T
        table.loc["ratio"] = table.loc["fit"] / table.loc["bare loop"]
        print(f"\n{kind}, ms per step\n{table.round(3)}")
        peaks = {name: _peak_in_a_process(kind, name) for name in ("fit", "bare")}
        print(
            f"peak memory: fit {peaks['fit']:.0f} MB, bare loop {peaks['bare']:.0f} MB, "
            f"ratio {peaks['fit'] / peaks['bare']:.3f}"
        )


class EpochClock(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds = time.perf_counter() - self.started


def _peak_in_a_process(kind, way):
    command = [sys.executable, __file__, "--memory", kind, way]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def peak_memory(kind, way):
    """Trains two epochs in one of the two ways; prints the largest memory so far in MB."""
    images = gk.datasets.load("digits").x_train
    model, batch_size = build(kind)
    if way == "fit":
        model.fit(images, batch_size=batch_size, epochs=2, verbose=0)
    else:
        step = bare_step(model)
        for _ in range(2):
            train_bare(step, images, batch_size)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--memory", nargs=2, help="used by this script itself")
    given = parser.parse_args()
    gk.setup("cpu", seed=0)
    if given.memory:
        peak_memory(*given.memory)
        return
    data = load()
    cost_of_fit(data)
    race_vae(data)
    race_dcgan(data)


if __name__ == "__main__":
    main()
