from experiments.encoder_stages import TABLE
from reproduce.comparison.compare import compare
from reproduce.records import find_records
from reproduce.report import render
from reproduce.request import Request
from reproduce.running import run


def test_every_stage_has_half_of_the_printed_blocks_and_its_size_and_kernel(tmp_path):
    run(Request(TABLE, TABLE.runnable("paper"), [0], "paper", "no/such/file", tmp_path))
    comparison = compare(TABLE, find_records(tmp_path, TABLE.id))
    layers, sizes, kernels = zip(*comparison.cells, strict=True)
    assert [cell.mean for cell in layers] == [1, 1, 2, 2, 3, 3, 4, 1, 1]
    assert [cell.verdict for cell in layers] == ["reproduced (rounding)", *7 * ["differs"], "reproduced (rounding)"]
    assert all(float(cell.printed) == 2 * cell.mean for cell in layers[1:-1])
    assert {cell.verdict for cell in (*sizes, *kernels)} == {"reproduced (rounding)"}
    assert "20 reproduced (rounding), 7 differs" in render(comparison, "text")
