"""What models learn from: images alone, with targets, labels or texts, or two unpaired sets."""

import keras
import numpy as np
import pytest
import sketches
import small_models
import tensorflow as tf
from sketches import IMAGES, LABELS, OTHERS, SHAPE, TEXTS

import gk
from gk.contract import Contract, Images, Labels, Words
from gk.order import Order

SEVERAL = np.stack([LABELS, LABELS[::-1] % 2], axis=1)
CASES = {
    "labels": (lambda: sketches.OfLabels(3), IMAGES, LABELS),
    "several labels": (lambda: sketches.OfLabels((3, 2)), IMAGES, SEVERAL),
    "texts": (lambda: sketches.OfWords(5), IMAGES, TEXTS),
    "two sets": (sketches.OfTwoSets, (IMAGES, OTHERS), None),
}


def trained(make, x, y, **options):
    model = make()
    model.compile(keras.optimizers.SGD(0.01), steps_per_execution=1)
    history = model.fit(x, y, batch_size=10, epochs=3, verbose=0, **options).history
    return model, history


def streams(x, y, num_steps=12):
    """The same batches as of arrays in their order, as other kinds of input."""
    parts = x if isinstance(x, tuple) else (x, y)
    # Sets of two sizes begin anew each in its own time.
    rows = [
        tuple(np.take(part, range(10 * step, 10 * step + 10), 0, mode="wrap") for part in parts)
        for step in range(num_steps)
    ]

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return num_steps

        def __getitem__(self, number):
            return rows[number]

    yield Batches()
    yield (row for row in rows)


@pytest.mark.parametrize("case", CASES)
def test_what_a_model_declares_it_learns_from(case):
    make, x, y = CASES[case]
    model, history = trained(make, x, y)
    assert history["loss"][-1] < history["loss"][0]
    again, _ = trained(make, x, y)
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    logs = model.evaluate(x, y, batch_size=10, verbose=0, return_dict=True)
    assert np.isfinite(logs["loss"])


