"""The state of a run: the variables of a model, and what its callbacks know."""

import contextlib
import inspect

import numpy as np

from gk.files import content_sha256

_KINDS = {"list": list, "tuple": tuple, "set": set, "dict": dict}


def is_first_worker(model):
    """Whether this process is the one of several workers that writes files."""
    resolver = model.distribute_strategy.cluster_resolver
    return resolver is None or not resolver.task_id


def values_of(model):
    """Returns the values of all variables of a model and its optimizers, a list of arrays."""
    return [variable.numpy() for variable in _variables(model)]


def put_back(model, values):
    """Gives the variables the values that `values_of` returned."""
    for variable, value in zip(_variables(model), values, strict=True):
        variable.assign(value)


def _variables(model):
    states = [variable for optimizer in model.optimizers for variable in optimizer.variables]
    return [*model.variables, *states]


def state_of(callback, arrays):
    """Returns what a callback knows, in a form that JSON holds.

    Numbers and words that Keras's own callbacks are made with do not count: they change some
    of them at the beginning of a training, and would do so once more.

    Args:
        callback: a Keras callback.
        arrays: dict to which the arrays among it are added, by their hash.

    Returns:
        dict from the name of each attribute of plain data to its value.
    """
    settings = set().union(
        *(
            inspect.signature(cls.__init__).parameters
            for cls in type(callback).__mro__
            if cls.__module__.startswith("keras.")
        )
    )
    state = {}
    for name, value in vars(callback).items():
        scalar = isinstance(value, (bool, int, float, str, type(None)))
        if name in ("params", "_model") or (scalar and name in settings):
            continue
        with contextlib.suppress(TypeError, RecursionError):
            state[name] = _encoded(value, arrays)
    return state


def put_state(callback, state, arrays):
    """Gives a callback what `state_of` returned; lists and dicts stay the same objects."""
    for name, value in state.items():
        new, old = _decoded(value, arrays), getattr(callback, name, None)
        if isinstance(new, list) and isinstance(old, list):
            old[:] = new
        elif isinstance(new, dict) and isinstance(old, dict):
            old.clear()
            old.update(new)
        else:
            setattr(callback, name, new)


def _encoded(value, arrays):
    if isinstance(value, (bool, int, float, str, type(None))):
        return value
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype != object:
        name = content_sha256({"": value})
        arrays[name] = np.asarray(value)
        return {"array": name}
    for kind in (list, tuple, set):
        if isinstance(value, kind):
            return {kind.__name__: [_encoded(item, arrays) for item in value]}
    if isinstance(value, dict):
        return {"dict": [_encoded(item, arrays) for item in value.items()]}
    raise TypeError(f"Expected plain data. Received: {type(value).__name__}")


def _decoded(value, arrays):
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "array":
        return arrays[content][()]
    return _KINDS[kind](_decoded(item, arrays) for item in content)
