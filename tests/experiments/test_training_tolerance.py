from experiments.ode_position import TABLE as ODE_POSITION
from experiments.training_tolerance import TABLE


def test_rows_differ_in_the_tolerance_only():
    recipe = ODE_POSITION.settings("quick")
    for row, tolerance in zip(TABLE.rows, (1e-2, 1e-3, 1e-4), strict=True):
        settings = TABLE.settings("quick", row)
        assert settings["tolerance"].value == tolerance
        assert {name: setting for name, setting in settings.items() if name != "tolerance"} == {
            name: setting for name, setting in recipe.items() if name != "tolerance"
        }
        assert (row.network, row.arguments) == ("ode_unet", {"position": 5})


def test_no_number_passes_for_published():
    assert not any(metric.published for metric in TABLE.metrics)
