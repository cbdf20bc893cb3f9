import io
import json
import string
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from matplotlib.figure import Figure

from experiments.ode_position import TABLE
from experiments.three_networks import TABLE as THREE_NETWORKS
from experiments.training_tolerance import TABLE as TRAINING_TOLERANCE
from nodes_unet import InputError
from reproduce.cli.tables import load_tables
from reproduce.comparison.compare import compare
from reproduce.figures.tables import PAPER, by_row, curves, per_image, style
from reproduce.report import render, write_report


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "240")


@pytest.fixture
def figures(monkeypatch):
    """The figures that are saved."""
    saved, save = [], Figure.savefig

    def kept(figure, *args, **kwargs):
        saved.append(figure)
        save(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", kept)
    return saved


def record(
    row="U-Net",
    seed=0,
    ended="2026-01-01",
    miou=0.8,
    status="complete",
    digest="d",
    preset="quick",
    name="smears",
    role="proxy",
):
    complete = {
        "metrics": {"miou.pooled": miou, "parameters": 7760163, "seconds_20.batch1": 1.5, "miou.per_image": None},
        "timings": {"machine": {"processor": "a processor"}},
        "recipe": {},
    }
    return {
        "row": row,
        "seed": seed,
        "ended": ended,
        "status": status,
        "error": None if status == "complete" else "the loss became nan",
        "preset": preset,
        "dataset": {"name": name, "role": role, "digest": digest, "classes": ["a", "b", "c"]},
        "folder": Path("nowhere"),
        **(complete if status == "complete" else {}),
    }


def cell(comparison, row, metric):
    return next(c for cells in comparison.cells for c in cells if c.row == row and c.metric.name == metric)


def test_mean_spread_and_number_of_seeds():
    comparison = compare(TABLE, [record(seed=0, miou=0.8), record(seed=1, miou=0.9)])
    ours = cell(comparison, "U-Net", "miou.pooled")
    assert ours.printed == "88.58"
    assert ours.mean == pytest.approx(85)
    assert ours.spread == pytest.approx(7.0711, abs=1e-4)
    assert comparison.seeds == (0, 1)
    assert "85.00 ± 7.07" in render(comparison, "text")


def test_rows_with_fewer_seeds_are_named():
    records = [record(seed=0), record(seed=1), record("ODEUNet5", seed=1)]
    assert "fewer seeds than the others: ODEUNet5 1" in render(compare(TABLE, records), "text")
    assert "fewer" not in render(compare(TABLE, records[:2]), "text")


def test_the_newest_record_of_a_seed_counts():
    comparison = compare(TABLE, [record(miou=0.1, ended="2026-01-01"), record(miou=0.7, ended="2026-01-02")])
    assert cell(comparison, "U-Net", "miou.pooled").values == (pytest.approx(70),)


def test_rows_that_did_not_run_or_failed_say_so_and_show_no_number():
    comparison = compare(TABLE, [record(), record(row="ODEUNet1", status="failed")])
    assert cell(comparison, "ODEUNet1", "miou.pooled").verdict == "failed"
    assert cell(comparison, "ODEUNet2", "miou.pooled").verdict == "not run"
    text = render(comparison, "text")
    assert "89.80 / failed" in text and "89.68 / not run" in text
    assert "ODEUNet1 seed 0 failed: the loss became nan" in text


def test_a_seed_that_failed_does_not_hide_one_that_did_not():
    comparison = compare(TABLE, [record(seed=0), record(seed=1, status="failed")])
    assert cell(comparison, "U-Net", "miou.pooled").values == (pytest.approx(80),)
    assert comparison.seeds == (0,)
    assert "one seed" in render(comparison, "text")
    assert "U-Net seed 1 failed: the loss became nan" in render(comparison, "text")


def test_numbers_on_other_data_get_no_verdict():
    comparison = compare(TABLE, [record(miou=0.8858)])
    assert cell(comparison, "U-Net", "miou.pooled").verdict == "not comparable"
    assert "other real images than the paper's" in comparison.data_line


@pytest.mark.parametrize(("role", "expected"), [("paper", "reproduced"), ("proxy", "not comparable")])
def test_a_quality_is_reproduced_on_the_papers_images_only(role, expected):
    comparison = compare(TABLE, [record(seed=seed, miou=0.8858 + seed / 1e5, role=role) for seed in range(3)])
    assert cell(comparison, "U-Net", "miou.pooled").verdict == expected
    assert f'"verdict": "{expected}"' in render(comparison, "json")


def test_seeds_needed_for_the_papers_differences_are_told_from_the_spread_measured():
    records = [record(row, seed, miou=0.8 + seed / 100) for row in ("U-Net", "ODEUNet1") for seed in range(3)]
    text = render(compare(TABLE, records), "md")
    # published 89.80 - 88.58 and 89.62 - 88.58, spread 1
    assert "ODEUNet1 - U-Net (+1.22) 12," in text and "ODEUNet5 - U-Net (+1.04) 16," in text
    assert "(1.00), with a t test" in text
    assert "power" not in render(compare(TABLE, [record()]), "md"), "one seed has no spread"


def test_datasets_and_presets_are_never_mixed():
    records = [record(seed=0, miou=0.5), record(seed=1, digest="other"), record(seed=2, preset="smoke")]
    assert compare(TABLE, records).seeds == (2,)
    assert compare(TABLE, records, preset="quick").seeds == (1,)
    assert compare(TABLE, records[:1]).seeds == (0,)


def test_a_metric_that_a_record_lacks_is_not_run_rather_than_zero():
    assert cell(compare(TABLE, [record()]), "U-Net", "miou.per_image").mean is None


def test_no_fitting_record_is_an_input_error():
    with pytest.raises(InputError, match="the store has no run of ode-position, preset paper"):
        compare(TABLE, [record()], preset="paper")


def test_csv_markdown_and_json_hold_the_same_cells():
    comparison = compare(TABLE, [record()])
    flat = json.loads(render(comparison, "json"))["cells"]
    table = pd.read_csv(io.StringIO(render(comparison, "csv")), dtype={"published": str}, keep_default_na=False)
    assert len(table) == len(flat) == 10 * len(TABLE.metrics)
    assert (table["verdict"] == [c["verdict"] for c in flat]).all()
    assert flat[4]["published"] == "88.58" and flat[4]["mean"] == pytest.approx(80)
    lines = render(comparison, "md").splitlines()
    assert sum(line.startswith("| ODEUNet") for line in lines) == 9
    assert any("88.58 / 80.00" in line for line in lines)


@pytest.mark.parametrize("rows", [["U-Net"], ["U-Net", "ODEUNet1", "ODEUNet9"], ["ODEUNet4"]])
def test_reports_are_written_with_a_figure_whatever_rows_there_are(tmp_path, rows):
    write_report(compare(TABLE, [record(row=row) for row in rows]), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figure.png", "table.csv", "table.json", "table.md"]
    with PIL.Image.open(tmp_path / "figure.png") as figure:
        assert figure.size == (1200, 480)


def test_the_solver_in_training_is_drawn_where_a_block_was_trained(tmp_path):
    training = {"nfe": [7.0, 9.5], "nfe_backward": [6.0, 8.5], "rejected": [0.0, 0.2], "failed": [0.0, 0.0]}
    with_block = record(row="ODEUNet5") | {"solver": {"stage5_ode": {"nfe_mean": 7.0, "training": training}}}
    without_epochs = record(row="ODEUNet4") | {"solver": {"stage4_ode": {"nfe_mean": 7.0}}}
    comparison = compare(TABLE, [record(), with_block, without_epochs])
    assert comparison.solver_health == {"ODEUNet5, stage5_ode": {0: training}}
    write_report(comparison, tmp_path)
    with PIL.Image.open(tmp_path / "solver_health.png") as figure:
        assert figure.size == (1320, 770)


@pytest.mark.parametrize(("least", "scale"), [(0.1, "log"), (-0.5, "linear")])
def test_losses_have_a_line_a_seed_and_a_logarithmic_scale_where_none_is_negative(figures, tmp_path, least, scale):
    history = pd.DataFrame({"epoch": [1, 2], "loss": [1.0, least], "val_loss": [1.5, 0.2]})
    history.to_csv(tmp_path / "history.csv", index=False)
    comparison = compare(TABLE, [record(seed=seed) | {"folder": tmp_path} for seed in range(4)])
    curves(comparison, tmp_path / "curves.png")
    (figure,) = figures
    (axes,) = figure.axes
    assert axes.get_yscale() == scale
    for dashes, column in (("--", "loss"), ("-", "val_loss")):
        lines = [line for line in axes.lines if line.get_linestyle() == dashes]
        assert len({line.get_marker() for line in lines}) == 4
        assert all(line.get_ydata().tolist() == history[column].tolist() for line in lines)
    names = ["training images", "validation images", *(f"seed {seed}" for seed in range(4))]
    assert [text.get_text() for text in figure.legends[0].texts] == names


def test_losses_of_each_row_have_a_panel(figures, tmp_path):
    pd.DataFrame({"epoch": [1], "loss": [1.0], "val_loss": [1.5]}).to_csv(tmp_path / "history.csv", index=False)
    rows = [row.name for row in TABLE.rows][:6]
    curves(compare(TABLE, [record(row=row) | {"folder": tmp_path} for row in rows]), tmp_path / "curves.png")
    assert [axes.get_title() for axes in figures[0].axes if axes.axison] == rows


def test_the_printed_number_is_drawn_beside_ours(figures, tmp_path):
    table = replace(THREE_NETWORKS, pairs=[])
    by_row(compare(table, [record(row="U-Net"), record(row="ResNet")]), tmp_path / "figure.png")
    printed = [line.get_xdata()[0] for line in figures[0].axes[0].lines if line.get_color() == PAPER]
    assert printed == [88.43, 89.48]


@pytest.mark.parametrize("rows", [["1e-2", "1e-3", "1e-4"], ["1e-3"]])
def test_a_table_without_published_numbers_says_so_and_is_drawn(tmp_path, rows):
    comparison = compare(TRAINING_TOLERANCE, [record(row=row) for row in rows])
    text = render(comparison, "text")
    assert "verdicts on published numbers: none published" in text and "- /" not in text
    write_report(comparison, tmp_path)
    with PIL.Image.open(tmp_path / "figure.png") as figure:
        assert figure.size == (1200, 216 + 48 * len(rows)), "a line for each row"


def test_rows_of_a_pair_are_compared_image_by_image_in_notes_json_and_figure(tmp_path):
    records = []
    for row, gain in (("U-Net", 0.0), ("ResNet", 0.01)):
        for seed in (0, 1):
            folder = tmp_path / f"{row}{seed}"
            folder.mkdir()
            miou = [0.8 + gain, 0.7 + gain * (1 + seed), 0.9 + gain]
            pd.DataFrame({"id": ["a", "b", "c"], "pa": miou, "miou": miou}).to_csv(folder / "per_image.csv")
            records.append(record(row=row, seed=seed) | {"folder": folder})
    comparison = compare(THREE_NETWORKS, records)
    assert [(d.first, d.second, d.metric, d.images, d.seeds) for d in comparison.paired] == [
        ("ResNet", "U-Net", "pa", 3, 2),
        ("ResNet", "U-Net", "miou", 3, 2),
    ]
    text = render(comparison, "text")
    assert "ResNet - U-Net, MIoU per image: +1.17 points; 95 % over 3 images" in text
    assert "over 2 seeds -0.95 to +3.28; Wilcoxon p = 0.25" in text
    assert json.loads(render(comparison, "json"))["paired"][1]["mean"] == pytest.approx(7 / 6)
    write_report(comparison, tmp_path / "out")
    with PIL.Image.open(tmp_path / "out" / "per_image.png") as figure:
        assert figure.size == (1320, 708)


@pytest.mark.parametrize(
    ("name", "number", "shown"), [("img_{}", 3, True), ("img_{}", 26, False), ("x" * 16 + "{}", 3, False)]
)
def test_images_have_their_names_where_there_is_room(figures, tmp_path, name, number, shown):
    names = [name.format(letter) for letter in string.ascii_lowercase[:number]]
    pd.DataFrame({"id": names, "pa": 0.8, "miou": 0.7}).to_csv(tmp_path / "per_image.csv")
    records = [record(row=row) | {"folder": tmp_path} for row in ("U-Net", "ResNet")]
    per_image(compare(THREE_NETWORKS, records), tmp_path / "per_image.png")
    for axes in figures[0].axes[:2]:
        assert ([label.get_text() for label in axes.get_xticklabels()] == names) == shown


def test_images_whose_solve_failed_are_told(tmp_path):
    pd.DataFrame({"id": ["a", "b"], "pa": [0.8, 0.9], "miou": [0.8, 0.9]}).to_csv(tmp_path / "per_image.csv")
    records = [record(row="NODEs-UNet", seed=seed) | {"folder": tmp_path} for seed in (0, 1)]
    for each, failed in zip(records, (0, 3), strict=True):
        each["metrics"] = each["metrics"] | {"failed_solves": failed}
    text = render(compare(THREE_NETWORKS, records), "md")
    assert "NODEs-UNet seed 1: a solve failed on 3 test images" in text and "NODEs-UNet seed 0: a solve" not in text


def test_what_the_size_keeps_of_labels_is_told_where_it_is_not_all():
    coarse, fine = record(), record(seed=1, digest="e", ended="2026-01-02")
    coarse["metrics"] |= {"pa.of_labels": 0.9739, "miou.of_labels": 0.9533}
    fine["metrics"] |= {"pa.of_labels": 1.0, "miou.of_labels": 1.0}
    assert "networks' size and back as predictions are, have PA 97.39 %, MIoU 95.33 %" in render(
        compare(TABLE, [coarse]), "md"
    )
    assert not any("brought to the networks' size" in render(compare(TABLE, [each]), "md") for each in (fine, record()))


def test_of_one_class_it_is_told_of_its_overlap_too():
    coarse = record()
    coarse["metrics"] |= {
        "pa.of_labels": 0.9739,
        "miou.of_labels": 0.9533,
        "iou.of_labels": 0.875,
        "dice.of_labels": 1.0,
    }
    assert "have PA 97.39 %, MIoU 95.33 %, IoU per image 87.50 %, Dice per image 100.00 %" in render(
        compare(TABLE, [coarse]), "md"
    )


def test_what_the_reader_of_the_data_chose_is_told_where_records_say_it():
    chosen, older = record(), record()
    chosen["dataset"] = chosen["dataset"] | {"rules": {"images": "283; the paper has 273", "split": "seed 0"}}
    assert "- of the data: images: 283; the paper has 273; split: seed 0\n" in render(compare(TABLE, [chosen]), "md")
    assert "of the data" not in render(compare(TABLE, [older]), "md")


def test_trainings_that_were_best_in_their_last_epoch_are_counted():
    made = [record(seed=seed, ended=f"2026-01-0{seed + 1}") for seed in range(3)] + [record(row="ODEUNet5")]
    for each, best in zip(made, (4, 5, 5, 4), strict=True):
        each["metrics"] = each["metrics"] | {"best_epoch": best}
        each["recipe"] = {"epochs": {"value": 5}}
    text = render(compare(TABLE, made), "md")
    assert "lowest val_loss came in the last epoch that the recipe allows: U-Net 2 of 3\n" in text


@pytest.mark.parametrize("columns", [20, 60, 80, 120, 300])
@pytest.mark.parametrize("table", [TABLE, THREE_NETWORKS], ids=lambda table: table.id)
def test_text_fits_the_terminal_and_nothing_of_it_is_cut_off(table, columns, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", str(columns))
    pd.DataFrame({"id": ["a"], "pa": [0.8], "miou": [0.8]}).to_csv(tmp_path / "per_image.csv")
    made = [record(row.name, seed, miou=0.7 + seed / 10) for row in table.rows for seed in (0, 1)]
    comparison = compare(table, [each | {"folder": tmp_path} for each in made])
    text = render(comparison, "text")
    assert "…" not in text
    drawn = [line for line in text.splitlines() if line[:1] in tuple("┏┃┡│└")]
    assert columns == 20 or max(map(len, drawn)) <= columns
    assert {line[-1] for line in drawn} == set("┓┃┩│┘")
    shown = " ".join("\n".join(drawn).split())
    for of_row in comparison.cells:
        assert of_row[0].row in shown
        assert all(f"{each.mean:,.{each.metric.digits}f}" in shown for each in of_row if each.mean is not None)
        assert all(f"{each.printed} / " in shown for each in of_row if each.printed)


@pytest.mark.parametrize(("columns", "heading"), [(300, "MIoU %"), (110, "U-Net")])
def test_metrics_are_columns_where_they_fit_and_rows_elsewhere(monkeypatch, tmp_path, columns, heading):
    monkeypatch.setenv("COLUMNS", str(columns))
    pd.DataFrame({"id": ["a"], "pa": [0.8], "miou": [0.8]}).to_csv(tmp_path / "per_image.csv")
    records = [record(row=row) | {"folder": tmp_path} for row in ("U-Net", "NODEs-UNet")]
    lines = render(compare(THREE_NETWORKS, records), "text").splitlines()
    assert any("94.42 / not run" in line for line in lines)
    head = next(line for line in lines if line.startswith("┃ row"))
    assert heading in head and ("NODEs-UNet" in head) == (heading == "U-Net")


def test_runs_of_another_recipe_are_told_but_for_what_their_row_changes():
    settings = [("1e-2", 0, 10, 1e-2), ("1e-2", 1, 30, 1e-2), ("1e-3", 0, 10, 1e-3)]
    records = [
        record(row=row, seed=seed) | {"recipe": {"epochs": {"value": epochs}, "tolerance": {"value": tolerance}}}
        for row, seed, epochs, tolerance in settings
    ]
    records[2]["ended"] = "2026-01-02"
    comparison = compare(TRAINING_TOLERANCE, records)
    assert comparison.unlike_settings == {"1e-2 seed 1": ["epochs"]}
    assert "1e-2 seed 1 has other settings than the newest run (epochs)" in render(comparison, "md")


def test_robustness_is_written_as_means_over_seeds_and_drawn(tmp_path):
    records = []
    for row in ("U-Net", "NODEs-UNet"):
        for seed in (0, 1):
            folder = tmp_path / f"{row}{seed}"
            folder.mkdir()
            pd.DataFrame({"id": ["a", "b"], "pa": [0.8, 0.9], "miou": [0.8, 0.9]}).to_csv(folder / "per_image.csv")
            lines = [("blur", 0.0, 0.9), ("blur", 2.0, 0.6 + 0.1 * seed), ("jpeg", 0.0, 0.9), ("jpeg", 50.0, 0.8)]
            table = pd.DataFrame(lines, columns=["perturbation", "level", "miou"]).assign(pa=0.9)
            table.to_csv(folder / "robustness.csv", index=False)
            records.append(record(row=row, seed=seed) | {"folder": folder})
    write_report(compare(THREE_NETWORKS, records), tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "robustness.csv").set_index(["row", "perturbation", "level"])
    assert table.loc[("U-Net", "blur", 2.0), ["miou", "seeds"]].tolist() == [65, 2]
    with (
        PIL.Image.open(tmp_path / "out" / "robustness.png") as robustness,
        PIL.Image.open(tmp_path / "out" / "per_image.png") as per_image,
    ):
        assert robustness.size == (720, 380)
        for figure in (robustness, per_image):
            colours = {tuple(pixel) for pixel in np.asarray(figure.convert("RGB")).reshape(-1, 3)}
            assert {(0, 114, 178), (0, 158, 115)} <= colours, "rows keep their colours, ResNet missing or not"


def test_a_column_relative_to_a_row_divides_by_that_rows_mean_and_finds_the_published_ratio(tmp_path):
    records = []
    for row, size in (("ResNet", 200), ("NODEs-UNet", 92)):
        pd.DataFrame({"id": ["a", "b"], "pa": [0.8, 0.9], "miou": [0.8, 0.9]}).to_csv(tmp_path / "per_image.csv")
        found = record(row=row)
        found["metrics"]["parameter_bytes"] = size
        records.append(found | {"folder": tmp_path})
    label = "parameter_bytes/ResNet"
    ours = {cells[0].row: cells[-1] for cells in compare(THREE_NETWORKS, records).cells}
    assert ours["NODEs-UNet"].metric.label == label
    assert (ours["NODEs-UNet"].printed, ours["NODEs-UNet"].mean) == ("46", pytest.approx(46))
    assert ours["NODEs-UNet"].verdict == "reproduced (rounding)"
    assert (ours["ResNet"].mean, ours["ResNet"].printed) == (100, None)
    assert ours["U-Net"].verdict == "not run"
    (without, *_) = compare(THREE_NETWORKS, records[1:]).cells[2][-1:]
    assert without.verdict == "not run", "without its reference row there is no ratio"


@pytest.mark.parametrize("table", load_tables().values(), ids=lambda table: table.id)
def test_rows_that_are_compared_have_colours_of_their_own_and_no_two_rows_look_alike(table):
    styles = {row.name: style(SimpleNamespace(table=table), row.name) for row in table.rows}
    paired = {row for pair in table.pairs for row in pair}
    assert len({styles[row]["color"] for row in paired}) == len(paired)
    assert len({(drawn["color"], drawn["marker"]) for drawn in styles.values()}) == len(styles)


def test_errors_of_counts_are_means_over_images_and_seeds_in_notes_csv_and_figure(tmp_path):
    records = []
    for seed, found in ((0, [4.0, 6.0]), (1, [5.0, 9.0])):
        folder = tmp_path / str(seed)
        folder.mkdir()
        images = {"id": ["a", "b"], "pa": [0.8, 0.9], "miou": [0.8, 0.9]}
        pd.DataFrame(images).to_csv(folder / "per_image.csv")
        counts = pd.DataFrame({"id": ["a", "b"], "class": "red", "truth": [5, 6], "head": found})
        counts.assign(components=4, watershed=5, training_mean=5.5).to_csv(folder / "counts.csv", index=False)
        records.append(record(seed=seed) | {"folder": folder})
    comparison = compare(THREE_NETWORKS, records)
    expected = "head 1.00, connected components 1.50, watershed 0.50, training mean 0.50"
    assert f"U-Net, red cells an image, mean absolute error: count {expected}" in render(comparison, "text")
    write_report(comparison, tmp_path / "out")
    (line,) = pd.read_csv(tmp_path / "out" / "counts.csv").to_dict("records")
    assert (line["class"], line["row"], line["head"], line["seeds"]) == ("red", "U-Net", 1, 2)
    with PIL.Image.open(tmp_path / "out" / "counts.png") as figure:
        assert figure.size == (1160, 380)
