"""Keeps TensorFlow's start-up chatter out of notebooks."""

import contextlib
import os
import sys
import tempfile
import warnings


@contextlib.contextmanager
def quiet_start():
    """Holds back warnings and what native code writes to standard error, except on failure.

    TensorFlow logs which processor features it was built for before its own log level is
    in force, so that no setting of TensorFlow silences these lines.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except BaseException:
            held_back.seek(0)
            os.write(saved, held_back.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def start_tensorflow():
    """Imports TensorFlow and Keras without their chatter, and checks that they work together."""
    with quiet_start():
        import keras
        import tensorflow  # noqa: F401
    if keras.backend.backend() != "tensorflow":
        raise ImportError(
            "gk needs Keras's TensorFlow backend. Received: KERAS_BACKEND="
            f"{keras.backend.backend()!r}. Set the environment variable KERAS_BACKEND to "
            "'tensorflow', or leave it unset, and start Python again."
        )
