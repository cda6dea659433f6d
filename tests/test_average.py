"""The average of a generator over its training, step by step."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import IMAGES, make


@pytest.mark.parametrize("decay", [0.9, 0.15])
def test_average_of_the_generator_is_the_recursion_and_is_what_generates(decay):
    model = make("dcgan", ema_decay=decay)  # early steps stay below 0.9, not below 0.15
    model.compile(*(keras.optimizers.SGD(0.1) for _ in range(2)), run_eagerly=True)
    expected = model.generator.get_weights()
    for step in range(1, 5):
        model.train_step((tf.constant(IMAGES[:8]),))
        kept = min(decay, (1 + step) / (10 + step))
        expected = [
            kept * average + (1 - kept) * weight
            for average, weight in zip(expected, model.generator.get_weights(), strict=True)
        ]
    averages = model.averaged_generator.get_weights()
    for average, value in zip(averages, expected, strict=True):
        np.testing.assert_allclose(average, value, atol=1e-6)
    own = zip(averages, model.generator.get_weights(), strict=True)
    assert max(np.abs(average - weight).max() for average, weight in own) > 1e-4
    # Statistics of batch normalization are averaged, too, and no optimizer moves any of it.
    assert len(model.averaged_generator.trainable_variables) == 0
    assert len(averages) > len(model.generator.trainable_variables)
    latents = np.random.default_rng(0).standard_normal((4, 3)).astype("float32")
    images = model.generate(4, seed=0)
    model.generator.set_weights(averages)
    np.testing.assert_allclose(0.5 * model.generator(latents) + 0.5, images, atol=1e-5)
