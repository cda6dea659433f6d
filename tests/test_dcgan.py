"""The two players: what each learns, by gradients written out, and what they refuse."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm
from small_models import IMAGES, SHAPE, make

import gk
from gk import losses, networks, penalties


def test_discriminator_learns_the_ratio_of_densities():
    keras.utils.set_random_seed(0)
    real, fake = norm(0.45, 0.1), norm(0.6, 0.12)
    latent = keras.Input((1,))
    generator = keras.Model(latent, keras.layers.Reshape((1, 1, 1))(keras.layers.Dense(1)(latent)))
    # In [-1, 1]: mean 2 * 0.6 - 1, deviation 2 * 0.12.
    generator.set_weights([np.array([[0.24]]), np.array([0.2])])
    value = keras.Input((1, 1, 1))
    x = keras.layers.Dense(32, activation="tanh")(keras.layers.Flatten()(value))
    x = keras.layers.Dense(32, activation="tanh")(x)
    discriminator = keras.Model(value, keras.layers.Dense(1)(x))
    model = gk.DCGAN((1, 1, 1), 1, generator=generator, discriminator=discriminator, r1_penalty=0.0)
    schedule = keras.optimizers.schedules.CosineDecay(1e-2, 800)
    model.compile(keras.optimizers.Adam(schedule), keras.optimizers.SGD(0.0))
    data = real.rvs(50_000, random_state=0).clip(0, 1).astype("float32").reshape(-1, 1, 1, 1)
    model.fit(data, batch_size=500, epochs=8, verbose=0)
    grid = np.linspace(0.25, 0.8, 30)
    logits = model.discriminate(grid.astype("float32").reshape(-1, 1, 1, 1))
    expected = real.pdf(grid) / (real.pdf(grid) + fake.pdf(grid))
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), expected, atol=0.06)


@pytest.mark.parametrize("r1_penalty", [0.0, 2.0])
def test_each_player_gets_the_gradient_of_its_own_loss(r1_penalty):
    keras.utils.set_random_seed(0)
    model = gk.DCGAN(SHAPE, 3, filters=4, r1_penalty=r1_penalty)
    model.compile(keras.optimizers.SGD(1.0), keras.optimizers.SGD(1.0), run_eagerly=True)
    d_weights = model.discriminator.trainable_variables
    g_weights = model.generator.trainable_variables
    latents = model._latents(16, step=0, salt=0)
    images = IMAGES[:16]
    with tf.GradientTape(persistent=True) as tape:
        real = tf.constant(2 * images - 1)
        tape.watch(real)
        real_logits = model.discriminator(real, training=True)
        slopes = tape.gradient(real_logits, real)
        p_real = tf.sigmoid(real_logits)
        p_fake = tf.sigmoid(
            model.discriminator(model.generator(latents, training=True), training=True)
        )
        d_loss = -tf.reduce_mean(tf.math.log(p_real)) - tf.reduce_mean(tf.math.log(1 - p_fake))
        g_loss = -tf.reduce_mean(tf.math.log(p_fake))
        d_total = d_loss + r1_penalty / 2 * tf.reduce_sum(slopes**2) / len(images)
    expected = [
        weight.numpy() - tape.gradient(loss, weight).numpy()
        for loss, weights in ((d_total, d_weights), (g_loss, g_weights))
        for weight in weights
    ]
    logs = model.train_step((tf.constant(images),))
    for weight, value in zip([*d_weights, *g_weights], expected, strict=True):
        np.testing.assert_allclose(weight.numpy(), value, rtol=2e-3, atol=2e-5)
    assert float(logs["d_loss"]) == pytest.approx(float(d_loss), rel=1e-4)
    assert float(logs["g_loss"]) == pytest.approx(float(g_loss), rel=1e-4)


@pytest.mark.parametrize("still", ["generator", "discriminator"])
def test_a_step_of_one_player_does_not_move_the_other(still):
    rates = {"generator": (0.1, 0.0), "discriminator": (0.0, 0.1)}[still]
    model = gk.DCGAN(SHAPE, 3, filters=4)
    model.compile(*map(keras.optimizers.SGD, rates))
    before = {name: getattr(model, name).get_weights() for name in ("generator", "discriminator")}
    trainable = {name: len(getattr(model, name).trainable_variables) for name in before}
    model.fit(IMAGES, batch_size=32, verbose=0)
    for name, old in before.items():
        new = getattr(model, name).trainable_variables
        old = [v for v, w in zip(old, getattr(model, name).weights, strict=True) if w.trainable]
        moved = max(np.abs(a - b.numpy()).max() for a, b in zip(old, new, strict=True))
        assert (moved == 0) == (name == still), (name, moved, trainable)


def test_the_chosen_game_is_the_one_that_is_played():
    images = IMAGES[:16]
    options = {"minimax": 0.0, "hinge": 0.0, "non_saturating": 0.25}
    for game, smoothing in options.items():
        keras.utils.set_random_seed(0)
        model = gk.DCGAN(SHAPE, 3, filters=4, game=game, label_smoothing=smoothing)
        model.compile(run_eagerly=True)
        latents = model._latents(16, step=0, salt=0)
        fake = model.discriminator(model.generator(latents, training=True), training=True)
        real = model.discriminator(2 * images - 1, training=True)
        target = {"real_target": 1 - smoothing} if smoothing else {}
        d_loss, g_loss = losses.GAMES[game](real, fake, **target)
        logs = model.train_step((tf.constant(images),))
        assert float(logs["d_loss"]) == pytest.approx(float(np.mean(d_loss)), rel=1e-4)
        assert float(logs["g_loss"]) == pytest.approx(float(np.mean(g_loss)), rel=1e-4)


def linear_critic(slope):
    """A discriminator whose logits are linear in the image."""
    image = keras.Input(np.shape(slope))
    layer = keras.layers.Dense(1)
    discriminator = keras.Model(image, layer(keras.layers.Flatten()(image)))
    layer.set_weights([np.reshape(slope, (-1, 1)), np.zeros(1)])
    return discriminator


def penalty_of(model, images):
    real = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(real)
        real_logits = model.discriminator(real, training=True)
    return model.penalty(tape, real_logits, real, -real)


def test_penalties_of_a_linear_discriminator_are_those_of_its_slope():
    slope = np.linspace(-1, 2, 64, dtype="float32").reshape(8, 8, 1)
    images = np.random.default_rng(0).uniform(size=(5, 8, 8, 1)).astype("float32")
    options = {"discriminator": linear_critic(slope), "filters": 2}
    for r1_penalty, gradient_penalty in ((3.0, 0.0), (0.0, 10.0), (3.0, 10.0), (0.0, 0.0)):
        model = gk.DCGAN(
            (8, 8, 1),
            2,
            r1_penalty=r1_penalty,
            gradient_penalty=gradient_penalty,
            **options,
        )
        model.compile()
        squared = (slope**2).sum()
        expected = r1_penalty / 2 * squared + gradient_penalty * (np.sqrt(squared) - 1) ** 2
        measured = np.broadcast_to(penalty_of(model, images), 5)
        np.testing.assert_allclose(measured, np.full(5, expected), rtol=1e-4)


def test_the_gradient_penalty_looks_between_real_and_generated_images():
    seen = []

    def critic(images, training):
        seen.append(images.numpy())
        return tf.reduce_sum(images, axis=(1, 2, 3))[:, None]

    real, fakes = tf.ones((100, *SHAPE)), -tf.ones((100, *SHAPE))
    shares = tf.random.stateless_uniform((100, 1, 1, 1), (0, 0))
    penalties.slope_off_one(critic, real, fakes, shares)
    np.testing.assert_allclose(seen[0], np.broadcast_to(1 - 2 * shares, real.shape), rtol=1e-5)


def test_a_critic_with_a_slope_of_one_measures_the_distance():
    """The Wasserstein distance of a distribution and a shifted copy is the shift."""
    latent = keras.Input((1,))
    generator = keras.Model(latent, keras.layers.Reshape((1, 1, 1))(keras.layers.Dense(1)(latent)))
    generator.set_weights([np.array([[0.1]]), np.array([0.5])])
    with networks.initial_weights(0):
        critic = networks.dense_encoder((1, 1, 1), 1, (32, 32))
    options = {"game": "wasserstein", "gradient_penalty": 10.0, "r1_penalty": 0.0, "d_steps": 5}
    model = gk.DCGAN((1, 1, 1), 1, generator, critic, **options)
    model.compile(keras.optimizers.Adam(1e-2, 0.0, 0.9), keras.optimizers.SGD(0.0))
    # In [-1, 1] the mean is -0.3 and the deviation 0.1, so the shift is 0.8.
    real = np.random.default_rng(0).normal(0.35, 0.05, (12_800, 1, 1, 1)).astype("float32")
    model.fit(real, batch_size=128, epochs=3, verbose=0)
    assert -model.evaluate(real, verbose=0, return_dict=True)["d_loss"] == pytest.approx(
        0.8, rel=0.1
    )


def test_in_turn_the_discriminator_moves_several_times_before_the_generator_does():
    keras.utils.set_random_seed(0)
    model = gk.DCGAN(SHAPE, 3, filters=4, r1_penalty=0.0, d_steps=2)
    again = gk.DCGAN.from_config(model.get_config())
    again.set_weights(model.get_weights())
    rates = 0.5, 0.3
    model.compile(*map(keras.optimizers.SGD, rates), run_eagerly=True)
    model.train_step((tf.constant(IMAGES[:16]),))

    real, d, g = 2 * IMAGES[:16] - 1, again.discriminator, again.generator
    for step in range(2):
        fakes = g(model._latents(16, step, salt=0), training=True)
        with tf.GradientTape() as tape:
            answers = d(real, training=True), d(fakes, training=True)
            loss = tf.reduce_mean(losses.non_saturating_game(*answers)[0])
        for weight, slope in zip(
            d.trainable_variables, tape.gradient(loss, d.trainable_variables), strict=True
        ):
            weight.assign_sub(rates[0] * slope)
    with tf.GradientTape() as tape:
        answer = d(g(model._latents(16, 2, salt=2), training=True), training=True)
        loss = tf.reduce_mean(losses.logistic_loss(answer, is_real=1))
    for weight, slope in zip(
        g.trainable_variables, tape.gradient(loss, g.trainable_variables), strict=True
    ):
        weight.assign_sub(rates[1] * slope)
    for name in ("discriminator", "generator"):
        ours, theirs = (getattr(one, name).trainable_variables for one in (model, again))
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert [int(one.iterations) for one in model.optimizers] == [2, 1]


def test_one_batch_of_both_is_normalized_together():
    keras.utils.set_random_seed(0)
    discriminator = networks.dcgan_discriminator(SHAPE, filters=4, batch_norm=True)
    apart = gk.DCGAN(SHAPE, 3, discriminator=discriminator, filters=4)
    joint = gk.DCGAN(SHAPE, 3, apart.generator, discriminator, joint_batch=True)
    real, fake = tf.ones((6, *SHAPE)), -tf.ones((6, *SHAPE))
    # Alone, each constant batch is normalized to the same values.
    one, _ = apart._logits(real, fake, training=True)
    assert np.ptp(one) < 1e-4
    both = np.concatenate(joint._logits(real, fake, training=True))
    expected = discriminator(tf.concat([real, fake], axis=0), training=True)
    np.testing.assert_allclose(both, expected, rtol=1e-4)
    assert np.abs(both[:6] - one).max() > 1e-3


def test_all_that_a_dcgan_draws_comes_from_one_generator(tmp_path):
    model = make("dcgan")
    model.fit(IMAGES, epochs=3, verbose=0)
    latents = np.random.default_rng(0).standard_normal((4, 3)).astype("float32")
    images = model.generate(4, seed=0)
    np.testing.assert_allclose(model.generate_from(latents), images, atol=1e-6)
    np.testing.assert_allclose(model(latents), images, atol=1e-6)
    np.testing.assert_allclose(model.predict(latents, verbose=0), images, atol=1e-6)
    model.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    np.testing.assert_allclose(exported.serve(tf.constant(latents)), images, atol=1e-5)


def test_calibrated_statistics_are_those_of_the_averaged_generator():
    keras.utils.set_random_seed(0)
    latents = keras.Input((3,))
    x = keras.layers.BatchNormalization(momentum=0.9)(keras.layers.Dense(64)(latents))
    generator = keras.Model(
        latents, keras.layers.Reshape(SHAPE)(keras.layers.Activation("tanh")(x))
    )
    model = gk.DCGAN(SHAPE, 3, generator=generator, filters=4)
    rng = np.random.default_rng(1)
    kernel, bias = rng.normal(size=(3, 64)), rng.normal(size=64)
    average = model.averaged_generator
    for weight, value in zip(average.weights[:2], (kernel, bias), strict=True):
        weight.assign(value)
    own = generator.get_weights()
    model.calibrate()
    # Of W z + b with z from N(0, I) the mean is b, the variance the sum of the squares of W.
    mean, variance = (w.numpy() for w in average.weights if "moving" in w.path)
    expected = np.square(kernel).sum(axis=0)
    np.testing.assert_allclose((mean - bias) / np.sqrt(expected), 0, atol=0.08)
    np.testing.assert_allclose(variance / expected, 1, atol=0.12)
    np.testing.assert_allclose(average.weights[0], kernel, rtol=1e-6)
    for weight, value in zip(generator.get_weights(), own, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_settings_that_are_changed_between_epochs_take_effect():
    def standing_still(label_smoothing):
        model = make("dcgan", game="non_saturating", label_smoothing=label_smoothing)
        model.discriminator.layers[-1].bias.assign([1.0])  # logits that smoothing is felt by
        model.compile(*(keras.optimizers.SGD(0.0) for _ in range(2)))
        return model

    model = standing_still(0.0)

    def smooth(epoch, logs):
        model.label_smoothing = 0.4 * epoch

    callbacks = [keras.callbacks.LambdaCallback(on_epoch_begin=smooth)]
    fit = {"batch_size": 64, "verbose": 0, "epochs": 2}
    first, second = model.fit(IMAGES, callbacks=callbacks, **fit).history["d_loss"]
    from_start = standing_still(0.4).fit(IMAGES, **fit).history["d_loss"]
    assert second - first == pytest.approx(from_start[1] - first, rel=0.2)
    assert abs(second - first) > 0.01


def test_a_generator_that_is_frozen_still_generates_and_gets_new_latents():
    model = make("dcgan")
    model.fit(IMAGES, verbose=0)
    model.generator.trainable = False
    assert model.generate(1).shape == (1, *SHAPE)
    before = model.generator.trainable_variables, model.generator.get_weights()[0]
    model.fit(IMAGES, epochs=2, verbose=0)
    assert before[0] == []
    np.testing.assert_array_equal(model.generator.get_weights()[0], before[1])
    assert int(model._steps()) == int(model.d_optimizer.iterations) > 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "adam"}, "d_optimizer and g_optimizer"),
        ({"loss": "mse"}, "Expected no loss"),
        ({"metrics": ["mae"]}, "Expected no metrics"),
        ({"steps_per_execution": "mse"}, "Expected steps_per_execution as an integer"),
    ],
)
def test_what_a_dcgan_does_not_use_is_refused_in_compile(arguments, message):
    with pytest.raises(ValueError, match=message):
        gk.DCGAN(SHAPE, 2, filters=2).compile(**arguments)


def test_one_optimizer_for_both_players_is_refused_in_compile():
    one = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="Make another with the same settings"):
        gk.DCGAN(SHAPE, 2, filters=2).compile(one, one)


@pytest.mark.parametrize(
    "callback",
    [
        keras.callbacks.ReduceLROnPlateau("loss"),
        keras.callbacks.LearningRateScheduler(lambda epoch: 1e-3),
    ],
    ids=lambda callback: type(callback).__name__,
)
def test_a_callback_for_one_learning_rate_is_refused_by_two_players(callback):
    with pytest.raises(ValueError, match=r"Give each a schedule in compile.*d_optimizer="):
        make("dcgan").fit(IMAGES, verbose=0, callbacks=[callback])
    if not isinstance(callback, keras.callbacks.ReduceLROnPlateau):
        make("vae").fit(IMAGES, verbose=0, callbacks=[callback])


def test_each_player_gets_its_own_optimizer_back(tmp_path):
    model = gk.DCGAN(SHAPE, 3, filters=4)
    model.compile(keras.optimizers.SGD(0.125), keras.optimizers.Adam(0.25, beta_1=0.5))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(again.d_optimizer, keras.optimizers.SGD)
    assert isinstance(again.g_optimizer, keras.optimizers.Adam)
    assert float(again.d_optimizer.learning_rate) == 0.125
    assert (float(again.g_optimizer.learning_rate), again.g_optimizer.beta_1) == (0.25, 0.5)


@pytest.mark.parametrize(
    ("shape", "expected"), [((28, 28, 1), 1), ((32, 32, 3), 1), ((64, 64, 3), 4), ((32, 128, 1), 4)]
)
def test_the_slope_penalty_follows_the_number_of_pixels(shape, expected):
    assert gk.DCGAN(shape, 2, filters=2).r1_penalty == expected
    assert gk.DCGAN(shape, 2, filters=2, r1_penalty=0.0).r1_penalty == 0


def test_the_same_picture_in_four_times_the_pixels_has_slopes_of_a_quarter():
    rng = np.random.default_rng(0)
    small = tf.constant(rng.uniform(-1, 1, (4, 16, 16, 1)), tf.float32)
    large = tf.repeat(tf.repeat(small, 2, axis=1), 2, axis=2)
    weights = tf.constant(rng.normal(size=(16, 16, 1)), tf.float32)
    sums = []
    for images in (small, large):
        with tf.GradientTape() as tape:
            tape.watch(images)
            seen = tf.nn.avg_pool2d(images, images.shape[1] // 16, images.shape[1] // 16, "SAME")
            logits = tf.reduce_sum(tf.sin(seen) * weights, axis=(1, 2, 3))
        sums.append(tf.reduce_sum(tf.square(tape.gradient(logits, images))).numpy())
    assert sums[1] == pytest.approx(sums[0] / 4, rel=1e-5)
