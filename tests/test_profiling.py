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


MEASURE = """
from nodes_unet.profiling import peak_memory
before = peak_memory()
held = b"x" * 100_000_000
print(before, peak_memory())
"""


def test_peak_memory_grows_with_what_is_held_and_not_with_what_the_starting_process_holds():
    ballast = b"x" * 1_500_000_000
    run = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    before, after = map(int, run.stdout.split())
    assert after > before + 50_000_000
    assert after < len(ballast) < peak_memory()
