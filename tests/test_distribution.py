"""Training on several replicas and machines gives what training on one gives.

TensorFlow's devices are fixed when it starts, so the runs live in processes of their own:
this file is also the program that they run.
"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

SHAPE = (8, 8, 1)
KINDS = ("autoencoder", "vae", "dcgan")
EPOCHS = 10


# The program that the processes run


def build(kind, strategy, seed=0, noise=False):
    import keras
    import tensorflow as tf

    import gk

    cls = {"autoencoder": gk.Autoencoder, "vae": gk.VAE, "dcgan": gk.DCGAN}[kind]
    if not noise:
        cls = type(cls.__name__, (cls,), {"_noise": lambda self, shape, *_: tf.zeros(shape)})
    keras.utils.set_random_seed(seed)
    with strategy.scope():
        model = cls(SHAPE, 3, filters=4, seed=seed)
        model.compile()
    return model


def train(model, images=None, epochs=3, callbacks=(), validate=True):
    """Trains; returns the history and the trainable weights, as one list."""
    if images is None:
        images = np.random.default_rng(0).uniform(0, 1, (64, *SHAPE)).astype("float32")
    targets = None if model.contract.targets is None else images
    history = model.fit(
        images,
        targets,
        batch_size=16,
        epochs=epochs,
        verbose=0,
        validation_data=(images, targets) if validate else None,
        callbacks=list(callbacks),
    )
    values = [np.ravel(values) for _, values in sorted(history.history.items())]
    return [*values, *(weight.numpy() for weight in model.trainable_variables)]


def start_again(model, strategy, seed):
    """Gives a DCGAN other first weights: tracing a new model takes longer than training it."""
    fresh = build("dcgan", strategy, seed, noise=True)
    of_both = (
        [*one.weights, *one.d_optimizer.variables, *one.g_optimizer.variables]
        for one in (model, fresh)
    )
    for variable, first in zip(*of_both, strict=True):
        variable.assign(first.numpy())


def main(mode, folder):
    import tensorflow as tf

    import gk

    gk.setup("cpu")
    if mode == "replicas":
        cpu = tf.config.list_physical_devices("CPU")[0]
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, two)
        strategies = {
            "one": tf.distribute.get_strategy(),
            "two": tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]),
        }
        strategy = strategies["two"]
        model = build("vae", strategy, noise=True)
        drawn = strategy.run(lambda: model._noise((50,), 0))
        np.savez(folder / "noise.npz", *strategy.experimental_local_results(drawn))
        for name, strategy in strategies.items():
            for kind in ("autoencoder", "vae"):
                np.savez(folder / f"{kind}-{name}.npz", *train(build(kind, strategy)))
            images = gk.datasets.load("digits").x_train[:128, 2:26:3, 2:26:3]
            model, finals = build("dcgan", strategy, noise=True), []
            for seed in range(4):
                start_again(model, strategy, seed)
                values = train(model, images, epochs=4, validate=False)
                finals.append([float(value[-1]) for value in values[:5]])
            np.savez(folder / f"dcgan-{name}.npz", finals)
    else:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
        worker = strategy.cluster_resolver.task_id
        if mode == "workers":
            for kind in KINDS:
                np.savez(folder / f"{kind}-worker{worker}.npz", *train(build(kind, strategy)))
        else:
            resume = gk.callbacks.Resume(folder / "checkpoints")
            model = build("vae", strategy)
            values = train(model, epochs=EPOCHS, callbacks=[resume])
            np.savez(folder / f"{mode}{worker}.npz", *values)


# The tests


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start(mode, folder, worker=None, ports=()):
    env = dict(os.environ)
    if worker is not None:
        cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
        env["TF_CONFIG"] = json.dumps(
            {"cluster": cluster, "task": {"type": "worker", "index": worker}}
        )
    with (folder / f"{mode}-{worker}.log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, __file__, mode, str(folder)], env=env, stdout=log, stderr=log
        )


def load(path):
    with np.load(path) as file:
        return [file[name] for name in file.files]


def assert_close(first, second):
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


@pytest.fixture(scope="module")
def replicas(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replicas")
    assert start("replicas", folder).wait(timeout=1500) == 0
    return folder


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers")
    ports = free_ports(2)
    processes = [start("workers", folder, worker, ports) for worker in range(2)]
    assert [process.wait(timeout=1500) for process in processes] == [0, 0]
    return folder


@pytest.mark.parametrize("kind", ["autoencoder", "vae"])
def test_two_replicas_give_what_one_gives(kind, replicas):
    assert_close(load(replicas / f"{kind}-one.npz"), load(replicas / f"{kind}-two.npz"))


def test_two_replicas_train_a_dcgan_alike(replicas):
    # Batch norm and noise differ between replicas, so that runs agree as seeds do.
    (one,), (two,) = load(replicas / "dcgan-one.npz"), load(replicas / "dcgan-two.npz")
    spread = np.sqrt(one.var(axis=0, ddof=1) / 4 + two.var(axis=0, ddof=1) / 4)
    assert np.all(np.abs(one.mean(axis=0) - two.mean(axis=0)) < 5 * spread + 0.02)


def test_each_replica_draws_noise_of_its_own(replicas):
    one, other = load(replicas / "noise.npz")
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.5


@pytest.mark.parametrize("kind", ["autoencoder", "vae"])
def test_two_workers_give_what_one_process_gives(kind, replicas, workers):
    for worker in range(2):
        assert_close(
            load(replicas / f"{kind}-one.npz"), load(workers / f"{kind}-worker{worker}.npz")
        )


def test_two_workers_hold_the_same_dcgan(workers):
    assert_close(load(workers / "dcgan-worker0.npz"), load(workers / "dcgan-worker1.npz"))


def test_a_killed_worker_comes_back_and_training_goes_on(tmp_path):
    """Takes a minute: six processes start TensorFlow, two of them wait for one that is gone."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    ends = {}
    for folder in (whole, killed):
        folder.mkdir()
        ports = free_ports(2)
        processes = [start("resume", folder, worker, ports) for worker in range(2)]
        if folder == killed:
            while not (folder / "checkpoints" / "epoch-000002.json").exists():
                assert [process.poll() for process in processes] == [None, None]
                time.sleep(0.01)
            processes[1].kill()
            # The other one must stop by itself, and not wait for ever.
            assert processes[0].wait(timeout=900) != 0
            saved = sorted((folder / "checkpoints").glob("epoch-*.json"))
            assert len(json.loads(saved[-1].read_text())["logs"]) < EPOCHS
            ports = free_ports(2)
            processes = [start("resume", folder, worker, ports) for worker in range(2)]
        assert [process.wait(timeout=1500) for process in processes] == [0, 0]
        ends[folder] = [load(folder / f"resume{worker}.npz") for worker in range(2)]
    for worker in range(2):
        assert_close(ends[whole][worker], ends[killed][worker])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
