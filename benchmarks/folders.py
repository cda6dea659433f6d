"""What a folder of very many small files costs: read first, read again, and learned from.

Draws the files into a temporary folder (a million take a quarter of an hour and 4 GB), and
takes each measurement in a process of its own: seconds, and the most memory it held.
"""

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import gk  # before TensorFlow, which it keeps quiet

# isort: split
import numpy as np
import pandas as pd
from PIL import Image

FILES_IN_A_FOLDER = 10_000
SHAPE = (28, 28, 1)
STEPS = 300


def draw(folder, number):
    """Writes digits with noise, each another one, in folders of ten thousand."""
    images = (255 * gk.datasets.load("digits").x_train[..., 0]).astype(np.uint8)
    rng = np.random.default_rng(0)
    for index in gk.progress(range(number), "drawing", "file"):
        place = folder / f"{index // FILES_IN_A_FOLDER:04d}"
        if index % FILES_IN_A_FOLDER == 0:
            place.mkdir(parents=True)
        pixels = images[index % len(images)].copy()
        pixels[rng.integers(28, size=6), rng.integers(28, size=6)] = rng.integers(1, 256, 6)
        content = io.BytesIO()
        Image.fromarray(pixels).save(content, "png", compress_level=1)
        (place / f"{index:07d}.png").write_bytes(content.getvalue())


def read(folder, cache):
    gk.datasets.from_folder(folder, SHAPE, cache=cache, in_memory=False)


def learn(folder, cache, share=None):
    """Returns milliseconds of a step of a VAE, the lower quartile of ten runs of steps."""
    images = gk.datasets.from_folder(folder, SHAPE, cache=cache, in_memory=False).x_train
    images = images if share is None else images[: int(share * len(images))]
    model = gk.VAE(SHAPE, latent_dim=8)
    model.compile()
    times = []
    for _ in range(10):
        started = time.perf_counter()
        model.fit(images, batch_size=128, steps_per_epoch=STEPS // 10, verbose=0)
        times.append((time.perf_counter() - started) / (STEPS // 10))
    return 1e3 * float(np.quantile(times[1:], 0.25))


def learn_in_memory(folder, cache):
    return learn(folder, cache, share=0.1)


TASKS = {
    "read for the first time": read,
    "read again": read,
    "learned from, on disk": learn,
    "learned from, a tenth in memory": learn_in_memory,
}


def measured(task, folder, cache):
    """Runs a task in a process of its own; returns what it took."""
    command = [sys.executable, __file__, "--task", task, "--folder", folder, "--cache", cache]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--task", choices=TASKS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help="where the files lie, if they are drawn")
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        gk.setup("cpu")
        started = time.perf_counter()
        step = TASKS[given.task](given.folder, given.cache)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        took = time.perf_counter() - started
        print(json.dumps({"seconds": took, "peak memory in GiB": peak, "ms a step": step}))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary) / "files"
        if not given.folder:
            draw(folder, given.files)
        cache = Path(temporary) / "kept"
        for task in TASKS:
            row = pd.Series(measured(task, folder, cache), dtype=float)
            print(f"{task}: {', '.join(f'{value:.2f} {what}' for what, value in row.items())}")
        size = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file())
        print(f"kept on disk: {size / 2**30:.2f} GiB", flush=True)


if __name__ == "__main__":
    main()
