"""pyproject.toml, constraints.txt and environment.yml describe one environment."""

import re
from pathlib import Path

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


def test_bounds_let_colab_s_versions_pass():
    bounds = {requirement.name: requirement.specifier for requirement in REQUIREMENTS}
    assert bounds["tensorflow"].contains("2.18.0")
    assert bounds["keras"].contains("3.8.0")


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
