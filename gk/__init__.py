"""Generative Keras: the models, data sets and measures that the course's notebooks share.

What is asked for is imported when it is asked for, so that `import gk.drawing` needs no
TensorFlow. Once Keras is there it knows the models, so that it can load them from files.
"""

import importlib
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from gk.memory import keep_freed_memory
from gk.quiet import AtImport

keep_freed_memory()  # first, as it counts for what is asked for from then on

__version__ = "0.1.0"

# Where each name of the package lives.
_HOMES = {
    "DCGAN": "dcgan",
    "PROFILES": "runtime",
    "VAE": "vae",
    "Autoencoder": "autoencoder",
    "Claims": "claims",
    "GenerativeClassifier": "mixture",
    "claim": "claims",
    "explore": "sliders",
    "progress": "runtime",
    "setup": "runtime",
}
_MODULES = (
    "base",
    "callbacks",
    "contract",
    "datasets",
    "diagrams",
    "drawing",
    "features",
    "figures",
    "folders",
    "judges",
    "losses",
    "metrics",
    "networks",
    "pixels",
    "pretrained",
    "ratings",
    "report",
    "ring",
    "style",
)
__all__ = sorted([*_HOMES, *_MODULES])


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module 'gk' has no attribute {name!r}")
    if name in _MODULES:
        return importlib.import_module(f"gk.{name}")
    value = getattr(importlib.import_module(f"gk.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])


class _Later:
    """Stands in for a model in Keras's register until a file asks for it."""

    def __init__(self, name):
        self.name = name

    def from_config(self, config):
        return __getattr__(self.name).from_config(config)


def _register_models():
    """Lets Keras know the models by name; each is imported when a file asks for it."""
    known = sys.modules["keras"].saving.get_custom_objects()
    for name in ("Autoencoder", "DCGAN", "VAE"):
        known.setdefault(f"gk>{name}", _Later(name))


if "keras" in sys.modules:
    _register_models()
else:
    sys.meta_path.insert(0, AtImport("keras", _register_models))
if "tensorflow" not in sys.modules:
    sys.meta_path.insert(0, AtImport("tensorflow", lambda: None))
