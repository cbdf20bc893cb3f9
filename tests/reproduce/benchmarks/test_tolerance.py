import subprocess
import sys

import numpy as np
import pandas as pd
import PIL.Image
import pytest

import nodes_unet
from nodes_unet import checkpoint
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.ode import ode_blocks
from reproduce import cli
from reproduce.benchmarks import tolerance as benchmark
from reproduce.benchmarks.tolerance import measure, statement

CLASSES = ("background", "white", "red")
PREPARED = Preprocessing((32, 32), 2.0, 8)
SIZES = {"input_shape": (32, 32, 3), "filters": 2}


@pytest.fixture
def network():
    network = nodes_unet.build("ode_unet", position=1, tolerance=1e-3, **SIZES)
    (block,) = ode_blocks(network)
    for kernel in (block.dynamics.conv1.kernel, block.dynamics.conv2.kernel):
        kernel.assign(3 * kernel)
    return network


def lines(*points):
    columns = ("tolerance", "pa", "miou")
    return pd.DataFrame([dict(zip(columns, point, strict=True)) for point in points])


def test_a_smaller_tolerance_takes_more_evaluations_and_the_first_line_is_the_network_as_trained(network, disc_dataset):
    measured = measure(network, PREPARED, disc_dataset.splits["test"], CLASSES, [1e-1, 1e-3, 1e-6])
    assert np.isnan(measured.tolerance[0]) and measured.tolerance[1:].tolist() == [1e-1, 1e-3, 1e-6]
    results = measured[["pa", "miou", "nfe", "failed"]]
    pd.testing.assert_series_equal(results.iloc[0], results.iloc[2], check_names=False)
    assert measured.nfe[1] <= measured.nfe[2] < measured.nfe[3]
    assert (measured.seconds > 0).all() and (measured.failed == 0).all()


def test_an_image_whose_solve_failed_has_no_pixel_right(network, disc_dataset):
    (block,) = ode_blocks(network)
    block.max_num_steps = 1
    measured = measure(network, PREPARED, disc_dataset.splits["test"], CLASSES, [1e-6])
    last = measured.iloc[-1]
    assert (last.failed, last.pa, last.miou) == (4, 0, 0)


def test_small_moves_are_no_news():
    text = statement(lines((np.nan, 95.0, 90.0), (1e-1, 94.6, 89.6), (1e-6, 95.4, 90.4)), [1e-3])
    assert text == "PA and MIoU stay within 0.5 points of those at the tolerance of the training (0.001)."


def test_a_move_at_a_larger_tolerance_is_told_and_blames_nothing():
    text = statement(lines((np.nan, 95.0, 90.0), (1e-1, 95.1, 89.0), (1e-3, 95.0, 90.0)), [1e-4, 1e-6])
    assert text == (
        "Against the tolerance of the training (0.0001, 1e-06): at 0.1 PA moves by +0.10 and MIoU by -1.00 points."
    )


@pytest.mark.parametrize("miou", [89.0, 91.0])
def test_a_network_that_lives_from_a_coarse_solve_is_told(miou):
    text = statement(lines((np.nan, 95.0, 90.0), (1e-2, 95.0, 90.0), (1e-5, 95.0, miou)), [1e-2])
    assert "at 1e-05" in text and "has learned to use the errors of a coarse solve" in text


def bench(path, data, folder):
    command = [sys.executable, "-m", "reproduce", "bench", "tolerance", "--model", path, "--data", data]
    options = ["--tolerances", "1e-1,1e-4", "--out", folder]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def saved(network, name, arguments, path):
    checkpoint.save(network, checkpoint.Description(name, arguments, CLASSES, PREPARED), path)
    return path


def test_the_command_writes_table_statement_and_figure(network, disc_file, tmp_path):
    path = saved(network, "ode_unet", {"position": 1, "tolerance": 1e-3, **SIZES}, tmp_path / "best.h5")
    run = bench(path, disc_file, tmp_path / "out")
    assert run.returncode == 0, run.stderr
    table = pd.read_csv(tmp_path / "out" / "tolerance.csv")
    assert (
        table.columns.tolist() == ["tolerance", "pa", "miou", "nfe", "failed", "seconds", "reach"] and len(table) == 3
    )
    assert "as trained" in run.stdout
    assert (tmp_path / "out" / "tolerance.txt").read_text().strip() in run.stdout
    with PIL.Image.open(tmp_path / "out" / "tolerance.png") as figure:
        assert figure.size == (1540, 440)


def test_what_was_measured_is_printed_even_where_the_files_cannot_be_written(
    network, disc_file, tmp_path, monkeypatch, capsys
):
    path = saved(network, "ode_unet", {"position": 1, "tolerance": 1e-3, **SIZES}, tmp_path / "best.h5")
    monkeypatch.setattr(benchmark, "measure", lambda *_: lines((np.nan, 95.0, 90.0), (1e-1, 94.6, 89.6)))
    with pytest.raises(SystemExit) as ended:
        cli.main(["bench", "tolerance", "--model", str(path), "--data", str(disc_file), "--out", str(disc_file)])
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert "tolerance.csv cannot be written" in told.err
    assert "94.6" in told.out and "points of those at the tolerance of the training" in told.out


def test_a_network_without_a_block_is_refused_in_one_sentence(disc_file, tmp_path):
    path = saved(nodes_unet.build("unet", **SIZES), "unet", SIZES, tmp_path / "best.h5")
    run = bench(path, disc_file, tmp_path / "out")
    assert run.returncode == 2
    assert run.stderr == f"reproduce: {path} holds a network without an ODE-block (unet): choose another --model\n"
    assert not (tmp_path / "out").exists()
