import pytest

from experiments.attention import TABLE
from nodes_unet import InputError
from reproduce.benchmarks import flops as benchmark


def test_both_counts_of_a_row_agree_but_for_the_image_s_edge():
    pytest.importorskip("jax", reason="XLA's count is asked for through JAX, of the extra `bench`")
    (line,) = benchmark.flops(TABLE, [TABLE.row("LinkNet (gates off)")], 64).to_dict("records")
    assert line["row"] == "LinkNet (gates off)"
    assert 0.85 < line["ratio"] < 1.0


def test_without_jax_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(benchmark, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install -e"):
        benchmark.flops(TABLE, [], 64)
