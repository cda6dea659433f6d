"""Kills training runs at random moments and compares what they end with: `make bench-kills`.

For each model, one run is left alone. Others with the same command are killed with SIGKILL
at a random moment of their training, every fourth in the middle of writing a checkpoint, and
started again. Weights, optimizer states and logs must come out with the same bits.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

KINDS = ("autoencoder", "vae", "dcgan")
EPOCHS = 6


def train(kind, folder):
    """Trains a model with shuffling, noise and dropout, and writes all that it ends with."""
    import keras

    import gk
    from gk.states import values_of

    gk.setup("cpu", seed=1, deterministic=True)
    shape, filters = (28, 28, 1), 8
    if kind == "dcgan":
        discriminator = gk.networks.dcgan_discriminator(shape, filters, dropout=0.3)
        model = gk.DCGAN(shape, 16, discriminator=discriminator, filters=filters)
    else:
        num_outputs = 8 if kind == "vae" else 4
        encoder = gk.networks.convolutional_encoder(shape, num_outputs, filters)
        encoder = keras.Sequential([encoder.input, keras.layers.Dropout(0.2), encoder])
        model = {"vae": gk.VAE, "autoencoder": gk.Autoencoder}[kind](
            shape, 4, encoder=encoder, filters=filters
        )
    model.compile()
    images = gk.datasets.load("digits").x_train[:1024]
    print("training", flush=True)
    history = model.fit(
        images,
        batch_size=64,
        epochs=EPOCHS,
        verbose=0,
        callbacks=[gk.callbacks.Resume(folder / "checkpoints")],
    )
    values = values_of(model)
    values += [np.array(values) for _, values in sorted(history.history.items())]
    np.savez(folder / "end.npz", *values)


def start(kind, folder):
    """Starts a run and returns its process as soon as training begins."""
    command = [sys.executable, __file__, "--train", kind, "--folder", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.strip() == "training":
            return process
    raise RuntimeError(f"The run ended before training, with exit code {process.wait()}")


def kill(kind, folder, moment, while_saving):
    """Runs until a moment, in seconds of training, then kills; returns where it was hit.

    With `while_saving` it waits for the next half-written checkpoint after that moment.
    """
    process = start(kind, folder)
    began = time.monotonic()
    checkpoints = folder / "checkpoints"
    while process.poll() is None:
        if time.monotonic() - began >= moment and (
            not while_saving or any(checkpoints.glob("unfinished*.npz"))
        ):
            process.kill()
            break
        time.sleep(0.0005)
    process.wait()
    saved = len(list(checkpoints.glob("epoch-*.json")))
    half = any(checkpoints.glob("unfinished*"))
    return process.returncode, saved, half


def same(first, second):
    with np.load(first / "end.npz") as one, np.load(second / "end.npz") as other:
        return one.files == other.files and all(
            one[name].tobytes() == other[name].tobytes() for name in one.files
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="for each model")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--train", choices=KINDS, help="one run; used by this script itself")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.train:
        train(given.train, given.folder)
        return 0
    rng = np.random.default_rng(given.seed)
    identical = 0
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as top:
            whole = Path(top) / "whole"
            whole.mkdir()
            process = start(kind, whole)
            began = time.monotonic()
            process.wait()
            duration = time.monotonic() - began
            done = 0
            while done < given.kills:
                folder = Path(tempfile.mkdtemp(dir=top))
                while_saving = done % 4 == 3
                moment = rng.uniform(0, duration * (0.6 if while_saving else 1))
                code, saved, half = kill(kind, folder, moment, while_saving)
                if code == 0:
                    # It was faster than the run that was timed; this was no kill.
                    duration *= 0.9
                    continue
                start(kind, folder).wait()
                agrees = same(whole, folder)
                done, identical = done + 1, identical + agrees
                print(
                    f"{kind} {done}/{given.kills}: killed after {moment:.1f} s with {saved} "
                    f"checkpoints{', one half-written' if half else ''}: "
                    f"{'identical' if agrees else 'DIFFERENT'}",
                    flush=True,
                )
    expected = given.kills * len(KINDS)
    print(f"{identical} of {expected} runs end with the same bits as the run left alone")
    return 0 if identical == expected else 1


if __name__ == "__main__":
    sys.exit(main())
