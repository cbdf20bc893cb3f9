import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from nodes_unet import InputError
from reproduce.benchmarks.ode import suite
from reproduce.benchmarks.ode.analysis import PEER, at_equal_error, seconds_at_error, summary, with_ratios, write
from reproduce.benchmarks.ode.methods import METHODS
from reproduce.benchmarks.ode.problem import Problem

PROBLEM = {"channels": 2, "size": 8, "activation": "softplus", "scale": 0.7}


def test_the_command_measures_resumes_and_writes_tables_and_figure(tmp_path):
    def bench(*methods):
        command = [sys.executable, "-m", "reproduce", "bench", "ode", "--out", tmp_path, "--levels", "2x8"]
        options = ["--scales", "0.7", "--tolerances", "1e-4", "--activations", "softplus", "--repeats", "1"]
        chosen = ["--methods", ";".join(methods)]
        return subprocess.run([*command, *options, *chosen], capture_output=True, text=True, check=True).stderr

    bench("hairer, discrete")
    second = bench("hairer, discrete", PEER)
    assert "hairer, discrete" not in second and "[1/1]" in second
    assert second.count("\n") == 2, "the process that starts the others must not load TensorFlow"
    assert second.startswith("1 of 2 cases were measured before\n")
    lines = [json.loads(line) for line in (tmp_path / suite.MEASUREMENTS).read_text().splitlines()]
    assert [line["method"] for line in lines] == ["hairer, discrete", PEER]
    solves = pd.read_csv(tmp_path / "solves.csv").set_index("method")
    assert (solves["error_state"] < 1e-3).all() and (solves["error_gradient"] < 3e-3).all()
    assert solves.loc[PEER, "step_to_tfp"] == 1
    assert np.isnan(solves.loc[PEER, "step_to_floor"]), "TensorFlow Probability does not tell its accepted steps"
    assert (tmp_path / "work_precision_softplus.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    "name", [name for name, method in METHODS.items() if method.needs in ("tensorflow", "tensorflow_probability")]
)
def test_every_tensorflow_method_solves_the_same_problem(name):
    problem = Problem(**PROBLEM)
    own = METHODS[name].prepare(problem, 1e-5)
    other = METHODS["interval, discrete"].prepare(problem, 1e-6)
    np.testing.assert_allclose(own.forward()[0], other.forward()[0], atol=5e-4)
    for gradient, expected in zip(own.step(), other.step(), strict=True):
        np.testing.assert_allclose(gradient, expected, atol=1e-3 * np.abs(expected).max())


def test_a_method_that_is_unknown_or_not_installed_is_named(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="unknown method 'euler'"):
        suite.run(tmp_path, [], [], ["euler"], 1)
    monkeypatch.setattr(type(METHODS[PEER]), "available", lambda self: False)
    with pytest.raises(InputError, match="needs tensorflow_probability"):
        suite.run(tmp_path, [], [], [PEER], 1)


def test_a_case_is_measured_once_unless_it_failed_and_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    outcomes = iter([{"error": "no memory"}, {"evaluations": 7, "seconds_step": 0.1}])
    monkeypatch.setattr(suite, "reference", lambda problem, folder: folder)
    monkeypatch.setattr(
        suite,
        "measure_in_a_fresh_process",
        lambda case, *_: measurement(case.method, case.tolerance, **next(outcomes)),
    )
    asked = tmp_path, [Problem(**PROBLEM)], [1e-3, 0.001], ["hairer, discrete"] * 2, 1
    with pytest.raises(InputError, match=r"no case of .* could be measured; the last one: no memory"):
        suite.run(*asked)
    for _ in range(2):
        (line,) = suite.run(*asked).to_dict("records")
        assert line["seconds_step"] == 0.1
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file cannot be written"):
        suite.run(tmp_path / "file", [], [], [], 1)


def measurement(method, tolerance=None, **measured):
    return {**PROBLEM, "method": method, "tolerance": tolerance, **measured}


