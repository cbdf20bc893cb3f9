"""The command line as a user meets it: exit codes, one sentence an error, results on stdout."""

import errno
import importlib.metadata
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import h5py
import numpy as np
import pytest
from PIL import Image

from nodes_unet.errors import InputError
from reproduce import cli
from reproduce.cli import tables
from reproduce.cli.app import app
from reproduce.recipe import assumed


def call(capfd, *arguments):
    """Exit code, stdout and stderr of `reproduce ...`."""
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    captured = capfd.readouterr()
    return ended.value.code or 0, captured.out, captured.err


def refused(capfd, *arguments):
    """The one sentence with which a call is refused."""
    code, out, err = call(capfd, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("reproduce: ") and err.count("\n") == 1, err
    return err


def test_list_names_table_rows_and_presets(capfd):
    code, out, _ = call(capfd, "list")
    assert code == 0
    assert "ode-position" in out and "ODEUNet9" in out and "smoke" in out
    described = {table["id"]: table for table in json.loads(call(capfd, "list", "--json")[1])}
    assert len(described["ode-position"]["rows"]) == 10
    names = described["training-tolerance"]["rows"]
    assert names == ["1e-2", "1e-3", "1e-4", "1e-2 hairer", "1e-3 hairer", "1e-4 hairer"]


def test_audit_prints_checks_with_their_arithmetic(capfd):
    code, out, _ = call(capfd, "audit")
    assert code == 0 and "[does not hold] abbas2023: MBConv blocks" in out and "checks hold" in out
    described = json.loads(call(capfd, "audit", "--json")[1])
    assert set(described[0]) == {"paper", "question", "arithmetic", "holds"}


@pytest.mark.parametrize("without", [["--layer", "records"], ["--junit", "check.xml"], ["--json"]])
def test_an_update_of_the_reference_is_whole(capfd, without):
    assert without[0] in refused(capfd, "check", "--update", "a reason", *without)


def test_a_place_without_rights_is_named(capfd, tmp_path, monkeypatch):
    """Root, as which tests may run, has all rights: the system's answer is put in."""

    def forbidden(path, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.is_dir", forbidden)
    message = refused(capfd, "data", "candidates", tmp_path / "secret", "--out", tmp_path / "masks")
    assert f"{tmp_path / 'secret'}: Permission denied: ask for the rights to it" in message


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_command_that_is_ended_leaves_nothing_half_written(tmp_path, sent, code):
    command = [sys.executable, "-m", "reproduce", "data", "synth", "--train", "5000", "--out", tmp_path / "new.h5"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not list(tmp_path.iterdir()):
        time.sleep(0.1)
    process.send_signal(sent)
    assert process.wait(timeout=60) == code
    assert list(tmp_path.iterdir()) == []


def test_version_is_the_installed_one(capfd):
    assert call(capfd, "--version")[:2] == (0, f"reproduce {importlib.metadata.version('nodes-unet')}\n")


def test_show_prints_published_numbers_and_origins(capfd):
    _, out, _ = call(capfd, "show", "ode-position", "--preset", "quick")
    assert "ODE-UNet4, miou: 90.17 %" in out
    assert "epochs = 10  [assumed: quick" in out
    assert "copies = 10  [paper: section 2" in out
    assert out.count("recall: the ten rows fit PA") == 1, "a note that many numbers share is printed once"
    shown = json.loads(call(capfd, "show", "ode-position", "--json")[1])
    assert shown["recipe"]["epochs"]["value"] == 50


def test_show_prints_what_the_text_says_of_the_tables_rows_alone(capfd):
    assert "NODEs-UNet / ResNet, parameter_bytes: 46 %" in call(capfd, "show", "three-networks")[1]
    assert "NODEs-UNet" not in call(capfd, "show", "ode-position")[1]
    assert "Published numbers: none" in call(capfd, "show", "training-tolerance")[1]


@pytest.mark.parametrize(
    "arguments", [["list"], ["show", "ode-position"], ["compare", "ode-position"], ["data", "where"], ["audit"]]
)
def test_commands_that_train_nothing_do_not_import_tensorflow(arguments, tmp_path):
    script = f"""
import sys
from reproduce.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
sys.exit(3 if {{"tensorflow", "keras"}} & set(sys.modules) else 0)
"""
    assert (
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, check=False).returncode == 0
    )


def test_every_command_has_help_with_an_example(capfd):
    groups = {"": app, **{f"{group.name} ": group.typer_instance for group in app.registered_groups}}
    commands = [
        group + (command.name or command.callback.__name__)
        for group, of_group in groups.items()
        for command in of_group.registered_commands
    ]
    assert {"run", "check", "data prepare", "bench ode"} <= set(commands)
    for command in commands:
        code, out, _ = call(capfd, *command.split(), "--help")
        assert code == 0 and "Example" in out, command


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["show", "table-9"],
            "unknown table 'table-9': choose from attention, counting, encoder-stages, encoders, ode-position",
        ),
        (["show", "ode-position", "--preset", "fast"], "no preset 'fast'"),
        (["bench", "ode", "--levels", "128"], "--levels '128' is no level: write channels x size"),
        (["bench", "ode", "--tolerances", "small"], "--tolerances 'small' is no list of numbers"),
        (["bench", "weightmaps", "--cells", "0.5"], "--cells '0.5': every number must be a whole one"),
        (["bench", "ode", "--scales", "0"], "--scales '0': every number must be positive"),
        (["bench", "ode", "--activations", ""], "--activations '' is unknown: choose from relu, softplus"),
        (["bench", "ode", "--activations", "tanh"], "--activations 'tanh' is unknown: choose from relu, softplus"),
        (["run", "ode-position", "--rows", "U-Net,ODEUNet10"], "no row 'ODEUNet10'"),
        (["run", "ode-position", "--seeds", "0;1"], "--seeds '0;1' is no list of whole numbers"),
        (["run", "ode-position", "--seeds", "0,1,0"], "--seeds '0,1,0' has a seed twice"),
        (["run", "ode-position", "--seeds", "-1"], "a seed lies between 0 and 4294967295"),
        (["run", "ode-position", "--seeds", "4294967296"], "a seed lies between"),
        (["run", "ode-position", "--rows", ""], "no row ''"),
        (["run", "ode-position", "--rows", "U-Net, u-net"], "--rows 'U-Net, u-net' has U-Net twice"),
        (["data", "prepare", "folder", "x", "--classes", "a,,b", "--out", "a.h5"], "--classes 'a,,b'"),
        (["data", "prepare", "folder", "x", "--classes", "a,b,a", "--out", "a.h5"], "--classes 'a,b,a'"),
        (["data", "prepare", "misp", "x", "--classes", "a,b", "--out", "a.h5"], "--classes does not go with misp"),
        (["data", "prepare", "folder", "x", "--seed", "1", "--out", "a.h5"], "--seed does not go with folder"),
        (["data", "prepare", "sartorius", "nowhere", "--out", "a.h5"], "train.csv does not exist"),
        (["data", "prepare", "coco", "nowhere", "--out", "a.h5"], "nowhere/images does not exist"),
        (["claims", "--out", "nowhere"], "nowhere does not exist: make runs with"),
        (["bench", "heap", "--network", "vgg"], "--network 'vgg' is unknown: choose from unet"),
        (["bench", "xla", "--network", "vgg"], "--network 'vgg' is unknown: choose from unet, ode_unet"),
        (["bench", "memory", "--size", "100"], "--size 100 is no multiple of 16: take 112"),
        (["bench", "flops", "--size", "48"], "--size 48 is no multiple of 32: take 64"),
        (
            ["data", "synth", "--train", "2", "--test", "1", "--out", "images.csv"],
            "--out images.csv: a dataset file is",
        ),
        (["data", "info", "."], ". is not a file"),
        (["data", "preview", "none.h5", "--out", "sheet.jpg"], "sheet.jpg"),
        (["run", "ode-position", "--data", "none.h5"], "none.h5 does not exist"),
        (["run", "encoders", "--data", "none.h5"], "encoders needs no images: leave --data out"),
        (["run", "all", "--preset", "smok", "--rehearse"], "no preset 'smok'"),
        (["run", "all", "--preset", "authors-code"], "no preset 'authors-code'"),
        (["run", "ode-position", "--preset", "smoke", "--devices", "64"], "--devices 64"),
        (["compare", "ode-position", "--out", "nowhere"], "the store has no run of ode-position"),
        (["data", "prepare", "folder", "nowhere", "--out", "a.h5"], "--classes is missing"),
        (["data", "prepare", "folder", "nowhere", "--classes", "a,b", "--out", "a.h5"], "nowhere"),
        (["data", "prepare", "folder", "x", "--classes", "a,b,c", "--instances", "--out", "a.h5"], "x/images"),
        (["data", "prepare", "misp", "x", "--instances", "--out", "a.h5"], "--instances does not go with misp"),
        (["data", "candidates", "nowhere", "--out", "masks"], "nowhere is no folder"),
        (["data", "prepare", "folder", "x", "--classes", "a,b", "--stretch", "9", "--out", "a.h5"], "--stretch '9'"),
        (["data", "prepare", "folder", "x", "--classes", "a,b", "--stretch", "9,1", "--out", "a.h5"], "the larger one"),
        (["data", "prepare", "folder", "x", "--classes", "a,b", "--stretch", "9,101", "--out", "a.h5"], "must rise"),
        (
            ["data", "prepare", "folder", "x", "--classes", "a,b", "--levels", "9", "--out", "a.h5"],
            "--levels '9' is no",
        ),
        (
            [
                "data",
                "prepare",
                "folder",
                "x",
                "--classes",
                "a,b",
                "--levels",
                "0,9",
                "--stretch",
                "1,99",
                "--out",
                "a.h5",
            ],
            "--stretch and --levels both say what is black",
        ),
        (["data", "candidates", "x", "--levels", "9,1", "--out", "masks"], "--levels '9,1': the second number"),
        (["data", "prepare", "misp", "nowhere", "--out", "a.h5"], "nowhere"),
        (["data", "info", "none.h5"], "none.h5 does not exist"),
        (["data", "preview", "none.h5"], "none.h5 does not exist"),
    ],
)
def test_bad_usage_gets_one_sentence_and_leaves_nothing(capfd, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(capfd, *arguments)
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".h5", ".json", ".csv", ".png")]


