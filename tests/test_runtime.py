"""How a notebook starts, and the bar that shows how far it is."""

import os

import keras
import matplotlib.pyplot as plt
import pytest
import tensorflow as tf
from processes import run
from threadpoolctl import threadpool_limits

import gk


@pytest.fixture(autouse=True)
def left_as_it_was():
    """What `gk.setup` sets counts for the whole process, in which other tests run, too."""
    level = tf.get_logger().level
    with threadpool_limits(), plt.rc_context():  # both put back what was before
        yield
    tf.get_logger().setLevel(level)


def test_set_up_prints_one_line_and_nothing_else():
    done = run("import gk; gk.setup(seed=1)", GK_PROFILE="")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    for word in ("gk ", "Keras ", "TensorFlow ", "Python ", "profile "):
        assert word in line


def test_profile_comes_from_the_environment_and_unknown_ones_list_the_known(monkeypatch, capsys):
    monkeypatch.setenv("GK_PROFILE", "gpu")
    gk.setup()
    assert "profile gpu" in capsys.readouterr().out
    monkeypatch.setenv("GK_PROFILE", "tpu")
    with pytest.raises(ValueError, match=r"Expected 'cpu' or 'gpu'\. Received: 'tpu'"):
        gk.setup()


def test_figures_get_the_look_of_the_course():
    plt.style.use("dark_background")
    gk.setup("cpu")
    for part in ("figure", "axes", "savefig"):
        assert plt.rcParams[f"{part}.facecolor"] == "white"
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    assert tuple(colours) == gk.figures.COLOURS


def test_another_seed_can_be_named_from_outside(monkeypatch):
    seen = []
    for seed in ("", "1", "7"):
        monkeypatch.setenv("GK_SEED", seed)
        seen.append((gk.setup(seed=1).seed, float(keras.random.uniform(()))))
    assert seen[0] == seen[1] != seen[2]
    assert seen[2][0] == 7
    monkeypatch.setenv("GK_SEED", "seven")
    with pytest.raises(ValueError, match="Received: 'seven'"):
        gk.setup(seed=1)


def test_linear_algebra_gets_one_thread():
    counts = "{library['num_threads'] for library in threadpool_info()}"
    script = f"import gk\nfrom threadpoolctl import threadpool_info\ngk.setup()\nprint({counts})"
    done = run(script, OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2")
    assert done.stdout.splitlines()[-1] == "{1}", done.stderr


def test_seeds_repeat_and_differ():
    draws = []
    for seed in (1, 1, 2):
        gk.setup("cpu", seed=seed)
        draws.append(float(keras.random.uniform(())))
    assert draws[0] == draws[1] != draws[2]


def test_the_gpu_profile_is_the_larger_one():
    cpu, gpu = gk.PROFILES["cpu"], gk.PROFILES["gpu"]
    assert gpu.filters > cpu.filters
    assert gpu.num_train > cpu.num_train
    assert gpu.dataset == "mnist"


def test_operations_are_made_repeatable_where_that_is_asked_for():
    """Takes some ten seconds: two processes start TensorFlow."""
    script = (
        "import gk; gk.setup(deterministic={}); "
        "from tensorflow.python.framework import config; print(config.is_op_determinism_enabled())"
    )
    for choice in ("True", "False"):
        assert run(script.format(choice)).stdout.splitlines()[-1] == choice


def test_progress_goes_through_all_and_leaves_one_line(capsys):
    assert list(gk.progress(range(3), "counting", unit="sheep")) == [0, 1, 2]
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "counting: 100%" in out


def test_threads_are_as_many_as_the_cores_that_a_process_may_use():
    script = "import os; os.sched_setaffinity(0, {0}); import gk; gk.setup('cpu')"
    if hasattr(os, "sched_setaffinity"):
        assert "CPU, 1 thread ·" in run(script).stdout
