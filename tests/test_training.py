import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest

import nodes_unet
from nodes_unet import InputError, TrainingError
from nodes_unet.checkpoint import Description
from nodes_unet.data.augmentation import Augmentation, Augmenter
from nodes_unet.data.batches import Batches
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.splits import split_items
from nodes_unet.data.store import Dataset
from nodes_unet.errors import SolverWarning
from nodes_unet.schedule import learning_rate
from nodes_unet.training import Fitting, _WatchEvaluations, compiled, train

# A training in a process of its own: network with dropout and an ODE-block, shuffled augmented batches.
TRAINING = """
import sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from tests_of_training import ingredients
from nodes_unet.training import Fitting, train

data, folder, epochs = sys.argv[1:]
network = ("ode_unet", {"input_shape": [32, 32, 3], "filters": 2, "dropout": 0.3, "position": 5})
model = train(*ingredients(data, *network), Fitting(int(epochs), learning_rate=1e-2), folder, seed=3)
np.savez(folder + "/final.npz", *[np.asarray(variable) for variable in model.variables])
"""


def ingredients(path, network="unet", arguments=None, batch_size=4, labels=None):
    dataset = Dataset(path)
    split = dataset.splits["train"]
    preprocessing = Preprocessing(size=(32, 32))
    augmenter = Augmenter(Augmentation(), seed=3)
    items, held_out = split_items(split.groups, 2, 0.25, "group", seed=3)
    arguments = arguments or {"input_shape": [32, 32, 3], "filters": 2, "dropout": 0}
    return (
        Description(network, arguments, dataset.classes, preprocessing),
        Batches(split, items, batch_size, preprocessing, augmenter, seed=3),
        Batches(split, held_out, batch_size, preprocessing, augmenter),
    )


