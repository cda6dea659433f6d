"""How a notebook starts, and the bar that shows how far it is."""

import os

import keras
import numpy as np
import pytest
from processes import run

import gk
from gk import networks


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
    assert gpu.width > cpu.width
    assert gpu.num_train > cpu.num_train
    assert gpu.dataset == "mnist"


def test_operations_are_made_repeatable_where_that_is_asked_for():
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


@pytest.mark.parametrize("build", [networks.resnet, networks.inception, networks.judge])
@pytest.mark.parametrize("image_shape", [(28, 28, 1), (32, 32, 3)])
def test_classifiers_learn_and_every_weight_takes_part(build, image_shape):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    labels = np.arange(64) % 4
    images = rng.uniform(0, 0.5, (64, *image_shape)).astype("float32")
    images[np.arange(64), 7 * labels] += 0.5  # a bright row for each class
    model = build(image_shape, 4)
    before = [weight.numpy() for weight in model.trainable_weights]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-2), loss)
    history = model.fit(images, labels, epochs=25, batch_size=32, verbose=0).history["loss"]
    assert history[-1] < 0.3 * history[0]
    for old, new in zip(before, model.trainable_weights, strict=True):
        assert np.abs(old - new.numpy()).max() > 0, new.path


def test_residual_blocks_add_their_input():
    model = networks.resnet((28, 28, 1), 10)
    adds = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert len(adds) == 2
    for layer in adds:
        shortcut, learned = layer.input
        assert shortcut is not learned
    # The second block changes no shape, so what it adds to is its very input.
    first_output = next(layer.output for layer in model.layers[model.layers.index(adds[0]) + 1 :])
    assert any(tensor is first_output for tensor in adds[1].input)


def test_gradients_of_a_resnet_keep_to_their_memory():
    # A damaged heap ends the process, so it is another one that tries all sizes of a batch.
    script = """
import tensorflow as tf
from gk import networks

network = networks.resnet((28, 28, 1), num_classes=1, width=8)

@tf.function(reduce_retracing=True)
def gradients(images):
    logits = network(images, training=True)
    return tf.gradients(logits, [images, *(weight.value for weight in network.trainable_weights)])

for size in 3 * [*range(1, 33)]:
    gradients(tf.random.normal((size, 28, 28, 1)))
"""
    done = run(script, MALLOC_CHECK_="3", TF_CPP_MIN_LOG_LEVEL="3")
    assert done.returncode == 0, done.stderr


def test_inception_modules_look_through_three_windows_and_a_pool():
    model = networks.inception((28, 28, 1), 10, width=8)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Concatenate):
            assert [tensor.shape[-1] for tensor in layer.input] == [8, 8, 8, 8]
    windows = {
        layer.kernel_size for layer in model.layers if isinstance(layer, keras.layers.Conv2D)
    }
    assert windows == {(1, 1), (3, 3), (5, 5)}


def test_threads_are_as_many_as_the_cores_that_a_process_may_use():
    script = "import os; os.sched_setaffinity(0, {0}); import gk; gk.setup('cpu')"
    if hasattr(os, "sched_setaffinity"):
        assert "CPU, 1 thread ·" in run(script).stdout
