"""Generative Keras: the models, data sets and measures that the course's notebooks share."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from gk.memory import keep_freed_memory
from gk.quiet import quiet_start

keep_freed_memory()  # first, as it counts for what is asked for from then on

with quiet_start():
    import keras
    import pooch  # noqa: F401  imported here to hold back what they say at the start
    import tensorflow  # noqa: F401

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        "gk needs Keras's TensorFlow backend. Received: KERAS_BACKEND="
        f"{keras.backend.backend()!r}. Set the environment variable KERAS_BACKEND to "
        "'tensorflow', or leave it unset, and start Python again."
    )

from gk import (
    callbacks,
    datasets,
    drawing,
    figures,
    judges,
    losses,
    metrics,
    networks,
    pretrained,
    ratings,
    ring,
)
from gk.autoencoder import Autoencoder
from gk.claims import claim
from gk.dcgan import DCGAN
from gk.mixture import GenerativeClassifier
from gk.runtime import PROFILES, progress, setup
from gk.sliders import explore
from gk.vae import VAE

__version__ = "0.1.0"

__all__ = [
    "DCGAN",
    "PROFILES",
    "VAE",
    "Autoencoder",
    "GenerativeClassifier",
    "callbacks",
    "claim",
    "datasets",
    "drawing",
    "explore",
    "figures",
    "judges",
    "losses",
    "metrics",
    "networks",
    "pretrained",
    "progress",
    "ratings",
    "ring",
    "setup",
]
