import json
import subprocess
import sys

import h5py
import numpy as np
import pytest

import nodes_unet
from nodes_unet import InputError, build
from nodes_unet.checkpoint import Description, read_description, save
from nodes_unet.data.preprocessing import Preprocessing

ARGUMENTS = {"position": 5, "input_shape": [16, 16, 3], "filters": 2, "tolerance": 1e-4}
DESCRIPTION = Description(
    "ode_unet",
    ARGUMENTS,
    ("background", "white", "red"),
    Preprocessing((16, 16), 3.0, 4),
    thresholds={"white": 0.4},
    post_processing={"watershed": True, "smallest": 12, "compactness": 0.5},
    epoch=7,
    val_loss=0.25,
)


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "best.h5"
    save(build("ode_unet", **ARGUMENTS), DESCRIPTION, path)
    return path


def test_the_description_comes_back(checkpoint):
    assert read_description(checkpoint) == DESCRIPTION


def test_loaded_blocks_keep_their_tolerance(checkpoint):
    assert nodes_unet.load(checkpoint).get_layer("stage5_ode").tolerance == 1e-4


@pytest.mark.parametrize("imports", ["import nodes_unet, keras", "import keras, nodes_unet"])
def test_keras_opens_it_after_importing_the_package_in_any_order(checkpoint, imports):
    printed = f"print(keras.models.load_model({str(checkpoint)!r}).get_layer('stage5_ode').tolerance)"
    assert output(f"{imports}; {printed}") == "0.0001"


def test_keras_opens_a_count_head_after_importing_the_package_alone(tmp_path):
    arguments = {"network": "unet", "arguments": {"input_shape": [16, 16, 3], "filters": 2}, "counted": 2}
    path = tmp_path / "counts.h5"
    save(build("count_head", **arguments), Description("count_head", arguments, ("a", "b", "c"), Preprocessing()), path)
    printed = f"print(keras.models.load_model({str(path)!r}).output_shape)"
    assert output(f"import nodes_unet, keras; {printed}") == "(None, 2)"


def test_importing_the_package_alone_loads_no_framework():
    script = "import sys, nodes_unet; print(sorted({'tensorflow', 'keras', 'segmentation_models'} & set(sys.modules)))"
    assert output(script) == "[]"


def output(script):
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_there_is_no_optimizer_state_in_it(tmp_path):
    model = build("unet", input_shape=(16, 16, 3), filters=2)
    model.compile("adam", "mse", jit_compile=False)
    model.train_on_batch(np.zeros((1, 16, 16, 3)), np.zeros((1, 16, 16, 3)))
    save(
        model,
        Description("unet", {"input_shape": [16, 16, 3], "filters": 2}, ("a", "b", "c"), Preprocessing()),
        tmp_path / "a.h5",
    )
    with h5py.File(tmp_path / "a.h5") as file:
        assert list(file) == ["model_weights"]


def test_initial_weights_of_an_encoder_are_not_asked_for_again(tmp_path):
    arguments = {"input_shape": [32, 32, 3]}
    described = Description(
        "attention_linknet", arguments | {"encoder_weights": "imagenet"}, ("a", "b"), Preprocessing()
    )
    model = build("attention_linknet", **arguments)
    save(model, described, tmp_path / "best.h5")
    loaded = nodes_unet.load(tmp_path / "best.h5")  # offline, where asking for them fails
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])


def test_a_description_from_before_there_was_post_processing_has_none(checkpoint):
    with h5py.File(checkpoint, "a") as file:
        fields = json.loads(file.attrs["nodes_unet"])
        del fields["post_processing"]
        file.attrs["nodes_unet"] = json.dumps(fields)
    assert read_description(checkpoint).post_processing == {}


def test_a_changed_weight_is_noticed(checkpoint):
    with h5py.File(checkpoint, "a") as file:
        found = []
        file.visititems(lambda name, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
        found[0][...] = found[0][()] + 1
    with pytest.raises(InputError, match=r"best\.h5 does not hold what its digest says"):
        nodes_unet.load(checkpoint)


def test_a_changed_description_is_noticed(checkpoint):
    with h5py.File(checkpoint, "a") as file:
        file.attrs["nodes_unet"] = file.attrs["nodes_unet"].replace("0.0001", "0.01")
    with pytest.raises(InputError, match="digest"):
        nodes_unet.load(checkpoint)


def test_a_network_that_the_registry_does_not_know_is_refused_not_run(checkpoint):
    with h5py.File(checkpoint, "a") as file:
        fields = json.loads(file.attrs["nodes_unet"])
        file.attrs["nodes_unet"] = json.dumps(fields | {"network": "os.system"})
    with pytest.raises(InputError, match="unknown network"):
        nodes_unet.load(checkpoint)


@pytest.mark.parametrize(
    "change",
    [
        {"network": ["unet"]},
        {"arguments": [1]},
        {"preprocessing": {"size": None, "scaling": "eval"}},
        {"classes": 3},
        {"post_processing": {"erosion": 3}},
        {"post_processing": {"smallest": "200"}},
        {"post_processing": 3},
    ],
)
def test_a_description_of_odd_parts_is_refused(checkpoint, change):
    with h5py.File(checkpoint, "a") as file:
        fields = json.loads(file.attrs["nodes_unet"])
        file.attrs["nodes_unet"] = json.dumps(fields | change)
    with pytest.raises(InputError, match=r"best\.h5 has a description that cannot be read"):
        nodes_unet.load(checkpoint)


def test_a_description_cannot_ask_for_initial_weights(tmp_path):
    """A file from outside must not make this machine download or open another one."""
    arguments = {"input_shape": [32, 32, 3]}
    described = Description("attention_linknet", arguments, ("a", "b"), Preprocessing())
    save(build("attention_linknet", **arguments), described, tmp_path / "best.h5")
    with h5py.File(tmp_path / "best.h5", "a") as file:
        fields = json.loads(file.attrs["nodes_unet"])
        fields["arguments"]["encoder_weights"] = "another.h5"
        file.attrs["nodes_unet"] = json.dumps(fields)
    with pytest.raises(InputError, match="digest"):
        nodes_unet.load(tmp_path / "best.h5")


@pytest.mark.parametrize("name", ["best.weights.h5", "best.keras", "best"])
def test_a_checkpoint_may_have_any_name(checkpoint, name):
    checkpoint.rename(checkpoint.with_name(name))
    assert nodes_unet.load(checkpoint.with_name(name)).count_params() > 0


def test_a_file_cut_short_is_named(checkpoint):
    checkpoint.write_bytes(checkpoint.read_bytes()[:-2000])
    with pytest.raises(InputError, match=r"best\.h5 is cut short"):
        nodes_unet.load(checkpoint)


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all"])
def test_other_files_are_named(tmp_path, content):
    path = tmp_path / "other.h5"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"other\.h5"):
        read_description(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.h5 does not exist"):
        nodes_unet.load(tmp_path / "none.h5")


def test_a_folder_that_cannot_be_written_is_named_and_left_alone(tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match="cannot be written"):
        save(build("unet", input_shape=(16, 16, 3), filters=2), DESCRIPTION, tmp_path / "file" / "best.h5")
    assert (tmp_path / "file").read_text() == "kept"
