"""What is held back at the start comes out when the start fails."""

from pathlib import Path

from processes import run

import gk


def test_what_fails_at_the_start_is_not_hushed_up():
    done = run("import gk; gk.VAE", KERAS_BACKEND="nothing")
    assert done.returncode != 0
    assert "nothing" in done.stderr


def test_any_part_of_the_package_can_be_imported_first():
    """Takes long, as TensorFlow starts anew in each process."""
    folder = Path(gk.__file__).parent
    paths = [path.relative_to(folder.parent) for path in folder.rglob("*.py")]
    names = {".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths}
    assert "gk.networks.common" in names
    # In one process what is ours is forgotten after each; TensorFlow stays.
    program = (
        "import importlib, sys\n"
        f"for name in {sorted(names)}:\n"
        "    importlib.import_module(name)\n"
        "    for known in [known for known in sys.modules if known.split('.')[0] == 'gk']:\n"
        "        del sys.modules[known]\n"
    )
    programs = [program, "import gk.losses", "from gk import networks", "import gk; gk.base"]
    for program in programs:
        done = run(program)
        assert done.returncode == 0, done.stderr
