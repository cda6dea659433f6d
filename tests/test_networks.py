"""The networks: every weight takes part, and each block is what its paper draws."""

import concurrent.futures
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
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

network = networks.resnet((28, 28, 1), num_classes=1, filters=8)

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
    model = networks.inception((28, 28, 1), 10, filters=8)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Concatenate):
            assert [tensor.shape[-1] for tensor in layer.input] == [8, 8, 8, 8]
    windows = {
        layer.kernel_size for layer in model.layers if isinstance(layer, keras.layers.Conv2D)
    }
    assert windows == {(1, 1), (3, 3), (5, 5)}


def test_spectral_normalization_keeps_every_layer_at_1():
    keras.utils.set_random_seed(0)
    images = IMAGES.repeat(3, axis=1).repeat(3, axis=2)  # halved twice
    shape = images.shape[1:]
    discriminator = networks.dcgan_discriminator(shape, filters=4, spectral_norm=True)
    model = gk.DCGAN(shape, 3, discriminator=discriminator, filters=4)
    model.compile()
    model.fit(images, batch_size=8, epochs=5, verbose=0)
    discriminator(2 * images[:8] - 1, training=True)  # normalizes after the last step, too
    kernels = [w.numpy() for w in discriminator.trainable_variables if "kernel" in w.path]
    assert len(kernels) == 5
    for kernel in kernels:
        largest = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]
        assert largest == pytest.approx(1, abs=0.1)


def test_dropout_drops_as_much_as_was_asked_for():
    images = 2 * IMAGES - 1
    for share in (0.0, 0.5):
        network = networks.dcgan_discriminator(SHAPE, filters=4, dropout=share)
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


SIZES = [
    (28, 28, 1),
    (32, 32, 3),
    (64, 64, 3),
    (128, 128, 3),
    (28, 64, 1),
    (36, 100, 3),
    (30, 9, 1),
]


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_networks_fit_their_image(shape):
    encoder, decoder = networks.convolutional_pair(shape, 5, filters=2, variational=True)
    generator, discriminator = networks.dcgan_pair(shape, 5, filters=2)
    assert encoder.output_shape == (None, 10)
    assert decoder.output_shape == generator.output_shape == (None, *shape)
    assert discriminator.output_shape == (None, 1)
    for network in (encoder, decoder, generator, discriminator):
        shapes = [layer.output.shape[1:] for layer in network.layers]
        maps = [tuple(size) for size in shapes if len(size) == 3]
        sides = np.array([size[:2] for size in maps])
        assert sides.min() >= 4
        assert sides.min(axis=0).max() <= 8
        # Filters double with each stage away from the image, which has `filters` beside it.
        smallest = max(size[2] for size in maps)
        assert smallest == 2 << (len(networks.halvings(shape)) - 2)


def test_28_and_32_pixels_have_the_networks_that_ship():
    for shape in ((28, 28, 1), (32, 32, 3)):
        generator, discriminator = networks.dcgan_pair(shape, 16)
        sides = [layer.output.shape[1] for layer in generator.layers[4:]]
        assert sorted(set(sides)) == [shape[0] // 4, shape[0] // 2, shape[0]]
        assert discriminator.layers[-2].output.shape == (None, 64)


def test_the_discriminator_sees_the_whole_of_64_pixels():
    shape = (64, 64, 3)
    _, discriminator = networks.dcgan_pair(shape, 4, filters=4, seed=0)
    images = tf.constant(np.random.default_rng(0).uniform(-1, 1, (2, *shape)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = discriminator(images)
    assert (np.abs(tape.gradient(logits, images)) > 0).all()


def test_images_that_are_too_small_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match=r"at least 8 pixels a side.*dense_pair") as told:
        networks.convolutional_pair((4, 28, 1), 2)
    assert "(4, 28, 1)" in str(told.value)
    encoder, decoder = networks.dense_pair((4, 28, 1), 2)
    model = gk.Autoencoder((4, 28, 1), 2, encoder, decoder)
    assert model(np.zeros((1, 4, 28, 1), "float32")).shape == (1, 4, 28, 1)


def test_initial_weights_derive_from_the_seed_alone():
    def build(seed):
        return networks.dcgan_pair((8, 8, 1), 2, filters=2, seed=seed)[0].get_weights()

    keras.utils.set_random_seed(7)
    expected = build(None)
    before = random.getstate()
    for one, other in zip(build(7), expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert random.getstate() == before
    assert not np.array_equal(build(8)[0], expected[0])


@pytest.mark.parametrize("cls", [gk.Autoencoder, gk.VAE, gk.DCGAN])
def test_a_models_seed_covers_its_first_weights(cls):
    one, same, other = (cls((8, 8, 1), 2, filters=2, seed=seed) for seed in (3, 3, 4))
    kernels = [
        [w.numpy() for w in m.trainable_variables if "kernel" in w.path] for m in (one, same, other)
    ]
    for mine, again, others in zip(*kernels, strict=True):
        np.testing.assert_array_equal(mine, again)
        assert not np.array_equal(mine, others)


def test_initial_weights_are_the_same_in_threads():
    def build(_):
        return networks.dense_pair((8, 8, 1), 2, hidden=(4,), seed=5)[0].get_weights()[0]

    before = random.getstate()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        kernels = list(pool.map(build, range(12)))
    assert random.getstate() == before
    for kernel in kernels:
        np.testing.assert_array_equal(kernel, kernels[0])


def test_sizes_may_be_numpys():
    for shape in (np.array([9, 12, 1], "uint8"), (np.uint8(200), np.uint8(9), np.uint8(1))):
        generator, _ = networks.dcgan_pair(shape, 2, filters=2)
        assert generator.output_shape[1:] == tuple(int(size) for size in shape)
