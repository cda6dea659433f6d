"""NaN stops a run without harm, and a run that was killed ends as if nothing had happened."""

import errno
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import IMAGES, KINDS, SHAPE, make

import gk
from gk.callbacks import Resume
from gk.states import values_of


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_nan_stops_training_with_the_last_good_weights(kind):
    model = make(kind)
    model.fit(IMAGES, batch_size=32, epochs=2, verbose=0)
    before = values_of(model)
    network = model.discriminator if kind == "dcgan" else model.decoder
    weight = network.trainable_variables[-1]

    class Poison(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            weight.assign(np.nan * weight)

    with pytest.raises(FloatingPointError, match="Try a smaller learning rate"):
        model.fit(IMAGES, batch_size=32, epochs=5, initial_epoch=2, verbose=0, callbacks=[Poison()])
    for old, new in zip(before, values_of(model), strict=True):
        np.testing.assert_array_equal(old, new)


def test_nan_in_validation_alone_does_not_blame_the_learning_rate():
    def late(value):
        return np.concatenate([IMAGES[:8], np.full((8, *SHAPE), value, "float32")])

    data = tf.data.Dataset.from_tensor_slices(late(np.nan)).batch(8)
    with pytest.raises(FloatingPointError, match=r"val_loss.*look for extreme values in valid"):
        make("vae").fit(IMAGES, validation_data=data, verbose=0)


# Resuming


class Killed(BaseException):
    pass


class Kill(keras.callbacks.Callback):
    """Ends the program's life inside of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch_of_death = epoch

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.now == self.epoch_of_death:
            raise Killed


def noting(epochs):
    """Returns a callback that notes which epochs are trained, in a list that is not its own."""
    return keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))


def run(kind, folder, epochs, stop_after=None, others=(), images=IMAGES, keep=2, fit=None, **made):
    """Trains with checkpoints; returns history, epochs and weights, or `None` when killed."""
    model = make(kind, **made)
    callbacks = [Resume(folder, keep), *others]
    if stop_after is not None:
        callbacks.append(Kill(stop_after))
    options = {"batch_size": 16, "verbose": 0, **(fit or {})}
    try:
        history = model.fit(images, epochs=epochs, callbacks=callbacks, **options)
    except Killed:
        return None
    return history.history, history.epoch, values_of(model)


def assert_same_run(first, second):
    assert first[:2] == second[:2]
    for one, other in zip(first[2], second[2], strict=True):
        np.testing.assert_array_equal(one, other)


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def trained_epochs(folder, epochs, **options):
    """Which epochs a program that is started again trains."""
    noted = []
    run("vae", folder, epochs, others=[noting(noted)], **options)
    return noted


def test_killed_equals_whole(kind, tmp_path):
    whole = run(kind, tmp_path / "whole", epochs=4)
    assert run(kind, tmp_path / "killed", epochs=4, stop_after=1) is None
    assert run(kind, tmp_path / "killed", epochs=4, stop_after=3) is None
    assert_same_run(whole, run(kind, tmp_path / "killed", epochs=4))
    # Nothing is left to do, and the same is returned.
    assert_same_run(whole, run(kind, tmp_path / "killed", epochs=4))


def test_killed_equals_whole_where_players_take_turns(tmp_path):
    made = {"d_steps": 2, "gradient_penalty": 1.0}
    whole = run("dcgan", tmp_path / "whole", epochs=3, **made)
    assert run("dcgan", tmp_path / "killed", epochs=3, stop_after=2, **made) is None
    assert_same_run(whole, run("dcgan", tmp_path / "killed", epochs=3, **made))


@pytest.mark.parametrize("fit", [{"steps_per_epoch": 3}, {"validation_split": 0.25}], ids=str)
def test_killed_equals_whole_with_other_epochs(fit, tmp_path):
    whole = run("vae", tmp_path / "whole", epochs=4, fit=fit)
    assert run("vae", tmp_path / "killed", epochs=4, stop_after=2, fit=fit) is None
    assert_same_run(whole, run("vae", tmp_path / "killed", epochs=4, fit=fit))


def test_training_goes_on_behind_the_last_epoch_and_not_from_the_start(tmp_path):
    assert run("vae", tmp_path, epochs=5, stop_after=3) is None
    assert trained_epochs(tmp_path, 5) == [3, 4]
    assert trained_epochs(tmp_path, 5) == []
    assert trained_epochs(tmp_path, 6) == [5]


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-100], lambda content: content[:-1] + b"?"]
)
def test_damaged_checkpoint_is_reported_and_the_one_before_is_used(damage, tmp_path):
    whole = run("vae", tmp_path / "whole", epochs=4)
    run("vae", tmp_path / "damaged", epochs=3)
    newest = tmp_path / "damaged" / "epoch-000003.npz"
    newest.write_bytes(damage(newest.read_bytes()))
    noted = []
    with pytest.warns(UserWarning, match=r"epoch-000003.*cannot be used.*Trying the one before"):
        again = run("vae", tmp_path / "damaged", epochs=4, others=[noting(noted)])
    assert noted == [2, 3]
    assert_same_run(whole, again)


@pytest.mark.parametrize(
    "record", ["[]", "{}", "null", "3", '{"sha256": 1, "logs": []}', "not JSON", ""]
)
def test_a_record_that_is_none_falls_back(record, tmp_path):
    run("vae", tmp_path, epochs=3)
    (tmp_path / "epoch-000003.json").write_text(record)
    with pytest.warns(UserWarning, match="Trying the one before"):
        assert trained_epochs(tmp_path, 3) == [2]


def test_checkpoint_without_its_record_does_not_count(tmp_path):
    run("vae", tmp_path, epochs=3)
    # As if the program was killed between the weights and their record.
    (tmp_path / "epoch-000003.json").unlink()
    assert trained_epochs(tmp_path, 3) == [2]


def test_as_many_checkpoints_are_kept_as_were_asked_for(tmp_path):
    for keep in (2, 3):
        run("vae", tmp_path / str(keep), epochs=5, keep=keep)
        kept = sorted(path.stem for path in (tmp_path / str(keep)).glob("*.json"))
        assert kept == [f"epoch-{n:06d}" for n in range(6 - keep, 6)] + ["run"]
        assert len(list((tmp_path / str(keep)).glob("*.npz"))) == keep
    with pytest.raises(ValueError, match="Expected keep of at least 2"):
        Resume(tmp_path, keep=1)


def test_pruning_leaves_what_this_run_wrote(tmp_path):
    run("vae", tmp_path, epochs=5)
    for newest in tmp_path.glob("epoch-000005.npz"):
        newest.write_bytes(b"damaged")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for newest in tmp_path.glob("epoch-000004.npz"):
            newest.write_bytes(b"damaged")
        # From the start, up to epoch 2, beside records of later epochs that are of no use.
        assert trained_epochs(tmp_path, 2) == [0, 1]
        assert trained_epochs(tmp_path, 3) == [2]


# A folder belongs to one run


OTHER_RUNS = {
    "latent_dim": {"latent_dim": 2},
    "seed": {"seed": 1},
    "kl_weight": {"kl_weight": 50.0},
    "likelihood": {"likelihood": "gaussian"},
    "decoder": {"filters": 8},
    "optimizer 0, learning_rate": {"rate": 0.5},
    "optimizer 0": {"optimizer": "sgd"},
    "batch_size": {"fit": {"batch_size": 8}},
    "shuffle": {"fit": {"shuffle": False}},
    "sample_weight": {"fit": {"sample_weight": np.ones(64)}},
    "validation": {"fit": {"validation_split": 0.5}},
    "x": {"images": 1 - IMAGES},
    "callbacks": {"others": [keras.callbacks.EarlyStopping("loss")]},
}


def plain_vae(latent_dim=3, rate=1e-3, optimizer=None, **options):
    keras.utils.set_random_seed(0)
    model = gk.VAE(SHAPE, latent_dim, **{"filters": 4, **options})
    model.compile(optimizer or keras.optimizers.Adam(rate), steps_per_execution=3)
    return model


@pytest.mark.parametrize("what", OTHER_RUNS)
def test_another_run_is_refused_before_training_and_nothing_is_touched(what, tmp_path):
    folder = tmp_path / "run"
    plain_vae().fit(IMAGES, batch_size=16, epochs=2, verbose=0, callbacks=[Resume(folder)])
    kept = files_in(folder)
    changes = dict(OTHER_RUNS[what])
    fit = {"batch_size": 16, **changes.pop("fit", {})}
    images, others = changes.pop("images", IMAGES), changes.pop("others", [])
    model = plain_vae(**changes)
    before = values_of(model)
    with pytest.raises(ValueError, match=rf"differs in .*{what} \(.* there, .* here\)") as told:
        model.fit(images, epochs=3, verbose=0, callbacks=[Resume(folder), *others], **fit)
    assert "Name another folder, or delete this one" in str(told.value)
    assert files_in(folder) == kept
    for old, new in zip(before, values_of(model), strict=True):
        np.testing.assert_array_equal(old, new)


def test_another_kind_of_model_is_refused(tmp_path):
    run("vae", tmp_path, epochs=1)
    with pytest.raises(ValueError, match=r"model \(VAE there, Autoencoder here\)"):
        run("autoencoder", tmp_path, epochs=1)


def test_the_same_run_is_the_same_in_a_process_that_has_built_other_models_before(tmp_path):
    run("dcgan", tmp_path, epochs=1)
    make("dcgan")  # whose layers push on the numbers in their names
    _, epochs, _ = run("dcgan", tmp_path, epochs=2)
    assert epochs == [0, 1]


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "epoch-000001.json").write_text("{}")
    with pytest.raises(ValueError, match=r"epoch-000001\.json, but without a run\.json"):
        run("vae", tmp_path, epochs=1)
    assert set(files_in(tmp_path)) <= {"epoch-000001.json", "in-use.lock"}


def test_the_next_fit_of_a_model_that_was_resumed_begins_at_its_own_beginning(tmp_path):
    run("vae", tmp_path, epochs=3)
    model = make("vae")
    fit = {"batch_size": 16, "verbose": 0}
    model.fit(IMAGES, epochs=3, callbacks=[Resume(tmp_path)], **fit)
    assert model.fit(IMAGES, epochs=2, **fit).epoch == [0, 1]


OTHER_PROCESS = """
import sys
import gk
from small_models import IMAGES, make
try:
    make("vae").fit(IMAGES, batch_size=16, verbose=0, callbacks=[gk.callbacks.Resume(sys.argv[1])])
except BlockingIOError as error:
    print(error)
"""


@pytest.mark.parametrize(
    "change",
    [
        lambda model: setattr(model, "kl_weight", 50.0),
        lambda model: setattr(model, "seed", 7),
        lambda model: setattr(model.optimizer, "learning_rate", 0.5),
        lambda model: setattr(model.encoder, "trainable", False),
    ],
    ids=["kl_weight", "seed", "learning_rate", "variables that learn"],
)
def test_what_was_changed_after_compile_counts_too(change, tmp_path):
    plain_vae().fit(IMAGES, batch_size=16, verbose=0, callbacks=[Resume(tmp_path)])
    model = plain_vae()
    change(model)
    with pytest.raises(ValueError, match="differs in"):
        model.fit(IMAGES, batch_size=16, verbose=0, callbacks=[Resume(tmp_path)])


def test_a_loaded_model_goes_on_too(tmp_path):
    model = make("vae")
    model.fit(IMAGES, batch_size=16, verbose=0)
    model.save(tmp_path / "model.keras")
    for epochs in (1, 2):
        again = keras.models.load_model(tmp_path / "model.keras")
        fit = {"batch_size": 16, "verbose": 0, "callbacks": [Resume(tmp_path / "run")]}
        assert len(again.fit(IMAGES, epochs=epochs, **fit).epoch) == epochs


def test_a_schedule_of_ones_own_needs_no_configuration(tmp_path):
    class Halves(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return 1e-3 * 0.5 ** keras.ops.cast(step, "float32")

    for epochs in (1, 2):
        model = plain_vae(optimizer=keras.optimizers.Adam(Halves()))
        fit = {"batch_size": 16, "verbose": 0, "callbacks": [Resume(tmp_path)]}
        assert len(model.fit(IMAGES, epochs=epochs, **fit).epoch) == epochs


def test_a_first_epoch_that_is_not_the_first_is_kept(tmp_path):
    fit = {"initial_epoch": 2}
    whole = run("vae", tmp_path / "whole", epochs=5, fit=fit)
    assert whole[1] == [2, 3, 4]
    assert run("vae", tmp_path / "killed", epochs=5, stop_after=3, fit=fit) is None
    for _ in range(2):
        assert_same_run(whole, run("vae", tmp_path / "killed", epochs=5, fit=fit))


def test_fewer_epochs_than_there_are_come_with_a_warning(tmp_path):
    run("vae", tmp_path, epochs=3)
    with pytest.warns(UserWarning, match="it has 3 epochs, and epochs=2 would stop before"):
        assert run("vae", tmp_path, epochs=2)[1] == [0, 1, 2]


def test_epochs_without_validation_are_gaps_in_its_history_alone(tmp_path):
    fit = {"validation_data": IMAGES[:8], "validation_freq": [1, 4]}
    whole = run("vae", tmp_path / "whole", epochs=4, fit=fit)
    assert len(whole[0]["val_loss"]) == 2
    assert run("vae", tmp_path / "killed", epochs=4, stop_after=2, fit=fit) is None
    assert_same_run(whole, run("vae", tmp_path / "killed", epochs=4, fit=fit))


def test_interrupted_in_its_first_epoch_and_called_again_in_the_same_process(tmp_path):
    whole = run("vae", tmp_path / "whole", epochs=2)
    model = make("vae")
    fit = {"batch_size": 16, "verbose": 0, "epochs": 2}
    with pytest.raises(Killed):
        model.fit(IMAGES, callbacks=[Resume(tmp_path / "run"), Kill(0)], **fit)
    history = model.fit(IMAGES, callbacks=[Resume(tmp_path / "run")], **fit)
    assert_same_run(whole, (history.history, history.epoch, values_of(model)))


def test_models_that_are_kept_in_the_same_folder_stay(tmp_path):
    keeper = keras.callbacks.ModelCheckpoint(tmp_path / "epoch-{epoch:06d}.keras")
    run("vae", tmp_path, epochs=3, others=[keeper])
    assert len(list(tmp_path.glob("*.keras"))) == 3


def test_a_second_process_is_refused_while_the_first_one_trains(tmp_path):
    told = []

    class Meanwhile(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            program = [sys.executable, "-c", OTHER_PROCESS, tmp_path / "run"]
            folder = __file__.rsplit("/", 1)[0]
            done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=folder)
            told.append(done.stdout + done.stderr)

    run("vae", tmp_path / "run", epochs=1, others=[Meanwhile()])
    assert "Another run trains in the folder" in told[0]
    assert "process " in told[0]
    assert trained_epochs(tmp_path / "run", 2) == [1]  # free again


def test_a_run_that_was_interrupted_leaves_the_folder_free_in_its_own_process(tmp_path):
    for _ in range(2):
        assert run("vae", tmp_path, epochs=2, stop_after=1) is None
    assert run("vae", tmp_path, epochs=2) is not None


def test_a_full_disk_names_the_remedy_and_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    model = make("vae")
    fit = {"batch_size": 16, "verbose": 0, "callbacks": [Resume(tmp_path)]}
    model.fit(IMAGES, epochs=1, **fit)
    kept = files_in(tmp_path)

    def fill(path, **arrays):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("gk.checkpoints.np.savez", fill)
        with pytest.raises(OSError, match=r"is full\. Make room.*that of epoch 1.*goes on from"):
            model.fit(IMAGES, epochs=2, **fit)
    assert files_in(tmp_path) == kept
    assert trained_epochs(tmp_path, 2) == [1]


def test_a_folder_that_cannot_be_written_to_is_refused_before_training(tmp_path):
    (tmp_path / "a_file").write_text("not a folder")
    noted = []
    with pytest.raises(OSError, match=r"cannot be written to.*name another folder.*Nothing was"):
        run("vae", tmp_path / "a_file" / "run", epochs=1, others=[noting(noted)])
    assert not noted


# Other callbacks, killed in between, go on as if nothing had happened


def early_stopping():
    return keras.callbacks.EarlyStopping(
        "loss", patience=3, min_delta=1e9, restore_best_weights=True
    )


def test_early_stopping_waits_as_long_as_without_a_kill(tmp_path):
    whole = run("vae", tmp_path / "whole", epochs=20, others=[early_stopping()])
    assert len(whole[1]) == 4
    folder = tmp_path / "killed"
    assert run("vae", folder, epochs=20, others=[early_stopping()], stop_after=2) is None
    assert_same_run(whole, run("vae", folder, epochs=20, others=[early_stopping()]))
    # After its end, and with more epochs than before: it has stopped.
    assert_same_run(whole, run("vae", folder, epochs=20, others=[early_stopping()]))
    assert_same_run(whole, run("vae", folder, epochs=30, others=[early_stopping()]))


def test_what_was_stopped_by_a_limit_of_time_goes_on(tmp_path):
    class Limit(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    whole = run("vae", tmp_path / "whole", epochs=4)
    assert len(run("vae", tmp_path / "run", epochs=4, others=[Limit()])[1]) == 2
    assert_same_run(whole, run("vae", tmp_path / "run", epochs=4, others=[Limit()]))


def test_a_callback_that_counts_in_its_own_argument_goes_on(tmp_path):
    class Anneal(keras.callbacks.Callback):
        def __init__(self, weight=0.0):
            super().__init__()
            self.weight = weight

        def on_epoch_begin(self, epoch, logs=None):
            self.model.kl_weight = self.weight

        def on_epoch_end(self, epoch, logs=None):
            self.weight += 5.0

    whole = run("vae", tmp_path / "whole", epochs=4, others=[Anneal()])
    assert run("vae", tmp_path / "run", epochs=4, stop_after=2, others=[Anneal()]) is None
    assert_same_run(whole, run("vae", tmp_path / "run", epochs=4, others=[Anneal()]))


def test_the_learning_rate_falls_as_without_a_kill(tmp_path):
    def reduce():
        return keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2, min_delta=1e9)

    whole = run("vae", tmp_path / "whole", epochs=6, others=[reduce()])
    assert len(set(whole[0]["learning_rate"])) > 2
    assert run("vae", tmp_path / "killed", epochs=6, others=[reduce()], stop_after=3) is None
    assert_same_run(whole, run("vae", tmp_path / "killed", epochs=6, others=[reduce()]))


def test_a_film_and_a_referee_go_on(tmp_path):
    def watchers():
        return [gk.callbacks.SampleImages(num_images=2), gk.callbacks.GameMonitor(IMAGES[:8])]

    ends = []
    for folder, stop_after in (("whole", None), ("killed", 2)):
        watching = watchers()
        if stop_after:
            assert run("dcgan", tmp_path / folder, 4, stop_after, watchers()) is None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run("dcgan", tmp_path / folder, 4, others=watching)
        ends.append(watching)
    (film, referee), (film_again, referee_again) = ends
    assert len(film_again.frames) == 4
    np.testing.assert_array_equal(film.frames, film_again.frames)
    assert referee.records == referee_again.records


def test_what_a_callback_of_ones_own_has_gathered_is_kept(tmp_path):
    class Gatherer(keras.callbacks.Callback):
        def __init__(self, name):
            super().__init__()
            self.name, self.seen, self.best = name, [], {"loss": (np.inf, -1)}
            self.by_epoch = {}

        def on_epoch_end(self, epoch, logs=None):
            self.by_epoch[epoch] = logs["loss"]
            self.seen.append((epoch, np.float32(logs["loss"])))
            self.best = {"loss": min(self.best["loss"], (logs["loss"], epoch))}

    whole, before, after = Gatherer("a"), Gatherer("a"), Gatherer("b")
    listed = after.seen
    run("vae", tmp_path / "whole", 4, others=[whole])
    assert run("vae", tmp_path / "killed", 4, stop_after=2, others=[before]) is None
    run("vae", tmp_path / "killed", 4, others=[after])
    assert after.seen == whole.seen
    assert after.seen is listed
    assert after.best == whole.best
    assert after.by_epoch == whole.by_epoch
    assert after.name == "b"  # with what it was made


def test_what_cannot_go_on_is_refused(tmp_path):
    logger = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    with pytest.raises(ValueError, match=r"CSVLogger\(…, append=True\)"):
        run("vae", tmp_path / "run", 2, others=[logger])
    other = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(ValueError, match="Leave one of them out"):
        run("vae", tmp_path / "run", 2, others=[other])


def test_progress_of_a_resumed_run_begins_where_it_stands(tmp_path, capsys):
    run("vae", tmp_path, epochs=2)
    for _ in range(2):
        run("vae", tmp_path, epochs=3, others=[gk.callbacks.Progress()])
        assert "3/3" in capsys.readouterr().out.strip().split("\r")[-1]
