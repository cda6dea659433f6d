"""The same models in `gk`, PyTorch and JAX, in turns in one run: the second half of `make bench`.

All start from the same weights, take batches of the same size from the same images, and draw
their own noise; a first check has them compute the same losses from the same noise. Each side
is a process of its own that waits while another takes its turn. `gk` trains by `fit`, the
others by a loop over steps. Every side gets the same number of cores.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import gk  # before TensorFlow, which it keeps quiet

# isort: split
import keras
import numpy as np
import pandas as pd
from in_gk import build, weights_of
from tqdm import tqdm

KINDS = {
    "dense": "dense VAE, 512-256-16, batch 128",
    "convolutional": "convolutional VAE, 32 filters, 16 latents, batch 128",
    "dcgan": "DCGAN, 32 filters, 64 latents, R1, averaged weights, batch 64",
}
SIDES = {
    "gk": ["gk"],
    "gk, jit_compile": ["gk", "--compiled"],
    "PyTorch": ["torch"],
    "PyTorch, compiled": ["torch", "--compiled"],
    "JAX": ["jax"],
}
# Has glibc keep freed memory, in all sides' processes; `gk` tells it by itself.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str((1 << 31) - 1),
    "MALLOC_TOP_PAD_": str(64 << 20),
}
NUM_CHECKED = 2  # the second loss depends on the gradients of the first step


def write_start(kind, num_steps, path):
    """Writes what all sides start from: weights, images, and the noise of the first steps."""
    keras.utils.set_random_seed(0)
    model, parts = build(kind)
    rng = np.random.default_rng(0)
    batch_size = 64 if kind == "dcgan" else 128
    images = gk.datasets.load("digits").x_train
    if len(images) < num_steps * batch_size:
        raise ValueError(
            f"Expected images for {num_steps} steps of {batch_size}. Received: {len(images)}. "
            "Name fewer --steps."
        )
    images = images[: num_steps * batch_size]
    noise = rng.standard_normal((NUM_CHECKED, batch_size, model.latent_dim), dtype="float32")
    weights = {name: weight.numpy() for name, weight in weights_of(parts).items()}
    np.savez(path, images=images, noise=noise, **weights)


class Side:
    """A process that trains when it is asked to."""

    def __init__(self, name, python, kind, start, threads):
        self.name, self.costs = name, []
        script = Path(__file__).with_name("taking_turns.py")
        command = [python, script, *SIDES[name], kind, start, "--threads", threads]
        # TensorFlow's and XLA's logs would run through the display.
        self.said = start.with_name(f"{name}.log")
        with open(self.said, "wb") as said:
            self.process = subprocess.Popen(
                list(map(str, command)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                env={**os.environ, **KEEP_MEMORY},
            )
        self.hello = self._answer()

    def ask(self, request):
        print(request, file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            said = self.said.read_text(errors="replace")
            raise RuntimeError(f"Expected an answer of {self.name}. It ended with:\n{said}")
        return json.loads(line)

    def close(self):
        self.process.communicate()


def check(sides):
    """Raises RuntimeError unless all sides compute the same losses from the same noise."""
    losses = {side.name: np.array(side.ask("check")) for side in sides}
    name, expected = next(iter(losses.items()))
    for other, received in losses.items():
        if not np.allclose(received, expected, rtol=1e-4, atol=0):
            raise RuntimeError(
                f"Expected of all sides the same losses in the first steps, as {name} has them: "
                f"{expected}. Received of {other}: {received}. They do not compute the same."
            )
    print(f"First losses of all sides: {', '.join(f'{loss:.2f}' for loss in expected)}")


def race(kind, names, python, threads, repetitions, num_steps):
    """Lets the sides train in turns; prints what a step of each costs."""
    print(f"\n{KINDS[kind]}", flush=True)
    sides = []
    with tempfile.TemporaryDirectory() as folder:
        start = Path(folder) / "start.npz"
        write_start(kind, num_steps, start)
        for name in tqdm(names, desc="getting ready", leave=False):
            interpreter = sys.executable if SIDES[name][0] == "gk" else python
            side = Side(name, interpreter, kind, start, threads)
            if missing := side.hello.get("missing"):
                tqdm.write(f"{name} is left out: no {missing}. pip install '.[bench]' brings it.")
                side.close()
            else:
                sides.append(side)
        print(", ".join(dict.fromkeys(side.hello["version"] for side in sides)))
        check(sides)
        for repetition in tqdm(range(repetitions + 1), desc=kind, leave=False):
            # In other neighbourhoods each time; the first turn, which traces, does not count.
            for side in np.roll(np.array(sides, dtype=object), repetition):
                cost = side.ask(num_steps)
                if repetition:
                    side.costs.append(cost)
        for side in sides:
            side.close()
    costs = {side.name: pd.DataFrame(side.costs) for side in sides}
    table = pd.DataFrame(
        {
            "ms, minimum": {name: cost["ms"].min() for name, cost in costs.items()},
            "lower quartile": {name: cost["ms"].quantile(0.25) for name, cost in costs.items()},
        }
    )
    table["to the best"] = table["ms, minimum"] / table["ms, minimum"].min()
    table["quartiles"] = table["lower quartile"] / table["lower quartile"].min()
    for column in ("CPU ms", "system ms", "page faults"):
        table[column] = {name: cost[column].median() for name, cost in costs.items()}
    print(table.round(2).to_string(), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--python", default=sys.executable, help="that has PyTorch and JAX")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--steps", type=int, default=90, help="in each repetition")
    given = parser.parse_args()
    num_cores = gk.runtime.available_cores()
    if num_cores < given.threads:
        parser.error(f"Expected at least {given.threads} cores. Received: {num_cores}")
    print(f"{given.threads} threads for each, {given.repetitions} turns of {given.steps} steps")
    for kind in given.kinds:
        race(kind, given.sides, given.python, given.threads, given.repetitions, given.steps)


if __name__ == "__main__":
    main()