@pytest.mark.parametrize("case", ["labels", "several labels", "two sets"])
def test_streams_give_the_same_weights_as_arrays(case):
    make, x, y = CASES[case]
    expected, _ = trained(make, x, y, shuffle=False)
    for stream in streams(x, y):
        model, _ = trained(make, stream, None, steps_per_epoch=4)
        for one, other in zip(model.get_weights(), expected.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("case", CASES)
def test_validation_is_checked_and_takes_part(case):
    make, x, y = CASES[case]
    data = x if y is None else (x, y)
    _, given = trained(make, x, y, validation_data=data)
    assert len(given["val_loss"]) == 3
    _, split = trained(make, x, y, validation_split=0.2)
    assert len(split["val_loss"]) == 3
    model, _ = trained(make, x, y)
    bad = np.full((10, 4, 4, 1), 0.5, "float32")
    wrong = (bad, bad) if y is None else (bad, y[:10])
    with pytest.raises(ValueError, match=r"validation_data.* as floats \(n, 8, 8, 1\)"):
        model.fit(x, y, verbose=0, validation_data=wrong)


def test_two_sets_come_in_orders_of_their_own():
    same = np.arange(40, dtype="float32")[:, None, None, None] * np.ones((1, *SHAPE)) / 40
    pairs = []

    class Watching(sketches.OfTwoSets):
        def train_step(self, data):
            pairs.append([part.numpy()[:, 0, 0, 0] for part in data])
            return super().train_step(data)

    model = Watching()
    model.compile(run_eagerly=True, steps_per_execution=1)
    model.fit((same, same), batch_size=10, verbose=0)
    first, second = (np.concatenate(side) for side in zip(*pairs, strict=True))
    np.testing.assert_array_equal(np.sort(first), np.sort(second))
    assert np.mean(first == second) < 0.2


def test_an_epoch_goes_once_through_the_larger_set():
    seen = []

    class Watching(sketches.OfTwoSets):
        def train_step(self, data):
            seen.append([len(part) for part in data])
            return super().train_step(data)

    model = Watching()
    model.compile(run_eagerly=True, steps_per_execution=1)
    model.fit((IMAGES, OTHERS), batch_size=10, verbose=0)
    assert seen == 4 * [[10, 10]]


def test_a_smaller_set_begins_anew_each_in_its_own_time():
    taken = Order(25, 10, seed=3, shuffle=True, steps_per_epoch=4, full=True)
    steps = np.concatenate([taken.of_step(step) for step in range(10)])
    for first in (0, 25, 50, 75):
        np.testing.assert_array_equal(np.sort(steps[first : first + 25]), np.arange(25))
    assert not np.array_equal(steps[:25], steps[25:50])
    few = Order(3, 10, seed=3, shuffle=True, steps_per_epoch=4, full=True)
    assert np.bincount(few.of_step(0)).min() >= 3


def test_a_run_with_labels_goes_on_after_a_stop(tmp_path):
    make, x, y = CASES["labels"]
    whole, history = trained(make, x, y, callbacks=[gk.callbacks.Resume(tmp_path / "whole")])
    for epochs in (1, 3):
        model = make()
        model.compile(keras.optimizers.SGD(0.01), steps_per_execution=1)
        resume = gk.callbacks.Resume(tmp_path / "parts")
        last = model.fit(x, y, batch_size=10, epochs=epochs, verbose=0, callbacks=[resume])
    np.testing.assert_array_equal(model.get_weights()[0], whole.get_weights()[0])
    assert last.history["loss"] == history["loss"]
    other = make()
    other.compile(keras.optimizers.SGD(0.01), steps_per_execution=1)
    with pytest.raises(ValueError, match="differs in y"):
        other.fit(
            x,
            y[::-1],
            batch_size=10,
            verbose=0,
            callbacks=[gk.callbacks.Resume(tmp_path / "parts")],
        )


@pytest.mark.parametrize(
    ("contract", "x", "y", "message"),
    [
        (Contract((Images(SHAPE),)), IMAGES, LABELS, "from images alone.*Leave y out"),
        (
            Contract((Images(SHAPE),), Labels(3), required=True),
            IMAGES,
            None,
            "Expected labels beside x",
        ),
        (Contract((Images(SHAPE),), Labels(3)), IMAGES, LABELS + 1, "from 1 to 3"),
        (Contract((Images(SHAPE),), Labels(3)), IMAGES, LABELS / 2, "integers.*float64"),
        (Contract((Images(SHAPE),), Labels(3)), IMAGES, np.eye(3)[LABELS], "argmax"),
        (Contract((Images(SHAPE),), Labels(3)), IMAGES, LABELS[:, None], r"labels\[:, 0\]"),
        (Contract((Images(SHAPE),), Labels(3)), IMAGES.reshape(40, 64), LABELS, r"reshape\(-1, 8"),
        (Contract((Images(SHAPE),), Labels((3, 2))), IMAGES, LABELS, r"\(n, 2\)"),
        (Contract((Images(SHAPE),), Labels(3)), IMAGES, LABELS[:7], "as many labels.*7 and 40"),
        (Contract((Images(SHAPE),), Words()), IMAGES, LABELS, r"strings \(n,\).*int"),
        (Contract(2 * (Images(SHAPE),)), IMAGES, None, "as two arrays"),
        (Contract(2 * (Images(SHAPE),)), (IMAGES,), None, "as 2 arrays. Received: 1"),
        (Contract(2 * (Images(SHAPE),)), (IMAGES, OTHERS * 255), None, r"x\[1\].*images / 255"),
        (Contract(2 * (Images(SHAPE),)), (IMAGES, OTHERS), LABELS, "no targets"),
        (
            Contract(2 * (Images(SHAPE),)),
            tf.data.Dataset.from_tensor_slices(IMAGES).batch(5),
            None,
            "of 1 parts.*zip",
        ),
    ],
)
def test_what_does_not_fit_the_contract_is_named(contract, x, y, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        gk.pipeline.checked(contract, x, y)


def test_a_setting_called_like_an_argument_hides_no_other_run(tmp_path):
    class Diffusing(sketches.OfLabels):
        def get_config(self):
            return {**super().get_config(), "steps": 1000, "x": 5, "initial_epoch": 7}

    def go(images, **options):
        model = Diffusing(3)
        model.compile(keras.optimizers.SGD(0.01), steps_per_execution=1)
        resume = gk.callbacks.Resume(tmp_path)
        options = {"batch_size": 10, "epochs": 1, "verbose": 0, "callbacks": [resume], **options}
        return model.fit(images, LABELS, **options).history

    go(IMAGES, steps_per_epoch=2)
    assert len(go(IMAGES, steps_per_epoch=2, epochs=2)["loss"]) == 2
    with pytest.raises(ValueError, match=r"differs in steps \(2 there, 3 here\)"):
        go(IMAGES, steps_per_epoch=3, epochs=2)
    with pytest.raises(ValueError, match="differs in x"):
        go(IMAGES[::-1], steps_per_epoch=2, epochs=2)


def test_narrow_labels_of_a_stream_are_those_of_an_array():
    narrow = np.stack([LABELS + 100, LABELS + 150], 1).astype("uint8")  # 150 + 300 wraps

    def learned(*data, **options):
        model = sketches.OfLabels((300, 200))
        model.compile(keras.optimizers.SGD(0.01), steps_per_execution=1)
        model.fit(*data, shuffle=False, verbose=0, **options)
        return model.get_weights()[0]

    stream = tf.data.Dataset.from_tensor_slices((IMAGES, narrow)).batch(10)
    np.testing.assert_allclose(learned(IMAGES, narrow, batch_size=10), learned(stream), rtol=1e-6)


def test_two_sets_as_keras_users_pass_them():
    make = sketches.OfTwoSets
    for data in ((IMAGES, OTHERS), [IMAGES, OTHERS]):
        trained(make, data, None, validation_data=((IMAGES, OTHERS),))
    model, _ = trained(make, (IMAGES, OTHERS), None)
    for call in (model.fit, model.evaluate, model.train_on_batch):
        with pytest.raises(ValueError, match=r"as both sets.*fit\(\(first, second\)\)"):
            call(IMAGES, OTHERS)


def test_weights_hold_no_place_for_targets_of_another_kind():
    contract = Contract((Images(SHAPE),), Labels(3))
    with pytest.raises(ValueError, match="Expected labels where sample_weight is given"):
        gk.pipeline.checked(contract, IMAGES, None, np.ones(40))


def test_several_labels_come_back_from_a_file(tmp_path):
    model, _ = trained(*CASES["several labels"])
    model.save(tmp_path / "model.keras")
    custom = {"OfLabels": sketches.OfLabels}
    again = keras.models.load_model(tmp_path / "model.keras", custom_objects=custom)
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])
    assert again.contract == model.contract
    again.fit(IMAGES, SEVERAL, verbose=0)