def test_ratios_worked_by_hand():
    errors = {"error_h(0)": 0.1, "error_kernel 1": 0.3, "error_kernel 2": 0.2}
    counts = {"evaluations": 7, "accepted": 1, "memory_bytes": 10 * 4 * 2 * 2 * 8 * 8, **errors}
    measurements = pd.DataFrame(
        [
            measurement(
                "hairer, discrete",
                1e-3,
                seconds_forward=14.0,
                seconds_step=50.0,
                seconds_evaluation=1.0,
                seconds_evaluation_with_gradient=3.0,
                **counts,
            ),
            measurement(PEER, 1e-3, seconds_forward=14.0, seconds_step=200.0, **counts),
        ]
    )
    solves = with_ratios(measurements).set_index("method")
    row = solves.loc["hairer, discrete"]
    assert (row.forward_to_floor, row.step_to_floor, row.step_to_tfp, row.error_gradient) == (2, 2, 0.25, 0.3)
    assert row.memory_states == 10
    without_floor = with_ratios(measurements.drop(columns=["seconds_evaluation", "seconds_evaluation_with_gradient"]))
    assert without_floor.step_to_floor.isna().all(), "methods that do not run in TensorFlow have none"


def test_every_method_has_a_line_in_the_panels_of_its_levels(tmp_path, monkeypatch):
    errors = {"error_h(0)": 0.1, "error_kernel 1": 0.3, "error_kernel 2": 0.2}
    counts = {"evaluations": 7, "accepted": 1, "memory_bytes": 1, "seconds_forward": 1.0, **errors}
    lines = [
        measurement(method, tolerance, seconds_step=1.0, **counts) | {"size": size}
        for method in METHODS
        for tolerance in (1e-3, 1e-4)
        for size in (8, 16)
        if not (size == 8 and method == PEER)
    ]
    saved, save = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda *args, **kwargs: saved.append(args[0]) or save(*args, **kwargs))
    write(pd.DataFrame(lines), tmp_path)
    (figure,) = saved
    assert len(METHODS) > 10, "more than the first palette has"
    assert {text.get_text() for text in figure.legends[0].texts} == set(METHODS)
    shown = [{line.get_label(): len(line.get_xdata()) for line in axes.lines} for axes in figure.axes]
    assert shown == [dict.fromkeys(METHODS, 2) | {PEER: 0}, dict.fromkeys(METHODS, 2)]


def test_time_at_equal_error_is_read_off_the_lower_envelope():
    # the third point is slower and worse than the second: not on the envelope
    points = pd.DataFrame(
        {"method": "a", "error_gradient": [1e-1, 1e-3, 1e-2], "seconds_step": [1.0, 100.0, 200.0], **PROBLEM}
    )
    assert seconds_at_error(points, 1e-2) == pytest.approx(10)  # half way in both logarithms
    assert seconds_at_error(points, 0.5) == 1
    assert np.isnan(seconds_at_error(points, 1e-4))
    equal = at_equal_error(points, [1e-2, 1e-4])
    assert equal["a"].tolist() == pytest.approx([10, np.nan], nan_ok=True)


def test_the_summary_takes_geometric_means_over_what_both_reach_and_names_the_worst_level():
    problem = {"activation": "relu", "scale": 1.0, "error": 0.1}
    equal = pd.DataFrame(
        [
            {"channels": 8, "size": 16, "hairer, discrete": 1.0, PEER: 4.0, "torchdiffeq, adjoint": 2.0, **problem},
            {"channels": 8, "size": 16, "hairer, discrete": np.nan, PEER: 1.0, "torchdiffeq, adjoint": 1.0, **problem},
            {"channels": 4, "size": 32, "hairer, discrete": 2.0, PEER: 2.0, "torchdiffeq, adjoint": 1.0, **problem},
        ]
    )
    lines = summary(equal).set_index("peer")
    assert lines.index.tolist() == ["TFP", "torchdiffeq, the better mode"]
    assert (lines.cases == 2).all()
    assert lines.ratio.tolist() == pytest.approx([0.5, 1.0])
    assert lines.worst_ratio.tolist() == pytest.approx([1.0, 2.0])
    assert (lines.worst_level == "4x32").all()
