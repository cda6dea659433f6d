# @title Install gk where it is missing
import importlib.metadata
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ADDRESS = ""


def installed_versions():
    """Returns what is installed as lines of a constraints file: `name==version`."""
    found = {}
    for one in importlib.metadata.distributions():
        try:
            name, version = canonicalize_name(one.metadata["Name"]), Version(one.version)
        except (AttributeError, InvalidVersion, TypeError):  # pip would refuse the whole list
            continue
        # Of a package that is there twice, the first is the one that is imported.
        found.setdefault(name, f"{name}=={version}")
    return sorted(found.values())


def install(address):
    """Installs gk and what it lacks; all that is installed keeps its version."""
    print("Installing gk, which takes a minute.")
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("\n".join(installed_versions()), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "--constraint", str(constraints)]
        pip.append(f"generative-keras @ {address}")
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"Expected to install gk from {address} and to leave each installed package as it "
            f"is. Received from pip:\n{done.stdout}{done.stderr}\n"
            "If a package here is too old for gk, take a newer runtime (in Colab: Runtime, Change "
            "runtime type, the latest version), or upgrade it yourself, restart and run again."
        )
    importlib.invalidate_caches()


if importlib.util.find_spec("gk") is None:
    install(ADDRESS)
