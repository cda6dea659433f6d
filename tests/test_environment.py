"""The files that describe the environment agree, with each other and with what is imported."""

import ast
import functools
import importlib.metadata
import re
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8")
EXTRAS = PROJECT["optional-dependencies"]
RIVALS = EXTRAS.pop("bench")  # not pinned: only a race needs them, and they are large
REQUIREMENTS = [Requirement(text) for text in sum(EXTRAS.values(), PROJECT["dependencies"])]
PLATFORMS = [
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
]


def pins(python, platform):
    """Returns the pinned version of each package on a Python and a platform."""
    here = {"python_version": python, "python_full_version": f"{python}.9", **platform}
    here |= {"os_name": "posix", "implementation_name": "cpython"}
    here |= {"platform_python_implementation": "CPython"}
    pinned = {}
    for line in CONSTRAINTS.splitlines():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(here):
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", line
            pinned[canonicalize_name(requirement.name)] = specifier.version
    return pinned


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform["sys_platform"])
@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_every_requirement_is_pinned_within_its_bounds(python, platform):
    pinned = pins(python, platform)
    here = {"python_version": python}
    for requirement in REQUIREMENTS:
        if requirement.marker is not None and not requirement.marker.evaluate(here):
            continue
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} is pinned to {version}"


@pytest.mark.parametrize("path", sorted((ROOT / "constraints").glob("colab-*.txt")))
def test_bounds_let_colab_s_versions_pass(path):
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    pinned = dict(line.split("==") for line in lines)
    for requirement in map(Requirement, PROJECT["dependencies"]):
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement}, Colab has {version}"


def test_rivals_are_only_in_an_extra_of_their_own():
    names = {Requirement(text).name for text in RIVALS}
    assert names == {"jax", "optax", "torch"}
    assert names.isdisjoint(requirement.name for requirement in REQUIREMENTS)
    assert names.isdisjoint(Requirement(line).name for line in CONSTRAINTS.splitlines())


def test_constraints_hold_no_address():
    assert not re.search(r"https?:|--|@", CONSTRAINTS)


def test_conda_installs_the_same_thing_as_make():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    conda, (pip,) = environment["dependencies"][:-1], environment["dependencies"][-1].values()
    assert f"python{PROJECT['requires-python']}" in conda
    setup = (ROOT / "tools" / "setup_venv.sh").read_text(encoding="utf-8")
    for option in pip:
        assert option.replace(".[", "'.[").replace("]", "]'") in " ".join(setup.split())
    extras = re.search(r"\[(.+)\]", pip[1]).group(1).split(",")
    assert set(extras) == set(EXTRAS)


# The extras of which code may import, besides the dependencies of gk. What a notebook imports
# must come with gk: in Colab there is nothing else to bring it.
MAY_IMPORT = {
    "gk/**/*.py": [],
    "notebooks/*.ipynb": [],
    "data/*.py": [],
    "benchmarks/*.py": ["course", "bench"],
    "tools/*.py": ["course", "test", "student"],
    "tests/*.py": ["course", "test", "student"],
    "conftest.py": ["course", "test"],
}


@functools.cache
def modules(name):
    """Returns the names of the modules that an installed distribution holds."""
    try:
        files = importlib.metadata.files(name)
    except importlib.metadata.PackageNotFoundError:  # a marker or an extra left it out
        return {name.replace("-", "_")}
    return {file.parts[0].split(".")[0] for file in files if file.suffix in (".py", ".so")}


def imported(source):
    """Returns the top-level modules that Python code imports."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.split(".")[0])
    return names


def undeclared(source, extras):
    """Returns what code imports that is neither Python's, nor ours, nor declared."""
    known_extras = {**EXTRAS, "bench": RIVALS}
    declared = sum((known_extras[extra] for extra in extras), PROJECT["dependencies"])
    known = set().union(*(modules(Requirement(text).name) for text in declared))
    scripts = ("*.py", "data/*.py", "benchmarks/*.py", "tools/*.py", "tests/*.py")
    ours = {path.stem for files in scripts for path in ROOT.glob(files)}
    python_s = sys.stdlib_module_names | {"tomllib"}  # that one since 3.11
    return imported(source) - known - ours - {"gk"} - python_s


@pytest.mark.parametrize("files", MAY_IMPORT)
def test_all_that_is_imported_is_declared(files):
    paths = list(ROOT.glob(files))
    assert paths
    for path in paths:
        source = path.read_text("utf-8")
        if path.suffix == ".ipynb":
            cells = nbformat.reads(source, as_version=4).cells
            source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        assert not undeclared(source, MAY_IMPORT[files]), path


@pytest.mark.parametrize(
    "line",
    ["import certifi", "from urllib3.util import Retry", "import not_there", "import nbformat.v4"],
)
def test_an_import_that_only_happens_to_work_is_noticed(line):
    inside = (
        f"import numpy as np\nfrom PIL import Image\nfrom gk import base\n\ndef f():\n    {line}"
    )
    (name,) = undeclared(inside, [])
    assert line.split()[1].startswith(name)
