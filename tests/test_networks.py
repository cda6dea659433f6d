"""The networks: every weight takes part, and each block is what its paper draws."""

import keras
import numpy as np
import pytest
from processes import run
from small_models import IMAGES, SHAPE

import gk
from gk import networks


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


def test_spectral_normalization_keeps_every_layer_at_1():
    keras.utils.set_random_seed(0)
    discriminator = networks.dcgan_discriminator(SHAPE, width=4, spectral_norm=True)
    model = gk.DCGAN(SHAPE, 3, discriminator=discriminator, width=4)
    model.compile()
    model.fit(IMAGES, batch_size=8, epochs=5, verbose=0)
    discriminator(2 * IMAGES[:8] - 1, training=True)  # normalizes after the last step, too
    kernels = [w.numpy() for w in discriminator.trainable_variables if "kernel" in w.path]
    assert len(kernels) == 5
    for kernel in kernels:
        largest = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]
        assert largest == pytest.approx(1, abs=0.1)


def test_dropout_drops_as_much_as_was_asked_for():
    images = 2 * IMAGES - 1
    for share in (0.0, 0.5):
        network = networks.dcgan_discriminator(SHAPE, width=4, dropout=share)
        one, other = (network(images, training=True).numpy() for _ in range(2))
        assert (np.abs(one - other).max() > 0) == (share > 0)
    (layer,) = (one for one in network.layers if isinstance(one, keras.layers.Dropout))
    assert layer.rate == 0.5


def test_channels_first_is_refused_by_its_name():
    keras.config.set_image_data_format("channels_first")
    try:
        for build in (
            lambda: gk.VAE(SHAPE, 2),
            lambda: networks.resnet((28, 28, 1), 10),
            lambda: gk.judges.load("pets"),
            lambda: gk.pretrained.load("digits"),
        ):
            with pytest.raises(ValueError, match="channels_first"):
                build()
    finally:
        keras.config.set_image_data_format("channels_last")