def test_weights_are_refused_where_images_come_together_by_chance():
    model = sketches.OfTwoSets()
    model.compile()
    with pytest.raises(ValueError, match="Expected no sample_weight"):
        model.fit((IMAGES, OTHERS), sample_weight=np.ones(40), verbose=0)


def test_a_gan_refuses_targets_and_takes_weights():
    model = small_models.make("dcgan")
    images = small_models.IMAGES
    with pytest.raises(ValueError, match="this model learns from images alone"):
        model.fit(images, images, verbose=0)
    with pytest.raises(ValueError, match="this model learns from images alone"):
        model.fit(tf.data.Dataset.from_tensor_slices((images, images)).batch(8), verbose=0)
    weights = np.ones(len(images), "float32")
    model.fit(images, sample_weight=weights, batch_size=8, verbose=0)
    other = small_models.make("dcgan")
    triples = tf.data.Dataset.from_tensor_slices((images, images, weights)).batch(8)
    other.fit(triples, verbose=0)


@pytest.mark.parametrize("kind", small_models.KINDS)
def test_each_model_says_what_it_learns_from(kind):
    contract = small_models.make(kind).contract
    assert contract.sets == (Images(small_models.SHAPE),)
    assert contract.targets == (None if kind == "dcgan" else Images(small_models.SHAPE))
