"""How the cost of a step grows, and memory while data stream from disk: `make bench-scale`."""

import math
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import psutil
import tensorflow as tf
from keras import layers
from PIL import Image

import gk

STREAMED_SIDE = 64


def multiply_adds(network):
    """Returns the multiply-adds of one image's way through a network."""
    total = 0
    for layer in network._flatten_layers(include_self=False):
        if isinstance(layer, layers.Conv2DTranspose):
            total += math.prod(layer.input.shape[1:3]) * math.prod(layer.kernel.shape)
        elif isinstance(layer, layers.Conv2D):
            total += math.prod(layer.output.shape[1:3]) * math.prod(layer.kernel.shape)
        elif isinstance(layer, layers.Dense):
            total += math.prod(layer.kernel.shape)
    return total


def cost_of_a_step(side, filters, batch_size, kind):
    shape = (side, side, 1)
    keras.utils.set_random_seed(0)
    if kind == "VAE":
        model = gk.VAE(shape, latent_dim=16, filters=filters)
        forward = multiply_adds(model.encoder) + multiply_adds(model.decoder)
    else:
        model = gk.DCGAN(shape, latent_dim=64, filters=filters)
        # The discriminator looks at real and at generated images.
        forward = multiply_adds(model.generator) + 2 * multiply_adds(model.discriminator)
    model.compile()
    step = tf.function(lambda images: model.train_step((images,)))
    images = tf.random.uniform((batch_size, *shape))
    times = []
    for _ in range(25):
        started = time.perf_counter()
        step(images)
        times.append(time.perf_counter() - started)
    quartile = float(np.quantile(times[3:], 0.25))
    # Backwards, each product is taken twice: for its input and for its weights.
    work = 3 * forward * batch_size
    return {
        "model": kind,
        "side": side,
        "filters": filters,
        "batch": batch_size,
        "ms per step, minimum": round(1e3 * min(times[3:]), 2),
        "lower quartile": round(1e3 * quartile, 2),
        "million multiply-adds": round(work / 1e6),
        "billion per second": round(work / quartile / 1e9, 1),
    }


def write_records(path, num_images):
    rng = np.random.default_rng(0)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for _ in range(num_images):
            pixels = rng.integers(0, 256, (STREAMED_SIDE, STREAMED_SIDE, 3), np.uint8)
            writer.write(pixels.tobytes())


def read_records(path):
    shape = (STREAMED_SIDE, STREAMED_SIDE, 3)
    return tf.data.TFRecordDataset(str(path)).map(
        lambda record: (
            tf.cast(tf.reshape(tf.io.decode_raw(record, tf.uint8), shape), tf.float32) / 255.0
        )
    )


def write_folder(folder, num_images):
    rng = np.random.default_rng(0)
    for number in range(num_images):
        pixels = rng.integers(0, 256, (STREAMED_SIDE, STREAMED_SIDE, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:06d}.png")


def read_folder(folder):
    return keras.utils.image_dataset_from_directory(
        folder,
        labels=None,
        image_size=(STREAMED_SIDE, STREAMED_SIDE),
        batch_size=None,
        shuffle=False,
        verbose=False,
    ).map(lambda image: image / 255.0)


class Memory(keras.callbacks.Callback):
    """Notes the memory of this process in MB, while it trains."""

    def __init__(self):
        super().__init__()
        self.megabytes = []

    def on_train_batch_end(self, batch, logs=None):
        self.megabytes.append(psutil.Process().memory_info().rss / 2**20)


def memory_while_streaming(what, dataset, num_images):
    keras.utils.set_random_seed(0)
    model = gk.Autoencoder((STREAMED_SIDE, STREAMED_SIDE, 3), latent_dim=16, filters=8)
    model.compile()
    memory = Memory()
    dataset = dataset.batch(64).prefetch(tf.data.AUTOTUNE)
    model.fit(dataset, verbose=0, callbacks=[memory])
    used = np.array(memory.megabytes)
    tenth = len(used) // 10
    size = num_images * STREAMED_SIDE**2 * 3 * 4 / 2**20
    print(
        f"{what}: {num_images:,} images, {size:,.0f} MB as an array. Memory of the process at "
        f"10 % of an epoch {used[tenth]:,.0f} MB, at 50 % {used[5 * tenth]:,.0f} MB, at the end "
        f"{used[-1]:,.0f} MB, largest {used.max():,.0f} MB"
    )


def main():
    gk.setup("cpu", seed=0)
    grid = [(28, 16, batch) for batch in (32, 64, 128, 256)]
    grid += [(side, 16, 32) for side in (64, 128)]
    grid += [(28, filters, 64) for filters in (8, 32, 64)]
    rows = [cost_of_a_step(*setting, kind) for kind in ("VAE", "DCGAN") for setting in grid]
    print(pd.DataFrame(rows).to_string(index=False))
    with tempfile.TemporaryDirectory() as parent:
        path = Path(parent) / "images.tfrecord"
        write_records(path, 40_000)
        memory_while_streaming("TFRecord", read_records(path), 40_000)
        folder = Path(parent) / "images"
        folder.mkdir()
        write_folder(folder, 8_000)
        memory_while_streaming("Folder of PNG files", read_folder(folder), 8_000)


if __name__ == "__main__":
    main()