def start(tmp_path, disc_file, folder, epochs):
    """A training in a real process."""
    shutil.copy(__file__, tmp_path / "tests_of_training.py")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    (tmp_path / folder).mkdir(exist_ok=True)
    command = [sys.executable, "-c", TRAINING, str(disc_file), str(tmp_path / folder), str(epochs)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def finish(process):
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def weights(path):
    with np.load(path) as stored:
        return [stored[name] for name in stored.files]


def test_a_killed_training_resumes_and_ends_with_the_same_weights_bit_for_bit(tmp_path, disc_file):
    epochs = 6
    finish(start(tmp_path, disc_file, "undisturbed", epochs))

    killed = start(tmp_path, disc_file, "killed", epochs)
    history = tmp_path / "killed" / "history.csv"
    while not history.exists() or len(pd.read_csv(history)) < 2:
        assert killed.poll() is None, "the training ended before it could be killed"
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert 2 <= len(pd.read_csv(history)) < epochs
    assert not (tmp_path / "killed" / "final.npz").exists()
    finish(start(tmp_path, disc_file, "killed", epochs))

    for expected, resumed in zip(
        weights(tmp_path / "undisturbed" / "final.npz"), weights(tmp_path / "killed" / "final.npz"), strict=True
    ):
        np.testing.assert_array_equal(resumed, expected)
    columns = ["epoch", "loss", "val_loss"]
    pd.testing.assert_frame_equal(
        pd.read_csv(history)[columns], pd.read_csv(tmp_path / "undisturbed" / "history.csv")[columns], check_exact=True
    )
    first, second = (
        nodes_unet.load(tmp_path / folder / "best.h5").get_weights() for folder in ("undisturbed", "killed")
    )
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_training_learns_and_keeps_the_weights_of_the_lowest_val_loss(tmp_path, disc_file):
    description, training, validation = ingredients(disc_file)
    model = train(description, training, validation, Fitting(8, learning_rate=3e-2), tmp_path, seed=0)
    history = pd.read_csv(tmp_path / "history.csv")
    assert history["loss"].iloc[-1] < 0.8 * history["loss"].iloc[0]
    best = nodes_unet.read_description(tmp_path / "best.h5")
    assert best.val_loss == history["val_loss"].min()
    assert best.epoch == history.loc[history["val_loss"].idxmin(), "epoch"]
    kept = nodes_unet.load(tmp_path / "best.h5")
    kept.compile(loss=model.loss, jit_compile=False)
    assert kept.evaluate(validation.stream(), verbose=0) == pytest.approx(best.val_loss, rel=1e-5)


def test_a_worse_epoch_after_a_resume_does_not_replace_the_best(tmp_path, disc_file):
    train(*ingredients(disc_file), Fitting(3, learning_rate=1e-2), tmp_path, seed=0)
    best = (tmp_path / "best.h5").read_bytes()
    with h5py.File(tmp_path / "resume.h5", "a") as file:
        history = json.loads(file.attrs["history"])
        history[0]["val_loss"] = 1e-9  # an earlier epoch that no later one can beat
        file.attrs["history"] = json.dumps(history)
    train(*ingredients(disc_file), Fitting(5, learning_rate=1e-2), tmp_path, seed=0)
    assert len(pd.read_csv(tmp_path / "history.csv")) == 5
    assert (tmp_path / "best.h5").read_bytes() == best


def test_the_same_seed_gives_the_same_training_and_another_seed_another(tmp_path, disc_file):
    losses = []
    for number, seed in enumerate((1, 1, 2)):
        folder = tmp_path / str(number)
        train(*ingredients(disc_file), Fitting(1), folder, seed=seed)
        losses.append(pd.read_csv(folder / "history.csv")["loss"][0])
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize("rate", [1e30, float("nan")])
def test_a_loss_that_is_not_finite_ends_the_training_with_a_sentence(tmp_path, disc_file, rate):
    with pytest.raises(TrainingError, match=r"the loss became (nan|inf) .*: lower learning_rate"):
        train(*ingredients(disc_file), Fitting(3, learning_rate=rate), tmp_path, seed=0)


def test_a_failed_solve_ends_the_training_though_pooling_and_relu_hide_its_nan_from_the_loss(tmp_path, disc_file):
    arguments = {"input_shape": [32, 32, 3], "filters": 2, "position": 1, "tolerance": 1e-12, "max_num_steps": 1}
    description, training, validation = ingredients(disc_file, "ode_unet", arguments)
    model = description.build()
    model.compile("sgd", "sparse_categorical_crossentropy")
    images, labels = training[0]
    assert np.isfinite(model.train_on_batch(images, labels, return_dict=True)["loss"])
    with pytest.raises(TrainingError, match="a solve of stage1_ode failed in batch 1: lower learning_rate, raise"):
        train(description, training, validation, Fitting(1), tmp_path, seed=0)
    assert not (tmp_path / "best.h5").exists()


def test_a_training_killed_between_its_files_ends_with_all_of_them(tmp_path, disc_file):
    """Each epoch leaves `resume.h5` last: where it is missing, the epoch is trained again."""
    train(*ingredients(disc_file), Fitting(2), tmp_path, seed=0)
    expected, state = pd.read_csv(tmp_path / "history.csv"), (tmp_path / "resume.h5").read_bytes()
    replace, order = Path.replace, []
    with pytest.MonkeyPatch.context() as watched:
        watched.setattr(Path, "replace", lambda self, target: order.append(Path(target).name) or replace(self, target))
        train(*ingredients(disc_file), Fitting(3), tmp_path, seed=0)
    assert order[-2:] == ["history.csv", "resume.h5"]
    (tmp_path / "resume.h5").write_bytes(state)
    train(*ingredients(disc_file), Fitting(3), tmp_path, seed=0)
    history = pd.read_csv(tmp_path / "history.csv")
    assert history.epoch.tolist() == [1, 2, 3]
    pd.testing.assert_frame_equal(history[["loss", "val_loss"]][:2], expected[["loss", "val_loss"]])


@pytest.fixture(scope="module")
def state_of_an_epoch(disc_file, tmp_path_factory):
    """The bytes of the file from which a training of one epoch, seed 0, is gone on with."""
    folder = tmp_path_factory.mktemp("epoch")
    train(*ingredients(disc_file), Fitting(1), folder, seed=0)
    return (folder / "resume.h5").read_bytes()


@pytest.mark.parametrize(("fitting", "seed"), [(Fitting(2), 1), (Fitting(2, learning_rate=1e-2), 0)])
def test_the_state_of_another_training_is_not_gone_on_with(tmp_path, disc_file, state_of_an_epoch, fitting, seed):
    (tmp_path / "resume.h5").write_bytes(state_of_an_epoch)
    with pytest.raises(InputError, match=r"resume\.h5 cannot be resumed from .*another network, seed or fitting"):
        train(*ingredients(disc_file), fitting, tmp_path, seed=seed)


def test_a_damaged_resume_file_is_named(tmp_path, disc_file, state_of_an_epoch):
    (tmp_path / "resume.h5").write_bytes(state_of_an_epoch[:-1000])
    with pytest.raises(InputError, match=r"resume\.h5 cannot be resumed from"):
        train(*ingredients(disc_file), Fitting(2), tmp_path, seed=0)


@pytest.mark.parametrize(
    ("fitting", "message"),
    [(Fitting(1, loss="hinge"), "loss 'hinge'"), (Fitting(1, optimizer="adamm"), "optimizer 'adamm'")],
)
def test_unknown_settings_are_named(tmp_path, disc_file, fitting, message):
    with pytest.raises(InputError, match=message):
        train(*ingredients(disc_file), fitting, tmp_path, seed=0)


FULL_DISK = """
import resource, sys, warnings
warnings.simplefilter("ignore")
from tests_of_training import ingredients
from nodes_unet import InputError
from nodes_unet.training import Fitting, train

data, folder, limit = sys.argv[1:]
prepared = ingredients(data, "unet", {"input_shape": [32, 32, 3], "filters": 4, "dropout": 0})
resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    train(*prepared, Fitting(1), folder, seed=0)
except InputError as error:
    print(error)
"""


@pytest.mark.parametrize(("limit", "file"), [(100_000, "best.h5"), (700_000, "resume.h5")])
def test_a_full_disk_ends_the_training_with_a_sentence_and_no_torn_file(tmp_path, disc_file, limit, file):
    shutil.copy(__file__, tmp_path / "tests_of_training.py")
    command = [sys.executable, "-c", FULL_DISK, str(disc_file), str(tmp_path / "run"), str(limit)]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    assert f"{file} cannot be written (file too large)" in run.stdout
    assert {path.name for path in (tmp_path / "run").iterdir()} <= {"best.h5", "history.csv", "resume.h5"} - {file}


def test_a_block_that_takes_more_than_twice_its_early_evaluations_is_told_once():
    network = nodes_unet.build("ode_unet", position=5, input_shape=[16, 16, 3], filters=2)
    watch = _WatchEvaluations(SimpleNamespace(history=[{"stage5_ode_nfe": 7.0}]))
    watch.set_model(network)
    watch.on_epoch_end(1, {"stage5_ode_nfe": 14.0})
    with pytest.warns(SolverWarning, match=r"stage5_ode took 25.3 evaluations a solve in epoch 3, 7.0 in the first"):
        watch.on_epoch_end(2, {"stage5_ode_nfe": 25.3})
    watch.on_epoch_end(3, {"stage5_ode_nfe": 30.0})


def test_a_training_without_gain_learns_slower_and_ends_and_stays_ended(tmp_path, disc_file):
    fitting = Fitting(12, learning_rate=1.0, optimizer="sgd", early_stopping=3, plateau={"patience": 1, "factor": 0.5})
    model = train(*ingredients(disc_file), fitting, tmp_path, seed=3)
    history = pd.read_csv(tmp_path / "history.csv")
    losses = list(history.val_loss)
    assert len(history) < 12 and len(history) == losses.index(min(losses)) + 1 + 3
    expected = [learning_rate(1.0, losses[:epoch], 1, 0.5) for epoch in range(len(losses))]
    assert list(history.learning_rate) == expected and expected[-1] < 1
    again = train(*ingredients(disc_file), fitting, tmp_path, seed=3)
    assert len(pd.read_csv(tmp_path / "history.csv")) == len(history)
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_options_of_the_loss_reach_it(tmp_path, disc_file):
    description, *_ = ingredients(disc_file, arguments={"input_shape": [32, 32, 3], "filters": 2, "classes": 1})
    fitting = Fitting(1, "combo", loss_options={"alpha": 0.3, "beta": 0.6})
    loss = compiled(description, fitting, ["CPU:0"]).loss
    assert (loss.alpha, loss.cross_entropy.beta) == (0.3, 0.6)
