"""Trained networks on the Verilog of accelerators, against golden model, simulator and LiteRT."""

import json
from pathlib import Path

import numpy as np
import pytest

from golden.errors import UserError
from golden.evaluate import evaluate
from mapper.accelerator.lowering import lower
from mapper.importers.tflite import import_tflite
from tests.support.tflite_models import in_file_layout, interpret
from tilewright.accelerated import run_accelerated
from tilewright.accelerator import find_accelerator

DIGITS = Path(__file__).parents[2] / "tilewright" / "networks" / "digits"
MEMORIES = ("ideal", "fixed", "banked")
NETWORKS = {
    "pretrainedResnet_quant.tflite": 56_160,
    "kws_ref_model.tflite": 38_150,
}
"""Models, and cycles on ``edge`` that they stay below."""


def run_digits(folder, cache, **options):
    return run_accelerated(
        DIGITS / "digits.onnx",
        accelerator="tiny",
        inputs=DIGITS / "test.npz",
        labels=DIGITS / "labels.npy",
        host_fallback=True,
        output=folder,
        cache=cache,
        **options,
    )


def assert_exact(run):
    rtl = run.rtl
    assert rtl.failures == ()
    assert rtl.rtl_cycles == run.total_cycles
    counts = (rtl.output_mismatches, rtl.cycle_mismatches, rtl.counter_mismatches)
    assert counts == (0, 0, 0)
    assert run.passed


@pytest.mark.parametrize("memory", MEMORIES)
def test_digits_on_tiny(tmp_path, cache, memory):
    run = run_digits(tmp_path, cache, changes={"memory.kind": memory}, rtl=True, rtl_samples=10)
    assert_exact(run)
    assert run.rtl.rtl_samples == 10
    assert run.accuracy >= 0.98
    assert [work.kind for work in run.host] == ["Quantize", "Dequantize", "Softmax"]


@pytest.mark.slow
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_short_runs_use_the_bench_that_checks_axi(tmp_path, cache, simulator):
    run = run_accelerated(
        DIGITS / "digits.onnx",
        accelerator="tiny" if simulator == "icarus" else "edge",
        host_fallback=True,
        rtl=True,
        simulator=simulator,
        output=tmp_path,
        cache=cache,
    )
    assert_exact(run)
    assert not (tmp_path / "rtl-state").exists()


def run_tflite(model, folder, cache, **options):
    return run_accelerated(
        model, accelerator="edge", host_fallback=True, output=folder, cache=cache, **options
    )


def test_a_network_on_edge(tmp_path, cache, reference_data):
    model = reference_data / "mlperf_tiny" / "pretrainedResnet_quant.tflite"
    run = run_tflite(model, tmp_path, cache, rtl=True, samples=1)
    assert_exact(run)
    plain = json.loads(json.dumps(run.to_json()))
    assert plain["rtl_cycles"] == plain["total_cycles"]
    assert sum(layer["cycles"] for layer in plain["layers"]) == plain["total_cycles"] - 1


@pytest.mark.slow
@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("name", NETWORKS)
def test_ten_inputs_on_edge(tmp_path, cache, reference_data, name, memory):
    model = reference_data / "mlperf_tiny" / name
    run = run_tflite(model, tmp_path, cache, rtl=True, samples=10, changes={"memory.kind": memory})
    assert_exact(run)
    assert run.rtl.rtl_samples == 10


@pytest.mark.parametrize("name", NETWORKS)
def test_every_tensor_is_that_of_the_reference_interpreter(reference_data, name):
    octets = (reference_data / "mlperf_tiny" / name).read_bytes()
    graph = import_tflite(octets)
    lowered = lower(graph, find_accelerator("edge"), host_fallback=True)
    rng = np.random.default_rng(0)
    for _ in range(10):
        inputs = {
            name: rng.integers(-128, 128, graph.tensors[name].shape).astype(np.int8)
            for name in graph.inputs
        }
        theirs = interpret(octets, inputs)
        ours = in_file_layout(evaluate(lowered.graph, inputs))
        shared = [tensor for tensor in theirs if tensor in ours]
        assert {entry.tensor for entry in lowered.outputs} <= set(ours)
        assert len(shared) > 10
        wrong = [tensor for tensor in shared if not np.array_equal(ours[tensor], theirs[tensor])]
        assert not wrong