@pytest.mark.parametrize(("by", "exit_code"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143)])
def test_a_run_that_is_interrupted_says_how_it_goes_on(capfd, tmp_path, monkeypatch, by, exit_code):
    def interrupted(_):
        raise by

    monkeypatch.setattr("reproduce.running.run", interrupted)
    code, out, err = call(capfd, "run", "encoders", "--out", tmp_path)
    assert (code, out) == (exit_code, "")
    assert "stopped; the same command goes on from the last whole epoch" in err


@pytest.mark.parametrize("name", ["ODEUNet3", "ODE-UNet3", "odeunet3"])
def test_a_row_goes_by_its_name_and_by_the_printed_one(name):
    assert tables.find_table("ode-position").row(name).arguments["position"] == 3


def test_every_row_can_be_named():
    """`--rows` takes names with commas between them."""
    assert not [row.name for table in tables.load_tables().values() for row in table.rows if "," in row.name]


def test_debug_shows_a_traceback(capfd):
    with pytest.raises(InputError):
        cli.main(["show", "nothing", "--debug"])


def test_a_dataset_cut_short_is_refused_before_training(capfd, tmp_path, disc_file):
    path = tmp_path / "short.h5"
    path.write_bytes(disc_file.read_bytes()[:-3000])
    assert "short.h5" in refused(capfd, "run", "ode-position", "--data", path, "--out", tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_dataset_that_was_changed_is_refused_before_training(capfd, tmp_path, disc_file):
    path = tmp_path / "changed.h5"
    path.write_bytes(disc_file.read_bytes())
    with h5py.File(path, "a") as file:
        file["train/masks"][0, 0, 0] = 2
    assert "changed or damaged" in refused(capfd, "run", "ode-position", "--data", path, "--out", tmp_path / "runs")


def test_other_classes_than_the_tables_are_refused(capfd, tmp_path):
    write_folder(tmp_path / "cells")
    call(
        capfd,
        "data",
        "prepare",
        "folder",
        tmp_path / "cells",
        "--classes",
        "ground,cell",
        "--out",
        tmp_path / "cells.h5",
    )
    sentence = refused(capfd, "run", "ode-position", "--data", tmp_path / "cells.h5", "--out", tmp_path / "runs")
    assert "classes ground, cell" in sentence
    # attention and counting, which come first, could be made of it
    sentence = refused(capfd, "run", "all", "--rehearse", "--data", tmp_path / "cells.h5", "--out", tmp_path / "runs")
    assert "classes ground, cell" in sentence


def test_a_run_store_that_cannot_be_written_is_refused(capfd, tmp_path, disc_file):
    (tmp_path / "file").write_text("")
    sentence = refused(
        capfd, "run", "ode-position", "--data", disc_file, "--preset", "smoke", "--out", tmp_path / "file" / "runs"
    )
    assert "cannot be written" in sentence


def test_a_failed_row_makes_the_exit_code_1_and_the_others_are_printed(
    capfd, tmp_path, disc_file, exploding, monkeypatch
):
    monkeypatch.setattr(tables, "load_tables", lambda: {exploding.id: exploding})
    arguments = [
        "run",
        exploding.id,
        "--data",
        disc_file,
        "--preset",
        "tiny",
        "--out",
        tmp_path,
        "--rows",
        "Exploding,U-Net",
    ]
    code, out, err = call(capfd, *arguments)
    assert code == 1
    assert "Exploding seed 0 failed: the loss became" in out
    assert "[2/2] ode-position U-Net seed 0: done" in err
    code, again, _ = call(capfd, "compare", exploding.id, "--out", tmp_path)
    assert (code, again) == (0, out)
    assert call(capfd, "compare", exploding.id, "--out", tmp_path, "--format", "csv")[1].startswith("row,metric,")


def test_a_run_prints_its_own_numbers_also_where_it_was_finished_before_another(
    capfd, tmp_path, disc_file, tiny_table, monkeypatch
):
    def run(learning_rate):
        preset = tiny_table.presets["tiny"] | {"learning_rate": assumed(learning_rate, "tests")}
        table = replace(tiny_table, rows=tiny_table.rows[:1], presets={"tiny": preset})
        monkeypatch.setattr(tables, "load_tables", lambda: {table.id: table})
        code, out, _ = call(capfd, "run", table.id, "--data", disc_file, "--preset", "tiny", "--out", tmp_path)
        assert code == 0
        return out

    first = run(1e-2)
    assert run(1e-4) != first
    assert run(1e-2) == first


def write_folder(folder):
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (20, 24, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{number}.png")
        Image.fromarray((pixels[..., 0] > 127).astype(np.uint8)).save(folder / "masks" / f"{number}.png")
    (folder / "split.csv").write_text("id,split\n0,train\n1,train\n2,train\n3,test\n")


def test_prepare_info_and_preview(capfd, tmp_path):
    write_folder(tmp_path / "cells")
    file = tmp_path / "cells.h5"
    code, out, _ = call(
        capfd,
        "data",
        "prepare",
        "folder",
        tmp_path / "cells",
        "--classes",
        "ground,cell",
        "--licence",
        "CC0-1.0",
        "--pixel-size",
        0.32,
        "--out",
        file,
    )
    assert code == 0 and "3 train, 1 test, role proxy" in out
    described = json.loads(call(capfd, "data", "info", file, "--json")[1])
    assert (described["licence"], described["pixel_size"]) == ("CC0-1.0", 0.32)
    assert described["splits"]["train"]["images"] == 3
    assert call(capfd, "data", "preview", file, "--out", tmp_path / "sheet.png")[0] == 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size[0] > 400


def test_a_truncated_image_is_named_and_no_dataset_is_left(capfd, tmp_path):
    write_folder(tmp_path / "cells")
    image = tmp_path / "cells" / "images" / "2.png"
    image.write_bytes(image.read_bytes()[:-400])
    arguments = [
        "data",
        "prepare",
        "folder",
        tmp_path / "cells",
        "--classes",
        "ground,cell",
        "--out",
        tmp_path / "cells.h5",
    ]
    assert "2.png" in refused(capfd, *arguments)
    assert not list(tmp_path.glob("*.h5")) and not list(tmp_path.glob(".*.h5"))


def test_synth_writes_what_info_reads(capfd, tmp_path):
    assert call(capfd, "data", "synth", "--train", "7", "--test", "2", "--out", tmp_path / "s.h5")[0] == 0
    out = call(capfd, "data", "info", tmp_path / "s.h5")[1]
    assert "role: synthetic" in out and "train: images 7; groups 2" in out


def test_where_tells_place_terms_contents_and_the_line_for_every_paper(capfd):
    out = call(capfd, "data", "where")[1]
    for label in ("where:", "terms:", "expect:", "prepare: reproduce data prepare"):
        assert out.count(label) == 3


def test_neurons_are_synthesised_too_and_never_whole(capfd, tmp_path):
    arguments = ("data", "synth", "--kind", "neurons", "--train", "2", "--test", "1", "--out", tmp_path / "n.h5")
    assert call(capfd, *arguments)[0] == 0
    code, out, err = call(capfd, *arguments, "--whole")
    assert (code, out) == (2, "") and "--whole does not go with --kind neurons" in err
    assert "synthetic-neurons" in call(capfd, "data", "info", tmp_path / "n.h5")[1]
