"""What `fit` and `evaluate` take: every form of data that users have, and remedies that work."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import IMAGES, KINDS, SHAPE, dataset, make

import gk
from gk.states import put_back, values_of

COLOUR = np.repeat(np.concatenate([IMAGES, IMAGES[:, :, :4]], axis=2), 3, axis=-1)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


class Batches(keras.utils.PyDataset):
    """Images batch by batch, as from a file."""

    def __init__(self, images):
        super().__init__()
        self.images = images

    def __len__(self):
        return len(self.images) // 8

    def __getitem__(self, index):
        return self.images[8 * index : 8 * index + 8]


def generator_of(images):
    for start in range(0, len(images), 8):
        yield images[start : start + 8]


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[:, :4], r"Received: shape \(64, 4, 8, 1\)\.$"),
        (IMAGES - 3, r"values from -.*images\.min\(\)"),
        (IMAGES * np.nan, r"NaN or infinite values in 64 of 64 images"),
        (IMAGES[:0], r"no images"),
        (dataset(IMAGES * 255), r"the first batch of x .*images / 255"),
        (dataset(IMAGES).take(0), r"no batch at all"),
        (Batches(IMAGES * 255), r"the first batch of x .*images / 255"),
        (generator_of(IMAGES * 255), r"the first batch of x .*images / 255"),
        (dataset((IMAGES, np.arange(64))), r"shape \(8,\)\. Labels.*map\(lambda x, y: x\)"),
        (dataset({"image": IMAGES, "label": np.arange(64)}), r"keys 'image', 'label'.*batch\["),
        (tf.data.Dataset.from_tensor_slices(IMAGES), r"single images.*x\.batch\(32\)"),
        ([IMAGES], "Received: list. Pass the array itself"),
        (list(IMAGES), r"Received: list. Make one array of them: np\.stack"),
        ("pictures/", "Received: str"),
        (None, "Received: NoneType"),
    ],
)
def test_what_is_no_set_of_images_is_refused_before_training(images, message):
    model = make("vae")
    before = values_of(model)
    with pytest.raises(ValueError, match=message):
        model.fit(images, verbose=0)
    for old, new in zip(before, values_of(model), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("call", ["fit", "evaluate"])
def test_every_call_of_every_model_looks_at_its_data(kind, call):
    model = make(kind)
    with pytest.raises(ValueError, match=r"Expected x as floats \(n, 8, 8, 1\) in \[0, 1\]"):
        getattr(model, call)(IMAGES * 255, verbose=0)
    with pytest.raises(ValueError, match=r"the targets in y|no targets beside x"):
        getattr(model, call)(IMAGES, np.arange(64), verbose=0)


@pytest.mark.parametrize("named", ["validation_data", "x"])
def test_validation_data_are_looked_at(named):
    bad = np.where(np.arange(64).reshape(-1, 1, 1, 1) == 5, np.nan, IMAGES)
    model = make("vae")
    for data in (bad, (bad, IMAGES), [bad, IMAGES], dataset(bad)):
        with pytest.raises(ValueError, match=r"validation_data.*NaN or infinite values in 1 of"):
            model.fit(IMAGES, validation_data=data, verbose=0)


def follow(advice, images):
    """Does what the last sentence of an error says."""
    return eval(advice.rsplit(": ", 1)[1].rstrip("."), {"np": np, "images": images})


@pytest.mark.parametrize(
    "images",
    [
        (IMAGES * 255).astype("uint8"),
        (IMAGES * 65_535).astype("uint16"),
        IMAGES > 0.5,
        (IMAGES > 0.5).astype("int64"),
        IMAGES * 255,
        IMAGES * 257,
        IMAGES * 65_535,
        IMAGES * 1e6,
        IMAGES * 1.11 - 0.05,
        2 * IMAGES - 1,
        5 * IMAGES - 2,
        IMAGES[..., 0],
        IMAGES[0],
        np.where(IMAGES > 0.999, np.inf, IMAGES),
    ],
    ids=lambda images: f"{images.dtype}{images.shape}{images.min():.3g}..{images.max():.3g}",
)
def test_following_the_advice_leads_to_images_that_are_taken(images):
    model = make("autoencoder")
    with pytest.raises(ValueError, match="Expected images as floats") as told:
        model.encode(images)
    mended = follow(str(told.value), images)
    assert mended.min() >= 0
    assert mended.max() <= 1
    assert len(model.encode(mended)) == len(mended)


def test_advice_fits_the_largest_value():
    model = make("autoencoder")
    for largest, divisor in ((200, 255), (255, 255), (257, 65_535), (65_535, 65_535)):
        with pytest.raises(ValueError, match=rf"images / {divisor}\."):
            model.encode(IMAGES / IMAGES.max() * largest)


def test_one_colour_image_lacks_a_batch_and_not_a_channel():
    model = gk.Autoencoder((8, 12, 3), 2, filters=2)
    with pytest.raises(ValueError, match=r"Add the batch: images\[None\]"):
        model.encode(COLOUR[0])


def test_rounding_beyond_the_range_is_tolerated():
    model = make("autoencoder")
    model.fit(np.clip(IMAGES, 0.1, 1) * np.float32(1 + 5e-7), verbose=0)
    model.fit(np.clip(IMAGES, 0, 0.9) - np.float32(5e-7), verbose=0)


def test_every_form_of_the_same_images_gives_the_same_weights(kind):
    """Takes more than ten seconds: nine trainings and evaluations, step by step in Python."""
    forms = {
        "array": lambda: IMAGES,
        "doubles": lambda: IMAGES.astype("float64"),
        "tensor": lambda: tf.constant(IMAGES),
        "dataset": lambda: dataset(IMAGES),
        "dataset of doubles": lambda: dataset(IMAGES.astype("float64")),
        "dataset of tuples": lambda: dataset((IMAGES,)),
        "dataset of pairs": lambda: dataset((IMAGES, IMAGES)),
        "PyDataset": lambda: Batches(IMAGES),
        "generator": lambda: generator_of(IMAGES),
    }
    model, ends = make(kind), {}
    if model.contract.targets is None:
        del forms["dataset of pairs"]
    model.compile(run_eagerly=True)
    start = values_of(model)
    for name, form in forms.items():
        put_back(model, start)
        batch = {"batch_size": 8} if name in ("array", "doubles", "tensor") else {}
        model.fit(form(), shuffle=False, verbose=0, **batch)
        ends[name] = [weight.numpy() for weight in model.trainable_variables]
        assert np.isfinite(model.evaluate(form(), verbose=0, return_dict=True)["loss"])
    for name, weights in ends.items():
        for one, other in zip(weights, ends["array"], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5, err_msg=name)


def test_half_precision_images_are_taken():
    make("vae").fit(dataset(IMAGES.astype("float16")), verbose=0)


# Weights, splits, steps


def test_images_of_weight_zero_do_not_count(kind):
    weights = (np.arange(64) < 32).astype("float32")
    ends = []
    for changed in (0.0, 0.5):
        images = IMAGES.copy()
        images[32:] = changed
        model = make(kind)
        weighed = {"sample_weight": weights, "batch_size": 64, "verbose": 0}
        if kind == "dcgan":
            # Batch and generated images share one weight each: only the loss on real ones counts.
            model.fit(images, **weighed)
            ends.append(model.discriminator.trainable_variables[-1].numpy())
        else:
            logs = model.fit(images, **weighed).history
            assert model.evaluate(images, **weighed, return_dict=True)["loss"] > 0
            ends.append([*(values[0] for values in logs.values())])
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-4)


def test_logged_means_and_scores_are_weighted():
    model = make("autoencoder")
    whole = {"batch_size": 64, "verbose": 0, "return_dict": True}
    weights = np.arange(64, dtype="float32")
    errors = [model.evaluate(image[None], verbose=0, return_dict=True)["loss"] for image in IMAGES]
    logs = model.evaluate(IMAGES, sample_weight=weights, **whole)
    assert logs["loss"] == pytest.approx(np.average(errors, weights=weights), rel=1e-5)
    assert logs["loss"] != pytest.approx(np.mean(errors), rel=1e-3)


@pytest.mark.parametrize("weights", [[], np.ones(3), -np.ones(64), np.full(64, np.nan)])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(ValueError, match="Expected sample_weight as 64 numbers of at least 0"):
        make("vae").fit(IMAGES, sample_weight=weights, verbose=0)
    with pytest.raises(ValueError, match="Give each image its sample_weight"):
        make("vae").fit(IMAGES, class_weight={0: 1.0}, verbose=0)


class Recorder(gk.Autoencoder):
    """Notes which images each step sees, by their first pixel."""

    def train_step(self, data):
        self.seen.append(np.round(data[0][:, 0, 0, 0].numpy() * 64).astype(int).tolist())
        return super().train_step(data)


NUMBERED = np.zeros((64, *SHAPE), "float32")
NUMBERED[:, 0, 0, 0] = np.arange(64) / 64


def recorder(seed=0):
    keras.utils.set_random_seed(0)
    model = Recorder(SHAPE, 3, filters=2, seed=seed)
    model.seen = []
    model.compile(run_eagerly=True, steps_per_execution=1)
    return model


def test_each_epoch_sees_every_image_once_and_in_another_order():
    orders = []
    for seed in (0, 0, 1):
        model = recorder(seed)
        model.fit(NUMBERED, batch_size=10, epochs=2, verbose=0)
        assert [len(batch) for batch in model.seen] == 2 * [10, 10, 10, 10, 10, 10, 4]
        orders.append(np.concatenate(model.seen).reshape(2, 64))
    for order in orders:
        np.testing.assert_array_equal(np.sort(order, axis=1), [np.arange(64)] * 2)
        assert np.mean(order[0] == order[1]) < 0.2
    np.testing.assert_array_equal(orders[0], orders[1])
    assert np.mean(orders[0] == orders[2]) < 0.2


def test_another_call_of_fit_goes_on_instead_of_beginning_anew():
    apart, together = recorder(), recorder()
    for _ in range(3):
        apart.fit(NUMBERED, batch_size=16, verbose=0)
    together.fit(NUMBERED, batch_size=16, epochs=3, verbose=0)
    assert apart.seen == together.seen
    passes = np.concatenate(apart.seen).reshape(3, 64)
    assert max(np.mean(passes[0] == passes[1]), np.mean(passes[1] == passes[2])) < 0.2


def test_gradients_that_are_accumulated_leave_orders_as_they_are():
    model = recorder()
    model.compile(
        keras.optimizers.Adam(gradient_accumulation_steps=4),
        run_eagerly=True,
        steps_per_execution=1,
    )
    model.fit(NUMBERED, batch_size=64, epochs=3, verbose=0)
    assert int(model._steps()) == 3
    assert np.mean(np.equal(*model.seen[:2])) < 0.2


def test_unshuffled_images_come_as_they_are():
    model = recorder()
    model.fit(NUMBERED, batch_size=16, shuffle=False, epochs=2, verbose=0)
    np.testing.assert_array_equal(np.concatenate(model.seen), 2 * [*range(64)])


def test_a_split_leaves_the_last_images_out_and_shuffles_as_always():
    model, without = recorder(), recorder()
    history = model.fit(NUMBERED, batch_size=16, epochs=2, validation_split=0.25, verbose=0).history
    without.fit(NUMBERED[:48], batch_size=16, epochs=2, verbose=0)
    assert model.seen == without.seen
    score = model.evaluate(NUMBERED[48:], verbose=0, return_dict=True)["loss"]
    assert history["val_loss"][-1] == pytest.approx(score, rel=1e-5)
    for share in (0.99, 1.0):
        with pytest.raises(ValueError, match="leave images on both sides"):
            model.fit(NUMBERED, validation_split=share, verbose=0)
    with pytest.raises(ValueError, match="pass validation_data"):
        model.fit(dataset(IMAGES), validation_split=0.5, verbose=0)


def test_an_endless_pydataset_is_taken():
    class Endless(Batches):
        @property
        def num_batches(self):
            return None

    model = make("vae")
    model.fit(Endless(IMAGES), steps_per_epoch=4, verbose=0)
    assert int(model._steps()) == 4


def test_single_batches_are_looked_at_too():
    model = make("vae")
    for call in (model.train_on_batch, model.test_on_batch):
        with pytest.raises(ValueError, match=r"images\.astype"):
            call((IMAGES * 255).astype("uint8"))
    model.train_on_batch(IMAGES)
    model.encoder.trainable = False
    before = model.encoder.get_weights()
    model.train_on_batch(IMAGES)
    for old, new in zip(before, model.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_spans_of_steps_go_on_where_the_last_one_ended():
    model, passes = recorder(), recorder()
    model.fit(NUMBERED, batch_size=16, steps_per_epoch=3, epochs=4, verbose=0)
    passes.fit(NUMBERED, batch_size=16, epochs=3, verbose=0)
    assert [len(batch) for batch in model.seen] == 12 * [16]
    for number in range(3):
        seen = np.concatenate(model.seen[4 * number : 4 * number + 4])
        np.testing.assert_array_equal(np.sort(seen), np.arange(64))
