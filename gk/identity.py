"""What tells one run from another: the settings of a model, and its data."""

import hashlib
import json

import keras
import numpy as np
import tensorflow as tf

from gk.files import content_sha256

# What `fit` adds to the settings of a model.
OF_A_RUN = ("x", "y", "sample_weight", "validation", "batch_size", "shuffle", "steps")
OF_A_RUN += ("initial_epoch", "callbacks", "model")


def settings_of(model):
    """Returns what a run with this model depends on, a dict of plain values."""
    settings = {"model": type(model).__name__}
    for name, value in model.get_config().items():
        if isinstance(value, dict) and "class_name" in value:
            settings[name] = _layers_of(getattr(model, name))
        elif name != "name":
            settings[f"setting {name}" if name in OF_A_RUN else name] = value
    settings["variables that learn"] = len(model.trainable_variables)
    for number, optimizer in enumerate(model.optimizers):
        settings[f"optimizer {number}"] = type(optimizer).__name__
        for name, value in _config_of(optimizer).items():
            settings[f"optimizer {number}, {name}"] = value
    return settings


def identity_of(data):
    """Returns what tells these `gk.pipeline.Data` from others, a dict of lines.

    Arrays are known by their content, streams by their form.
    """
    stream = data.stream
    if isinstance(stream, tf.data.Dataset):
        return {"x": f"dataset of {int(stream.cardinality())} batches of {stream.element_spec}"}
    if stream is not None:
        number = getattr(stream, "num_batches", None)
        return {"x": f"{type(stream).__name__} of {number} batches"}
    first, *others = data.sets
    parts = {"x": first, **{f"x[{number}]": part for number, part in enumerate(others, 1)}}
    parts |= {"y": data.targets, "sample_weight": data.weights}
    return {name: None if part is None else line_of(part) for name, part in parts.items()}


def line_of(array):
    """Returns a line that tells this array, or these `gk.pixels.Pixels`, from others."""
    if array.dtype == object:  # texts, whose bytes would be addresses
        array = np.array(array.tolist())
    return f"array {array.shape}, SHA-256 {content_sha256({'': array})[:12]}"


def _layers_of(network):
    """Returns a line that tells networks of other layers or other settings apart."""
    layers = [
        [type(layer).__name__, _config_of(layer)]
        for layer in network._flatten_layers()
        if not isinstance(layer, keras.Model)
    ]
    text = json.dumps(layers, sort_keys=True, default=str)
    number = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{len(layers)} layers, {network.count_params()} weights, number {number}"


def _config_of(thing):
    """Returns what a layer or an optimizer was made with, as far as it tells."""
    try:
        return _without_names(thing.get_config())
    except Exception:  # of somebody else's class
        return {}


def _without_names(config):
    """Leaves out what differs between processes: names, addresses, the file of a function."""
    if isinstance(config, dict):
        left_out = ("name", "shared_object_id", "code")
        return {key: _without_names(item) for key, item in config.items() if key not in left_out}
    if isinstance(config, (list, tuple)):
        return [_without_names(item) for item in config]
    return config
