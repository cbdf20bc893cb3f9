import subprocess
import sys

from nodes_unet import build
from nodes_unet.ode import ode_blocks
from nodes_unet.profiling import parameter_bytes, parameters, peak_memory


def test_parameters_weigh_four_bytes_each():
    model = build("ode_unet", position=5, filters=2, input_shape=(16, 16, 3))
    assert parameter_bytes(model) == 4 * parameters(model)


def test_ode_blocks_are_found_by_kind():
    assert [block.name for block in ode_blocks(build("ode_unet", position=7, filters=2))] == ["stage7_ode"]
    assert ode_blocks(build("unet", filters=2)) == []


def test_peak_memory_grows_with_what_is_held():
    before = peak_memory()
    held = bytearray(before + 50_000_000)
    held[::4096] = b"x" * len(held[::4096])
    assert peak_memory() > before + 40_000_000


def test_a_process_is_not_charged_with_the_memory_of_the_one_that_started_it():
    ballast = b"x" * 1_500_000_000
    code = "from nodes_unet.profiling import peak_memory; print(peak_memory())"
    child = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert child < len(ballast) < peak_memory()
