"""How good the default DCGAN gets at 28, 32 and 64 pixels a side, after as many steps.

The digits have 28 pixels, the faces that ship 32, and those at 64 are the same faces drawn
larger. The judge of faces has learned them at 32 pixels and sees the larger ones reduced to
that, so that both rows of faces can be compared.
"""

import argparse
import time

import gk  # before TensorFlow, which it keeps quiet

# isort: split
import numpy as np
import pandas as pd
from PIL import Image

from gk.drawing import draw_face

ROWS = {"digits, 28": ("digits", 28), "faces, 32": ("faces", 32), "faces, 64": ("faces", 64)}


def faces_at(side, data):
    """Returns the training faces drawn with another side, float32 `(n, side, side, 3)`."""
    rows = data.attributes_train.to_dict("records")
    drawn = [
        draw_face(**{**row, "identity": int(row["identity"])}, side=side)
        for row in gk.progress(rows, f"drawing at {side} pixels", "face")
    ]
    return np.stack(drawn).astype("float32") / 255


def reduced(images, side):
    """Returns images with fewer pixels, each the mean of those that it covers."""
    n, height, width, channels = images.shape
    by, across = height // side, width // side
    return images.reshape(n, side, by, side, across, channels).mean(axis=(2, 4))


def train(name, side, steps, options):
    data = gk.datasets.load(name)
    images = data.x_train if data.x_train.shape[1] == side else faces_at(side, data)
    model = gk.DCGAN(images.shape[1:], latent_dim=32, **options)
    model.compile()
    started = time.perf_counter()
    shown = gk.callbacks.Progress(f"{name}, {side}")
    epochs = round(steps * 64 / len(images))
    model.fit(images, batch_size=64, epochs=epochs, verbose=0, callbacks=[shown])
    took = time.perf_counter() - started
    model.calibrate()
    made = model.generate(5000, seed=0)
    seen = reduced(made, data.x_train.shape[1])
    row = gk.report.quality(seen, data, gk.judges.load(name))
    return made, row | {"R1": model.r1_penalty, "minutes": took / 60}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--r1-penalty", type=float, help="in place of the default by side")
    parser.add_argument("--pictures", help="folder for 64 pictures of each")
    given = parser.parse_args()
    gk.setup("cpu", seed=0)
    options = {} if given.r1_penalty is None else {"r1_penalty": given.r1_penalty}
    table = {}
    for row in given.rows:
        made, table[row] = train(*ROWS[row], given.steps, options)
        if given.pictures:
            grid = made[:64].reshape(8, 8, *made.shape[1:]).transpose(0, 2, 1, 3, 4)
            height, width = made.shape[1:3]
            sheet = gk.figures.to_picture(grid.reshape(8 * height, 8 * width, -1))
            sheet.resize((sheet.width * 2, sheet.height * 2), Image.Resampling.NEAREST).save(
                f"{given.pictures}/{row.replace(', ', '-')}.png"
            )
    columns = ["Fréchet distance", "ratio", "precision", "recall", "copies", "R1", "minutes"]
    print(pd.DataFrame(table).T[columns].round(3).to_string())


if __name__ == "__main__":
    main()