@pytest.mark.parametrize("name", NETWORKS)
def test_cycles_and_bytes_on_edge(reference_data, tmp_path, cache, name):
    model = reference_data / "mlperf_tiny" / name
    run = run_tflite(model, tmp_path, cache)
    assert run.total_cycles <= NETWORKS[name]
    graph = import_tflite(model)
    constants = {
        operand.name: operand
        for operator in graph.operators
        for operand in graph.inputs_of(operator)
        if operand.data is not None
    }
    # Weights of 8 bits and biases of 32, as the file has them, and the tensors at both ends.
    weights = sum(
        operand.data.size * (operand.int_format.bits // 8)
        for operand in constants.values()
        if not operand.is_float and operand.quantization is not None
    )
    lowered = lower(graph, find_accelerator("edge"), host_fallback=True)
    ends = sum(entry.bytes for entry in (*lowered.inputs, *lowered.outputs))
    print(name, run.total_cycles, run.dram_bytes, run.program_bytes, weights, ends)
    if name.startswith("pretrained"):
        assert run.dram_bytes <= 1.05 * (weights + ends)


def test_a_run_that_was_stopped_goes_on(tmp_path, cache, monkeypatch):
    from tilewright import harness

    played = []
    play_script = harness.play_script

    def stopped(folder, script, work, *, trace=None):
        """Gives up after some layers, as one that was interrupted."""
        played.append(list(script.lines))
        if len(played) == 1:
            limit = next(i for i, line in enumerate(script.lines) if line.startswith("wait"))
            script.lines[limit:] = ["wait 4000"]
            play_script(folder, script, work, trace=trace)
            raise KeyboardInterrupt
        return play_script(folder, script, work, trace=trace)

    monkeypatch.setattr(harness, "play_script", stopped)
    folder = tmp_path / "a run"
    with pytest.raises(KeyboardInterrupt):
        run_digits(folder, cache, rtl=True, rtl_samples=1)
    assert_exact(run_digits(folder, cache, rtl=True, rtl_samples=1))
    assert any(line.startswith("restore") for line in played[1])
    assert not any(line == "start" for line in played[1])
    assert not list((folder / "rtl-state").iterdir())


@pytest.mark.slow
def test_waves_of_one_layer(tmp_path, cache):
    waves = tmp_path / "conv.vcd"
    run = run_digits(
        tmp_path, cache, rtl=True, rtl_samples=1, waves=waves, waves_layer="block1_conv1"
    )
    assert_exact(run)
    text = waves.read_text()
    assert "$enddefinitions" in text
    times = [int(line[1:]) for line in text.splitlines() if line.startswith("#")]
    layer = next(layer for layer in run.layers if layer.name == "block1_conv1")
    assert layer.cycles <= (times[-1] - times[0]) // 2 <= layer.cycles + 4


def test_a_trace_for_perfetto(tmp_path, cache):
    run = run_digits(tmp_path, cache, trace=str(tmp_path / "trace.json"))
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    slices = [event for event in events if event["ph"] == "X"]
    assert max(event["ts"] + event["dur"] for event in slices) + 1 == run.total_cycles
    assert {event["tid"] for event in slices} == {0, 1, 2}


def test_without_host_fallback_what_is_not_in_hardware_is_named(tmp_path, cache):
    with pytest.raises(UserError, match=r"softmax.*host"):
        run_accelerated(DIGITS / "digits.onnx", accelerator="tiny", output=tmp_path, cache=cache)
