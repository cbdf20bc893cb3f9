"""Claims: each names rows and metrics that exist, and the committed records can be asked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reproduce.cli.tables import load_tables
from reproduce.comparison.claim_tests import INCONCLUSIVE, NOT_TESTED, REFUTED, SUPPORTED, Alike, Every
from reproduce.comparison.claims import CLAIMS, assessed
from reproduce.records import find_records

RESULTS = Path(__file__).parents[3] / "results"
OF_A_KIND = "false_positives."  # of images, which data may lack


def quantities(test):
    if isinstance(test, Every):
        return [quantity for part in test.tests for quantity in quantities(part)]
    return list(test.quantities) if isinstance(test, Alike) else [test.first, test.second]


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim.test], ids=lambda claim: claim.text)
def test_a_claim_is_about_rows_of_its_table(claim):
    table = load_tables()[claim.table]
    assert table.paper == claim.paper
    assert {quantity.row for quantity in quantities(claim.test)} <= {row.name for row in table.rows}


def test_a_claim_that_cannot_be_tested_says_why():
    assert all(claim.reason for claim in CLAIMS if claim.test is None)


def record(folder, row, seed, metrics, table="three-networks", name="smears", status="complete", **parts):
    folder = folder / table / "any" / f"{row}-{seed}-{name}-{status}"
    folder.mkdir(parents=True)
    dataset = {"name": name, "role": "proxy", "digest": name * 3}
    content = {"table": table, "row": row, "seed": seed, "preset": "quick", "dataset": dataset, "status": status}
    content |= parts
    (folder / "run.json").write_text(json.dumps({"schema": 1, "ended": "2026-01-01", "metrics": metrics, **content}))


def evidence(store, words):
    return [(where, found) for claim, where, found in assessed(store) if words in claim.text]


def test_each_dataset_answers_for_itself(tmp_path):
    for name, small in (("smears", 46), ("others", 90)):
        record(tmp_path, "ResNet", 0, {"parameter_bytes": 100}, name=name)
        record(tmp_path, "NODEs-UNet", 0, {"parameter_bytes": small}, name=name)
    record(tmp_path, "NODEs-UNet", 1, {}, status="failed")
    found = {where.split(" ")[0]: said.outcome for where, said in evidence(tmp_path, "46 %")}
    assert found == {"smears": SUPPORTED, "others": REFUTED}


def test_a_table_without_runs_is_not_tested_and_says_how_to(tmp_path):
    ((where, found),) = evidence(tmp_path, "46 %")
    assert (where, found.outcome) == ("", NOT_TESTED)
    assert "reproduce run three-networks" in found.effect


def test_a_best_epoch_at_the_limit_decides_nothing(tmp_path):
    recipe = {"recipe": {"epochs": {"value": 12}}}
    for seed, (gated, plain) in enumerate([(9, 4), (10, 5), (12, 4)]):
        record(tmp_path / "all", "U-Net with AU", seed, {"best_epoch": gated}, "attention", **recipe)
        record(tmp_path / "all", "U-Net (gates off)", seed, {"best_epoch": plain}, "attention", **recipe)
        record(tmp_path / "early", "U-Net with AU", seed, {"best_epoch": gated}, "attention")
        record(tmp_path / "early", "U-Net (gates off)", seed, {"best_epoch": plain}, "attention")
    ((_, at_limit),) = evidence(tmp_path / "all", "fewer epochs")
    assert at_limit.outcome == INCONCLUSIVE and "ended too early (1 of 3 seeds)" in at_limit.effect
    assert evidence(tmp_path / "early", "fewer epochs")[0][1].outcome == SUPPORTED


def test_committed_records_have_the_metrics_that_claims_ask_for():
    for claim in CLAIMS:
        if claim.test is None:
            continue
        for made in find_records(RESULTS, claim.table):
            asked = {quantity.metric for quantity in quantities(claim.test) if quantity.row == made["row"]}
            asked = {name for name in asked if not name.startswith(OF_A_KIND)}
            assert asked <= made["metrics"].keys(), f"{claim.text}: {made['folder']}"


def test_the_command_prints_every_claim_without_training(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "reproduce", "claims", "--json", "--out", RESULTS], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    lines = json.loads(run.stdout)
    assert {line["claim"] for line in lines} == {claim.text for claim in CLAIMS}
    assert {line["outcome"] for line in lines} <= {"supported", "refuted", "inconclusive", "not tested"}
