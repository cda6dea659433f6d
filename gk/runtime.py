"""How a notebook starts: seeds, threads, devices, and how much work it takes on."""

import dataclasses
import importlib.metadata
import os
import platform
import sys

import keras
import tensorflow as tf
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from gk import style
from gk.quiet import quiet_start


@dataclasses.dataclass(frozen=True)
class Profile:
    """How much work the course takes on.

    Attributes:
        name: `"cpu"` or `"gpu"`.
        dataset: name of the image set that the notebooks use unless told otherwise.
        num_train: largest number of training images.
        epochs: passes over the training images for a classifier.
        filters: number of filters in the first layer of a convolutional net.
        seed: from which a notebook derives what it draws by itself.
    """

    name: str
    dataset: str
    num_train: int
    epochs: int
    filters: int
    seed: int = 0


# "cpu" takes minutes on two cores; "gpu" is the full run, for Colab: as many passes, over all
# images of MNIST, with nets of twice the width.
PROFILES = {
    "cpu": Profile(name="cpu", dataset="digits", num_train=12_000, epochs=5, filters=16),
    "gpu": Profile(name="gpu", dataset="mnist", num_train=60_000, epochs=5, filters=32),
}

MAX_THREADS = 4


def available_cores():
    """Returns how many cores this process may use, which its starter can limit."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def setup(profile=None, seed=0, deterministic=False):
    """Prepares the process for a notebook and prints one line that says with what.

    Seeds Python, NumPy and TensorFlow, lets a GPU's memory grow with use, and gives
    TensorFlow few threads: the nets of this course are too small to feed many. NumPy, SciPy and
    scikit-learn get one: on shared cores, threads that wait for each other in a singular value
    decomposition of a small table take many times as long. Figures get the look of the course
    (`gk.style`).

    Args:
        profile: `"cpu"` or `"gpu"`. `None` takes the environment variable `GK_PROFILE`, or
            else `"gpu"` where TensorFlow sees one and `"cpu"` where it does not.
        seed: non-negative integer; the environment variable `GK_SEED` takes its place, to see
            what other seeds give.
        deterministic: whether each operation must give the same bits every time, which is
            slower (`tf.config.experimental.enable_op_determinism`).

    Returns:
        The `Profile`, with the seed.

    Raises:
        ValueError: if the profile is unknown, or the seed is not a number.

    Example:

    >>> profile = setup("cpu", seed=1)  # doctest: +SKIP
    gk 0.1.0 · Keras 3.15.1 · TensorFlow 2.21.0 · Python 3.11.7 · CPU, 2 threads · profile cpu
    """
    try:
        seed = int(os.environ.get("GK_SEED") or seed)
    except ValueError as error:
        raise ValueError(
            "Expected the environment variable GK_SEED as an integer. "
            f"Received: {os.environ['GK_SEED']!r}"
        ) from error
    with quiet_start():
        gpus = tf.config.list_physical_devices("GPU")
    if profile is None:
        profile = os.environ.get("GK_PROFILE") or ("gpu" if gpus else "cpu")
    if profile not in PROFILES:
        known = " or ".join(repr(known) for known in PROFILES)
        raise ValueError(f"Unknown profile. Expected {known}. Received: {profile!r}")

    threads = min(available_cores(), MAX_THREADS)
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(min(threads, 2))
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError:
        # TensorFlow has started already, as when a cell is run a second time.
        threads = tf.config.threading.get_intra_op_parallelism_threads() or available_cores()
    threadpool_limits(limits=1)
    tf.get_logger().setLevel("ERROR")
    style.use()
    keras.utils.set_random_seed(seed)
    # Keras before 3.13 goes on drawing from where the seed before has led.
    if tuple(map(int, keras.__version__.split(".")[:2])) < (3, 13):
        from keras.src.backend.common.global_state import set_global_attribute

        set_global_attribute("global_seed_generator", None)
    if deterministic:
        tf.config.experimental.enable_op_determinism()

    device = f"{len(gpus)} GPU" if gpus else f"CPU, {threads} thread{(threads > 1) * 's'}"
    if profile == "gpu" and not gpus:
        device += " (no GPU found: the gpu profile will take long)"
    print(
        f"gk {importlib.metadata.version('generative-keras')} · Keras {keras.__version__} · "
        f"TensorFlow {tf.__version__} · Python {platform.python_version()} · "
        f"{device} · profile {profile}"
    )
    return dataclasses.replace(PROFILES[profile], seed=seed)


def progress(iterable, description, unit="step"):
    """Goes through an iterable with a progress bar, which leaves one clean line behind.

    Args:
        iterable: what to go through; its length is needed for the estimate.
        description: what is going on.
        unit: what one item is.

    Returns:
        An iterator over the items.
    """
    return tqdm(iterable, desc=description, unit=unit, file=sys.stdout, ncols=88)
