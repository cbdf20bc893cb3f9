import io

import pandas as pd
import pytest

from reproduce import cli
from reproduce.benchmarks import memory as benchmark


def test_every_network_is_measured_in_a_process_of_its_own(tmp_path, monkeypatch, capfd):
    some = ("U-Net", "ResNet", "NODEs-UNet, discrete")
    monkeypatch.setattr(benchmark, "NETWORKS", {name: benchmark.NETWORKS[name] for name in some})
    sizes = ["--size", "16", "--filters", "2", "--batch", "1"]
    with pytest.raises(SystemExit):
        cli.main(["bench", "memory", *sizes, "--out", str(tmp_path / "memory.csv")])
    found = pd.read_csv(tmp_path / "memory.csv").set_index("network")
    assert found.index.tolist() == list(some)
    assert (found.peak_bytes > 50e6).all() and (found.step_bytes > 0).all()
    assert found.nfe.tolist()[:2] == [0, 0] and found.nfe.iloc[2] >= 3 * 7
    assert found.parameter_bytes["ResNet"] > found.parameter_bytes["NODEs-UNet, discrete"]
    assert len(pd.read_fwf(io.StringIO(capfd.readouterr().out))) == len(some)


def test_a_network_that_fails_hides_no_other(monkeypatch):
    monkeypatch.setitem(benchmark.NETWORKS, "Broken", ("ode_unet", {"position": 77}))
    broken, unet = benchmark.memory(16, 2, 1, ["Broken", "U-Net"]).to_dict("records")
    assert "position 77 is not one of the nine" in broken["error"]
    assert unet["peak_bytes"] > 0


def test_more_images_take_more_memory():
    one, many = (benchmark.memory(128, 4, batch, ["U-Net"]).step_bytes[0] for batch in (1, 16))
    assert many > 4 * one / 2
