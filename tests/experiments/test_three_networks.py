from experiments.three_networks import TABLE
from nodes_unet import build
from reproduce.published import find
from reproduce.recipe import values
from reproduce.training import network_arguments


def test_every_published_cell_is_found():
    for row in TABLE.rows:
        for metric in TABLE.metrics:
            if metric.published and not metric.relative_to:
                assert find(TABLE.paper, TABLE.published, row.published or row.name, metric.published), (row, metric)


def test_the_paper_preset_changes_nothing():
    assert TABLE.settings("paper") == TABLE.recipe


def test_the_recipe_builds_networks_with_the_published_ratio_of_parameters():
    settings = values(TABLE.settings("paper"))
    parameters = {
        row.name: build(
            row.network, **network_arguments(row.network, row.arguments, settings, TABLE.classes)
        ).count_params()
        for row in TABLE.rows
    }
    assert parameters["U-Net"] == 7_760_163
    published = find("li2021", ("text",), "NODEs-UNet / ResNet", "parameter_bytes")
    assert round(100 * parameters["NODEs-UNet"] / parameters["ResNet"]) == int(published.value)
