"""Plants bugs one by one and reports which ones the tests catch: `make mutants`.

Each bug goes into a copy of the project. The tests that should notice run first; if they
pass, all tests run, and a bug that survives these too makes the command fail.
"""

import argparse
import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK_01 = "notebooks/01_discriminative_and_generative_models.ipynb"


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A bug: in `path`, `old` becomes `new`; `tests` are the ones that should notice."""

    what: str
    path: str
    old: str
    new: str
    tests: str


MUTANTS = [
    Mutant(
        "images are not scaled to [0, 1]",
        "gk/datasets.py",
        "astype(np.float32) / np.float32(255)",
        "astype(np.float32)",
        "tests/test_datasets.py",
    ),
    Mutant(
        "an altered embedded file is taken",
        "gk/datasets.py",
        "if content_sha256(arrays) != ",
        "if False and content_sha256(arrays) != ",
        "tests/test_datasets.py",
    ),
    Mutant(
        "an altered real file is taken",
        "gk/downloads.py",
        'if digest != _hash_by_key(name, "idx_sha256")[key]:',
        "if False:",
        "tests/test_datasets.py",
    ),
    Mutant(
        "files may be unpickled",
        "gk/downloads.py",
        "allow_pickle=False",
        "allow_pickle=True",
        "tests/test_datasets.py",
    ),
    Mutant(
        "Fashion-MNIST falls back to MNIST's files",
        "gk/downloads.py",
        'folders = [folder / name, folder] if name == "mnist" else [folder / name]',
        "folders = [folder / name, folder]",
        "tests/test_datasets.py",
    ),
    Mutant(
        "a damaged file is deleted",
        "gk/downloads.py",
        "    content = path.read_bytes()",
        "    content = path.read_bytes()\n    path.unlink()",
        "tests/test_datasets.py",
    ),
    Mutant(
        "the coat tells a cat from a dog",
        "gk/drawing/pets.py",
        "float(rng.uniform())], strict",
        'float(rng.uniform()) * (class_name == "dog")], strict',
        "tests/test_datasets.py",
    ),
    Mutant(
        "attributes of faces depend on each other",
        "gk/drawing/faces.py",
        "        attributes[name] = float(attributes[name] < 0.3)",
        '        attributes[name] = float(attributes["smile"] < -0.4)',
        "tests/test_datasets.py",
    ),
    Mutant(
        "calibration error without absolute values",
        "gk/metrics.py",
        "np.abs(gaps).sum()",
        "gaps.sum()",
        "tests/test_metrics.py",
    ),
    Mutant(
        "Bayes's rule without the prior",
        "gk/mixture.py",
        "joint = self.class_log_densities(X) + self.class_log_prior_",
        "joint = self.class_log_densities(X)",
        "tests/test_mixture.py",
    ),
    Mutant(
        "density ignores what lies outside of the subspace",
        "gk/mixture.py",
        "return inside + np.reshape(log_outside, (-1, 1))",
        "return inside",
        "tests/test_mixture.py",
    ),
    Mutant(
        "samples without noise",
        "gk/mixture.py",
        'codes = mixture.means_[chosen] + np.einsum("nij,nj->ni", roots[chosen], noise)',
        "codes = mixture.means_[chosen] + 0 * noise",
        "tests/test_mixture.py",
    ),
    Mutant(
        "samples of another class",
        "gk/mixture.py",
        "mixture = self.mixtures_[list(self.classes_).index(label)]",
        "mixture = self.mixtures_[0]",
        "tests/test_mixture.py",
    ),
    Mutant(
        "the least probable class is predicted",
        "gk/mixture.py",
        "self.predict_proba(X).argmax(axis=1)",
        "self.predict_proba(X).argmin(axis=1)",
        "tests/test_mixture.py",
    ),
    Mutant(
        "a lower bound is never checked",
        "gk/claims.py",
        "measured < at_least",
        "False",
        "tests/test_runtime.py",
    ),
    Mutant(
        "an upper bound is checked the wrong way round",
        "gk/claims.py",
        "measured > at_most",
        "measured < at_most",
        "tests/test_runtime.py",
    ),
    Mutant(
        "not-a-number passes as a result",
        "gk/claims.py",
        "math.isnan(measured) or ",
        "",
        "tests/test_runtime.py",
    ),
    Mutant(
        "the seed is ignored",
        "gk/runtime.py",
        "keras.utils.set_random_seed(seed)",
        "keras.utils.set_random_seed(0)",
        "tests/test_runtime.py",
    ),
    Mutant(
        "residual blocks forget their input",
        "gk/networks.py",
        "layers.Add()([shortcut, x])",
        "layers.Add()([x, x])",
        "tests/test_runtime.py",
    ),
    Mutant(
        "an Inception module loses its wide window",
        "gk/networks.py",
        "filters, kernel_size=5)",
        "filters, kernel_size=3)",
        "tests/test_runtime.py",
    ),
    Mutant(
        "judges return logits",
        "gk/judges.py",
        "activation(logits)",
        "logits",
        "tests/test_judges.py",
    ),
    Mutant(
        "targets of faces are not scaled",
        "gk/judges.py",
        "(attributes[name] - low) / (high - low)",
        "attributes[name]",
        "tests/test_judges.py",
    ),
    Mutant(
        "notebook 01, D1 and D3: the twin prefers the farther mean",
        NOTEBOOK_01,
        "distances.argmin(axis=1)",
        "distances.argmax(axis=1)",
        NOTEBOOK_01,
    ),
    Mutant(
        "notebook 01, D1: more examples are not used",
        NOTEBOOK_01,
        "size // 2, replace=False",
        "3, replace=False",
        NOTEBOOK_01,
    ),
    Mutant(
        "notebook 01, D2: the coat is changed instead of the muzzle",
        NOTEBOOK_01,
        "changed[:, column] = np.quantile(x_train[:, column], quantile)",
        "changed[:, 4] = np.quantile(x_train[:, column], quantile)",
        NOTEBOOK_01,
    ),
    Mutant(
        "notebook 01, D3: low and high density are mixed up",
        NOTEBOOK_01,
        "np.concatenate([density_of_real, density_of_faces])",
        "-np.concatenate([density_of_real, density_of_faces])",
        NOTEBOOK_01,
    ),
    Mutant(
        "notebook 01, D4: cats are imagined where dogs were asked for",
        NOTEBOOK_01,
        "imagination.sample(3 * n + 10, label, seed=SEED + label)",
        "imagination.sample(3 * n + 10, 0, seed=SEED + label)",
        NOTEBOOK_01,
    ),
    Mutant(
        "notebook 01, D4: the drawings are training images",
        NOTEBOOK_01,
        "drawings[:, :20]",
        "np.stack([x_images[y_images == label][:20] for label in labels])",
        NOTEBOOK_01,
    ),
    Mutant(
        "notebook 01, D4: the pixels go down the gradient of the wrong sign",
        NOTEBOOK_01,
        "tape.gradient(value, pixels)",
        "-tape.gradient(value, pixels)",
        NOTEBOOK_01,
    ),
]


def plant(mutant, folder):
    """Writes the bug into a copy of the project; it must fit in exactly one place."""
    path = folder / mutant.path
    if path.suffix == ".ipynb":
        notebook = nbformat.read(path, as_version=4)
        cells = [cell for cell in notebook.cells if mutant.old in cell.source]
        places = sum(cell.source.count(mutant.old) for cell in cells)
        for cell in cells:
            cell.source = cell.source.replace(mutant.old, mutant.new)
        nbformat.write(notebook, path)
    else:
        text = path.read_text(encoding="utf-8")
        places = text.count(mutant.old)
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    if places != 1:
        raise ValueError(
            f"{mutant.what}: expected {mutant.old!r} once in {mutant.path}. "
            f"Received: {places} times. Mend the list of mutants."
        )


def is_caught(mutant):
    """Returns whether the tests fail with the bug in place; `None` is no bug at all."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "project"
        ignored = shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache")
        shutil.copytree(ROOT, folder, ignore=ignored)
        if mutant is not None:
            plant(mutant, folder)
        environment = {**os.environ, "PYTHONPATH": str(folder), "GK_PROFILE": "cpu"}
        pytest = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        for tests in ([mutant.tests], []) if mutant else ([],):
            done = subprocess.run(
                [*pytest, *tests], cwd=folder, env=environment, capture_output=True, check=False
            )
            # 1 is pytest's word for failed tests; anything else but 0 is no verdict.
            if done.returncode not in (0, 1):
                raise RuntimeError(done.stdout.decode() + done.stderr.decode())
            if done.returncode == 1:
                return True
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="those with this word in their description")
    chosen = [mutant for mutant in MUTANTS if parser.parse_args().only in mutant.what]
    if is_caught(None):
        print("The tests fail without any bug planted; mend that first.")
        return 1
    caught = 0
    for mutant in tqdm(chosen, desc="mutants", unit="mutant"):
        verdict = is_caught(mutant)
        caught += verdict
        tqdm.write(f"{'caught  ' if verdict else 'SURVIVED'}  {mutant.what} ({mutant.path})")
    print(f"{caught} of {len(chosen)} caught")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
