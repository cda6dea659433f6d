"""The page *Train on your own images* on three folders: what a learner gets to see.

Drawn faces; the photographs and the hundred real faces that scikit-image ships, as two classes;
2,000 digits as files, by class. Prints the report and the table of each, and keeps the pages.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import gk  # before TensorFlow, which it keeps quiet

# isort: split
import nbformat
import numpy as np
import skimage

ROOT = Path(__file__).resolve().parent.parent
PAGE = "train_on_your_own_images"


def write(images, labels, folder):
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = folder / label
        place.mkdir(parents=True, exist_ok=True)
        gk.figures.to_picture(image).save(place / f"{number:04d}.png")


def drawn(folder):
    write(gk.datasets.load("faces").x_train[:200], [""] * 200, folder)


def real(folder):
    faces = skimage.data.lfw_subset()[:100, ..., np.newaxis]
    write(faces, ["faces"] * len(faces), folder)
    (folder / "photographs").mkdir()
    shipped = Path(skimage.data.__file__).parent
    for path in sorted(shipped.iterdir()):
        if path.suffix in (".png", ".jpg", ".gif", ".tif"):
            (folder / "photographs" / path.name).write_bytes(path.read_bytes())


def digits(folder):
    data = gk.datasets.load("digits")
    write(data.x_train[:2000], [str(label) for label in data.y_train[:2000]], folder)


FOLDERS = {"drawn faces": drawn, "scikit-image": real, "digits": digits}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "own-images")
    given = parser.parse_args()
    for name, make in FOLDERS.items():
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / name
            folder.mkdir()
            make(folder)
            print(f"\n{name}\n{gk.datasets.from_folder(folder, (32, 32, 3), cache=False).report}")
            output = given.output / name
            command = [sys.executable, ROOT / "tools" / "course.py", "run", "--dataset", folder]
            command += ["--notebooks", PAGE, "--output", output]
            subprocess.run(command, check=True)
        cells = nbformat.read(output / f"{PAGE}.ipynb", as_version=4).cells
        for cell in cells:
            for shown in cell.get("outputs", []):
                text = shown.get("data", {}).get("text/plain", "")
                if "a memory" in text:
                    print(text)
    print(f"\nPages and figures: {given.output}")


if __name__ == "__main__":
    main()
