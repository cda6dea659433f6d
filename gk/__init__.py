"""Generative Keras: the models, data sets and measures that the course's notebooks share.

What is asked for is imported when it is asked for, so that `import gk.drawing` needs no
TensorFlow.
"""

import importlib
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from gk.memory import keep_freed_memory
from gk.quiet import start_tensorflow

keep_freed_memory()  # first, as it counts for what is asked for from then on

__version__ = "0.1.0"

# Where each name of the package lives.
_HOMES = {
    "DCGAN": "dcgan",
    "PROFILES": "runtime",
    "VAE": "vae",
    "Autoencoder": "autoencoder",
    "GenerativeClassifier": "mixture",
    "claim": "claims",
    "explore": "sliders",
    "progress": "runtime",
    "setup": "runtime",
}
_MODULES = (
    "callbacks",
    "datasets",
    "drawing",
    "figures",
    "judges",
    "losses",
    "metrics",
    "networks",
    "pretrained",
    "ratings",
    "report",
    "ring",
)
_WITHOUT_TENSORFLOW = ("datasets", "drawing", "figures", "ratings", "claim", "GenerativeClassifier")

__all__ = sorted([*_HOMES, *_MODULES])


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module 'gk' has no attribute {name!r}")
    if name not in _WITHOUT_TENSORFLOW:
        start_tensorflow()
    if name in _MODULES:
        return importlib.import_module(f"gk.{name}")
    value = getattr(importlib.import_module(f"gk.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
