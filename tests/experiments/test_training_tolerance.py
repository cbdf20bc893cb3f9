from experiments.ode_position import TABLE as ODE_POSITION
from experiments.training_tolerance import TABLE


def test_rows_differ_in_the_tolerance_and_the_first_step_only():
    recipe, changed = ODE_POSITION.settings("quick"), ("tolerance", "first_step")
    for row, tolerance in zip(TABLE.rows, 2 * (1e-2, 1e-3, 1e-4), strict=True):
        settings = TABLE.settings("quick", row)
        assert settings["tolerance"].value == tolerance
        assert settings["first_step"].value == ("hairer" if row.name.endswith(" hairer") else "interval")
        assert {name: setting for name, setting in settings.items() if name not in changed} == {
            name: setting for name, setting in recipe.items() if name not in changed
        }
        assert (row.network, row.arguments) == ("ode_unet", {"position": 5})


def test_no_number_passes_for_published():
    assert not any(metric.published for metric in TABLE.metrics)
