"""Several devices, shown with two logical CPUs in a process of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nodes_unet import InputError
from nodes_unet.devices import describe, devices, jit_compile, scope

TRAIN_ON = """
import json, sys, tempfile, warnings
warnings.simplefilter("ignore")
import tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
import pandas as pd
from nodes_unet.checkpoint import Description
from nodes_unet.data.batches import Batches
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.splits import all_copies
from nodes_unet.data.store import Dataset
from nodes_unet.ode import ode_blocks
from nodes_unet.training import Fitting, train

dataset = Dataset(sys.argv[1])


def as_they_are(image, mask, index, copy):
    return image, mask


batches = [
    Batches(dataset.splits[split], all_copies(range(count), 1), 4, Preprocessing(), as_they_are, seed)
    for split, count, seed in (("train", 16, 0), ("test", 4, None))
]


def losses(network, number, **own):
    arguments = {"input_shape": [32, 32, 3], "filters": 4, "dropout": 0, **own}
    description = Description(network, arguments, dataset.classes, Preprocessing())
    with tempfile.TemporaryDirectory() as folder:
        fitting = Fitting(3, plateau={"patience": 1, "factor": 0.5})
        model = train(description, *batches, fitting, folder, seed=0, number_of_devices=number)
        history = pd.read_csv(folder + "/history.csv")[["loss", "val_loss"]]
        return history.to_numpy().ravel().tolist(), [block.nfe for block in ode_blocks(model)]


print(json.dumps({
    "unet": [losses("unet", number) for number in (1, 2)],
    "ode_unet": [losses("ode_unet", number, position=5) for number in (1, 2)],
}))
"""


@pytest.fixture(scope="module")
def losses(disc_file):
    """Of one device and of two, by network; trained one after the other in one process, like the rows of a table."""
    run = subprocess.run([sys.executable, "-c", TRAIN_ON, disc_file], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize(("network", "tolerance"), [("unet", 1e-4), ("ode_unet", 1e-2)])
def test_two_devices_train_as_one_at_the_same_global_batch(losses, network, tolerance):
    # with an ODE-block each replica chooses its own steps, by the error norm over its part of the batch
    (one, nfe_of_one), (two, nfe_of_two) = losses[network]
    assert nfe_of_one == nfe_of_two
    assert len(one) == 6
    assert one == pytest.approx(two, abs=tolerance)
    assert one[0] > one[-2]


def test_one_device_is_the_default_on_a_machine_without_gpus():
    if any("GPU" in name for name in devices()):
        pytest.skip("this machine has a GPU, which is the default then")
    assert len(devices()) == 1
    assert jit_compile(devices()) is False
    with scope(devices()):
        pass


def test_more_devices_than_there_are_is_an_input_error():
    with pytest.raises(InputError, match="--devices 99: this machine shows"):
        devices(99)


def test_xla_is_left_to_keras_on_gpus():
    assert jit_compile(["/device:GPU:0"]) == "auto"


def test_records_name_the_machine():
    described = describe(["/device:CPU:0"])
    assert described["processor"] and described["devices"] and described["instructions"]
    if Path("/proc/cpuinfo").exists():
        usable = len(os.sched_getaffinity(0))
        assert described["processor"].startswith(f"{usable} x ") and len(described["model"]) == 3


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not keep a process to one processor")
def test_a_machine_has_the_processors_that_the_process_may_use():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert describe([])["processor"].startswith("1 x ")
    finally:
        os.sched_setaffinity(0, before)
