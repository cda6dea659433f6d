"""Keeps TensorFlow's start-up chatter out of notebooks."""

import contextlib
import importlib.abc
import importlib.util
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


class AtImport(importlib.abc.MetaPathFinder):
    """Watches for the first import of a module: keeps it quiet, and calls a function after it.

    Args:
        name: of the module.
        then: function without arguments.
    """

    def __init__(self, name, then):
        self.name, self.then = name, then

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        # Whoever only asks whether it is there does not import it: the watch goes on.
        others = [finder for finder in sys.meta_path if not hasattr(finder, "then")]
        found = (finder.find_spec(name, path, target) for finder in others)
        spec = next(filter(None, found), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _Watched(spec.loader, self)
        return spec


class _Watched(importlib.abc.Loader):
    def __init__(self, loader, watch):
        self.loader, self.watch = loader, watch

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        with contextlib.suppress(ValueError):  # another thread was here
            sys.meta_path.remove(self.watch)
        module.__spec__.loader = module.__loader__ = self.loader
        with quiet_start():
            self.loader.exec_module(module)
        self.watch.then()
