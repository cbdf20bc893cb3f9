import pytest

from reproduce.published import find, published_numbers


def numbers(table, paper="li2021"):
    return {(n.row, n.metric): n.value for n in published_numbers(paper) if n.table == table}


def test_every_number_of_both_tables_is_there():
    assert len(numbers("table1")) == 10 * 6
    assert len(numbers("table2")) == 3 * 5


def test_every_number_of_the_other_papers_tables_is_there():
    sizes = {table: len(numbers(table, "abbas2023")) for table in ("table1", "table2", "table3", "table4")}
    assert sizes == {"table1": 6, "table2": 9 * 3, "table3": 3 * 4, "table4": 4 * 3}
    printed = numbers("table1", "morelli2021")
    assert {metric: value for (_, metric), value in printed.items()} == {
        "f1": "0.87",
        "medae": "1",
        "mae": "0.85",
        "mean_iou": "0.74",
    }


def test_spot_checks_against_the_paper():
    assert numbers("table1")["ODE-UNet2", "cpa_white"] == "95.98"
    assert numbers("table1")["ODE-UNet9", "seconds_20"] == "7.35"
    assert numbers("table1")["U-Net", "cpa_white"] == "94.10"  # printed digits are kept
    assert numbers("table2")["NODEs-UNet", "miou"] == "90.61"
    assert numbers("text")["NODEs-UNet / ResNet", "parameter_bytes"] == "46"


def test_stated_gains_are_differences_of_table_2():
    for (rows, metric), gain in numbers("text").items():
        if " - " in rows:
            better, worse = rows.split(" - ")
            difference = float(numbers("table2")[better, metric]) - float(numbers("table2")[worse, metric])
            assert difference == pytest.approx(float(gain), abs=0.005)


def test_find_gives_none_for_a_cell_that_the_paper_does_not_have():
    assert find("li2021", ("table1",), "U-Net", "parameters") is None
    assert find("li2021", ("table1",), "U-Net", "pa").place == "Table 1"
