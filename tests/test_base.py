"""What all models share: runs that can be repeated, their settings, what stands still."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import IMAGES, KINDS, SHAPE, dataset, make

import gk
from gk import networks
from gk.states import values_of


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_noise_depends_on_step_seed_and_salt():
    draws = {
        (seed, step, salt): gk.VAE(SHAPE, 3, filters=2, seed=seed)
        ._noise((500, 2), step, salt)
        .numpy()
        for seed in (0, 1)
        for step in (0, 1, 1000)
        for salt in (0, 1)
    }
    for one, other in itertools.combinations(draws, 2):
        assert abs(np.corrcoef(draws[one].ravel(), draws[other].ravel())[0, 1]) < 0.15
    again = gk.VAE(SHAPE, 3, filters=2, seed=1)._noise((500, 2), 1000, 1)
    np.testing.assert_array_equal(again, draws[1, 1000, 1])
    flat = np.concatenate(list(draws.values()))
    assert flat.mean() == pytest.approx(0, abs=0.05)
    assert flat.std() == pytest.approx(1, abs=0.05)


def test_logged_total_is_the_sum_of_its_logged_parts(kind):
    logs = make(kind).evaluate(IMAGES, verbose=0, return_dict=True)
    parts = {
        "autoencoder": lambda: logs["reconstruction_loss"],
        "vae": lambda: logs["reconstruction_loss"] + 0.7 * logs["kl_loss"],
        "dcgan": lambda: logs["d_loss"] + logs["g_loss"],
    }[kind]()
    assert logs["loss"] == pytest.approx(parts, rel=1e-5)


def test_every_weight_learns_and_the_loss_falls(kind):
    model = make(kind)
    before = [weight.numpy() for weight in model.trainable_variables]
    history = model.fit(IMAGES, batch_size=32, epochs=60, verbose=0).history
    for old, new in zip(before, model.trainable_variables, strict=True):
        assert np.abs(old - new.numpy()).max() > 0, new.path
    if kind != "dcgan":
        assert history["loss"][-1] < 0.9 * history["loss"][0]
    assert all(np.isfinite(values).all() for values in history.values())


def test_evaluation_changes_nothing(kind):
    model = make(kind)
    model.fit(IMAGES, verbose=0)
    before = values_of(model)
    model.evaluate(IMAGES, verbose=0)
    trackers = {id(variable) for metric in model.metrics for variable in metric.variables}
    for variable, value in zip(model.variables, before, strict=False):
        if id(variable) not in trackers:
            np.testing.assert_array_equal(variable.numpy(), value, variable.path)


def test_images_come_in_batches_of_any_size_and_in_range(kind):
    model = make(kind)
    model.fit(IMAGES, epochs=3, verbose=0)
    images = model.generate(700, seed=1)
    assert images.shape == (700, *SHAPE)
    assert images.min() >= 0
    assert images.max() <= 1
    np.testing.assert_array_equal(images[:3], model.generate(700, seed=1)[:3])
    assert np.abs(images[:3] - model.generate(3, seed=2)).max() > 0
    if kind != "dcgan":
        codes = model.encode(IMAGES)
        assert codes.shape == (64, 3)
        assert model.decode(codes).shape == IMAGES.shape


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: gk.Autoencoder(SHAPE, 0), "latent_dim"),
        (lambda: gk.VAE((8, 8), 2), "image_shape"),
        (lambda: gk.VAE(SHAPE, 2, likelihood="poisson"), "'bernoulli', 'gaussian'"),
        (lambda: gk.VAE(SHAPE, 2, kl_weight=-1), "kl_weight"),
        (lambda: gk.Autoencoder(SHAPE, 2, output="tanh"), "'sigmoid' or 'linear'"),
        (lambda: gk.Autoencoder(SHAPE, 2, likelihood="absolute"), "one of 'gaussian', 'bernoulli'"),
        (
            lambda: gk.Autoencoder(SHAPE, 2, output="linear", likelihood="bernoulli"),
            "with output 'linear'",
        ),
        (lambda: gk.Autoencoder((7, 8, 1), 2), "at least 8 pixels a side"),
        (lambda: gk.VAE(SHAPE, 2, encoder=networks.dense_encoder(SHAPE, 2)), "encoder's output"),
        (lambda: gk.DCGAN(SHAPE, 2, ema_decay=1.0), "ema_decay"),
        (lambda: gk.DCGAN(SHAPE, 2, game="chess"), "game"),
        (lambda: gk.DCGAN(SHAPE, 2, label_smoothing=0.5), "label_smoothing"),
        (lambda: gk.DCGAN(SHAPE, 2, game="hinge", label_smoothing=0.1), "has no labels"),
        (lambda: gk.DCGAN(SHAPE, 2, r1_penalty=-1.0), "r1_penalty"),
        (lambda: gk.DCGAN(SHAPE, 2, gradient_penalty=-1.0), "gradient_penalty"),
        (lambda: gk.DCGAN(SHAPE, 2, d_steps=-1), "d_steps"),
        (lambda: gk.DCGAN(SHAPE, 2, d_steps=1.5), "d_steps"),
    ],
)
def test_arguments_out_of_range_are_refused(build, message):
    with pytest.raises(ValueError, match=rf"{message}.*Received"):
        build()


def test_what_is_frozen_stands_still_and_learns_again_when_it_is_not():
    model = make("vae")
    model.fit(IMAGES, verbose=0)
    for trainable in (False, True):
        model.encoder.trainable = trainable
        before = model.encoder.get_weights(), model.decoder.get_weights()
        model.fit(IMAGES, verbose=0)
        after = model.encoder.get_weights(), model.decoder.get_weights()
        moved = [
            max(np.abs(a - b).max() for a, b in zip(*pair, strict=True))
            for pair in zip(before, after, strict=True)
        ]
        assert (moved[0] > 0) == trainable
        assert moved[1] > 0


def test_what_was_frozen_in_compile_learns_when_it_is_not(kind):
    model = make(kind)
    part = model.generator if kind == "dcgan" else model.encoder
    part.trainable = False
    model.compile()
    part.trainable = True
    before = part.get_weights()
    model.fit(IMAGES, verbose=0)
    pairs = zip(before, part.get_weights(), strict=True)
    assert max(np.abs(old - new).max() for old, new in pairs) > 0


def test_settings_are_checked_whenever_they_are_set():
    vae, gan = gk.VAE(SHAPE, 2, filters=2), gk.DCGAN(SHAPE, 2, filters=2)
    for model, name, value in (
        (vae, "seed", -1),
        (vae, "likelihood", "gauss"),
        (gan, "game", "go"),
    ):
        with pytest.raises(ValueError, match=rf"Expected {name}.*Received"):
            setattr(model, name, value)


class OfLayers(keras.Model):
    def __init__(self):
        super().__init__()
        self.flatten, self.dense = keras.layers.Flatten(), keras.layers.Dense(2)

    def call(self, images, training=None):
        return self.dense(self.flatten(images))


@pytest.mark.parametrize("called", [False, True])
@pytest.mark.parametrize(
    "build",
    [OfLayers, lambda: keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])],
    ids=["of layers", "without an input"],
)
def test_networks_without_known_shapes_are_refused_with_a_way_out(build, called):
    network = build()
    if called:
        network(IMAGES[:1])
    if called and isinstance(network, keras.Sequential):
        gk.Autoencoder(SHAPE, 2, encoder=network, filters=2)
        return
    with pytest.raises(ValueError, match="functional or sequential"):
        gk.Autoencoder(SHAPE, 2, encoder=network, filters=2)


@pytest.mark.parametrize("name", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_networks_in_other_numbers_than_float32_are_refused(name):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        for build in (gk.Autoencoder, gk.VAE, gk.DCGAN):
            with pytest.raises(ValueError, match=rf"compute in float32.*with {name}"):
                build(SHAPE, 2, filters=2).compile()
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("seed", [-1, None, 2**40, 0.5, "1"])
def test_seeds_that_are_none_are_refused_when_the_model_is_made(seed):
    with pytest.raises(ValueError, match="Expected seed as an integer from 0 to"):
        gk.VAE(SHAPE, 2, seed=seed)


def test_large_seeds_and_those_of_numpy_are_taken():
    draws = [
        gk.VAE(SHAPE, 2, filters=2, seed=seed)._noise((500,), 0).numpy()
        for seed in (2**32 - 1, 2**32 - 2, np.int64(2**31), 0)
    ]
    for one, other in itertools.combinations(draws, 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.15


def test_losses_and_metrics_of_keras_are_refused_by_autoencoders_too():
    for build in (gk.Autoencoder, gk.VAE):
        for arguments in ({"loss": "mse"}, {"metrics": ["mae"]}, {"weighted_metrics": ["mae"]}):
            with pytest.raises(ValueError, match="is part of it"):
                build(SHAPE, 2, filters=2).compile(**arguments)


def test_xla_trains_as_without_it():
    ends = []
    for compiled in (False, True):
        model = make("vae")
        model.compile(jit_compile=compiled)
        ends.append(model.fit(IMAGES, batch_size=16, epochs=2, verbose=0).history["loss"][-1])
    assert ends[0] == pytest.approx(ends[1], rel=0.01)


def test_seed_decides_the_run(kind):
    runs = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(0)
        model = make(kind, seed=seed)
        model.fit(IMAGES, batch_size=32, epochs=2, verbose=0)
        runs.append(np.concatenate([value.ravel() for value in values_of(model)]))
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.abs(runs[0] - runs[2]).max() > 0


def test_so_many_steps_are_taken_as_were_asked_for(kind):
    model = make(kind, steps_per_execution=10)
    endless = dataset(IMAGES).repeat()
    options = {"validation_data": endless, "validation_steps": 3, "verbose": 0}
    model.fit(endless, steps_per_epoch=5, epochs=2, **options)
    assert int(model._steps()) == 10
    assert model.steps_per_execution == 10
    if kind != "autoencoder":  # which draws no noise, and does not count
        model.evaluate(endless, steps=3, verbose=0)
        assert int(model._batches_seen) == 3
    inputs = tf.zeros((8, 3)) if kind == "dcgan" else IMAGES[:8]
    images = tf.data.Dataset.from_tensors(inputs).repeat()
    assert len(model.predict(images, steps=3, verbose=0)) == 24


def test_a_callback_may_evaluate_some_steps_while_a_model_trains():
    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.evaluate(IMAGES, batch_size=8, steps=3, verbose=0)
            self.model.predict(IMAGES, batch_size=8, steps=3, verbose=0)

    model = make("vae", steps_per_execution=10)
    model.fit(IMAGES, batch_size=8, epochs=2, verbose=0, callbacks=[Look()])
    assert int(model._steps()) == 16


def test_each_batch_of_an_evaluation_has_noise_of_its_own_and_each_call_the_same():
    model = make("dcgan")
    latents = []
    make_latents = model._latents
    model._latents = lambda *arguments, **options: (
        latents.append(make_latents(*arguments, **options).numpy())
        or make_latents(*arguments, **options)
    )
    model.compile(run_eagerly=True)
    for _ in range(2):
        model.evaluate(IMAGES, batch_size=16, verbose=0)
    first, second = np.reshape(latents, (2, 4, 16, 3))
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first.reshape(-1, 3), axis=0)) == 64
    vae = make("vae")
    scores = [vae.evaluate(IMAGES[:8], verbose=0, return_dict=True)["loss"] for _ in range(2)]
    assert scores[0] == scores[1]
    doubled = np.concatenate([IMAGES[:8], IMAGES[:8]])
    both = vae.evaluate(doubled, batch_size=8, verbose=0, return_dict=True)["loss"]
    assert both != pytest.approx(scores[0], rel=1e-7)


@pytest.mark.parametrize("size", [0, -8, 2.5])
def test_sizes_of_a_batch_that_are_none_are_refused(size):
    with pytest.raises(ValueError, match="Expected batch_size as an integer of at least 1"):
        make("vae").fit(IMAGES, batch_size=size, verbose=0)
