"""Whether glibc keeps the memory that is freed, told by the page faults of a training."""

import platform

import pytest
from processes import run

PAGE_FAULTS = """
import resource
import gk
import numpy as np
import tensorflow as tf

gk.setup("cpu")
images = np.random.default_rng(0).uniform(size=(128, 28, 28, 1)).astype("float32")
networks = (gk.networks.dense_encoder, gk.networks.dense_decoder)
encoder, decoder = (build((28, 28, 1), size) for build, size in zip(networks, (4, 2)))
model = gk.VAE((28, 28, 1), 2, encoder=encoder, decoder=decoder)
model.compile()
# TensorFlow's datasets from generators tell glibc to give up what it can.
given = tf.TensorSpec((128, 28, 28, 1), tf.float32)
endless = tf.data.Dataset.from_generator(lambda: iter([images]), output_signature=given).repeat()
model.fit(endless, steps_per_epoch=10, verbose=0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
model.fit(endless, steps_per_epoch=60, verbose=0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep memory")
def test_freed_memory_is_kept_unless_turned_off():
    """Takes more than ten seconds: two processes start TensorFlow, trace a step and take 60."""
    faults = {}
    for choice in ("0", "1"):
        done = run(PAGE_FAULTS, GK_KEEP_MEMORY=choice)
        assert done.returncode == 0, done.stderr
        faults[choice] = int(done.stdout.splitlines()[-1])
    # Before TensorFlow 2.21 there are some 2,000 either way.
    assert faults["1"] < max(0.2 * faults["0"], 4_000)
    done = run("import gk", GK_KEEP_MEMORY="yes")
    assert "Expected the environment variable GK_KEEP_MEMORY as 0 or 1" in done.stderr
