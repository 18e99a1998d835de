"""Digits with narrow weights on the Verilog of accelerators that take them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.accelerator import programs
from tests.accelerator.comparison import compare_on
from tests.accelerator.test_networks import assert_exact
from tilewright.accelerated import run_accelerated
from tilewright.accelerator import find_accelerator
from tilewright.harness import built_cocotb, built_harness

DIGITS = Path(__file__).parents[2] / "tilewright" / "networks" / "digits"
NETWORKS = {
    ("tiny-bitplane", "digits.onnx"): 0.97,
    ("tiny-bitplane", "digits-w4a8.onnx"): 0.97,
    ("tiny-bitplane", "digits-w2a8.onnx"): 0.95,
    ("tiny-bitplane", "digits-w1a8.onnx"): 0.90,
    ("tiny-bitplane", "digits-ternary.onnx"): 0.94,
    ("tiny-ternary", "digits-ternary.onnx"): 0.94,
    ("tiny-lut", "digits-w4a8.onnx"): 0.97,
    ("tiny-lut", "digits-w2a8.onnx"): 0.95,
    ("tiny-lut", "digits-w1a8.onnx"): 0.90,
    ("tiny-lut", "digits-ternary.onnx"): 0.94,
}
"""The least accuracy on 450 images."""


def run(name, model, folder, cache, **options):
    return run_accelerated(
        DIGITS / model,
        accelerator=name,
        inputs=DIGITS / "test.npz",
        labels=DIGITS / "labels.npy",
        host_fallback=True,
        output=folder,
        cache=cache,
        **options,
    )


def assert_network(name, model, folder, cache, samples, **options):
    result = run(name, model, folder, cache, rtl=True, rtl_samples=samples, **options)
    assert_exact(result)
    assert result.samples >= 450
    assert result.rtl.rtl_samples == samples
    assert result.accuracy >= NETWORKS[name, model]
    return result


def test_digits_with_weights_of_two_bits(tmp_path, cache):
    model = "digits-w2a8.onnx"
    result = assert_network("tiny-bitplane", model, tmp_path, cache, 5)
    plain = run("tiny", model, tmp_path / "plain", cache)
    assert result.accuracy == plain.accuracy
    # The same sums, and a quarter of the bytes of weights.
    assert result.dram_bytes < 0.5 * plain.dram_bytes


@pytest.mark.parametrize("memory", programs.MEMORIES)
def test_random_programs_on_the_same_verilog(cache, memory):
    design = replace(find_accelerator("tiny-bitplane"), memory=programs.MEMORIES[memory])
    play = built_harness(design, cache=cache)
    for seed in range(2):
        found, _ = compare_on(play, design, seed, 12 + 12 * seed)
        assert not found, seed
    found, _ = compare_on(play, design, 6, 15, stalls=(3, 300))
    assert not found


@pytest.mark.slow
@pytest.mark.parametrize("memory", ["ideal", "fixed", "banked"])
@pytest.mark.parametrize(("name", "model"), NETWORKS)
def test_digits_with_narrow_weights(tmp_path, cache, name, model, memory):
    assert_network(name, model, tmp_path, cache, 10, changes={"memory.kind": memory})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny-lut", "tiny-ternary"])
def test_the_bench_that_checks_axi(icarus, cache, name):
    # Words of weights lie in stripes on `tiny-ternary`.
    design = find_accelerator(name)
    play = built_cocotb(design, icarus, cache=cache)
    found, _ = compare_on(play, design, 14, 12)
    assert not found
    found, _ = compare_on(play, design, 15, 10, stalls=(3, 300))
    assert not found


@pytest.mark.slow
def test_figures_of_the_manual(tmp_path, cache):
    text = (DIGITS.parents[2] / "docs" / "accelerator" / "narrow.md").read_text()
    line = r"\| `(\S+\.onnx)` \| ([\d.]+) % \| `(\S+)` \| ([\d,]+) \| ([\d,]+) \|"
    figures = re.findall(line, text)
    assert len(figures) == 10
    for model, percent, name, cycles, octets in figures:
        result = run(name, model, tmp_path / f"{name}-{model}", cache)
        told = (result.total_cycles, result.dram_bytes)
        assert told == (int(cycles.replace(",", "")), int(octets.replace(",", ""))), (model, name)
        assert 100 * result.accuracy == pytest.approx(float(percent), abs=0.05)
