"""Networks that are mapped optimally, on the Verilog, and over sizes of activation memory."""

import math
from pathlib import Path

import pytest

from golden.accelerator.registers import Counter
from mapper.accelerator.legalise import legalise
from mapper.accelerator.lowering import lower
from mapper.accelerator.mapping import Mapper
from mapper.accelerator.optimal.graph_level import fewest_bytes
from mapper.accelerator.optimal.space import space_of
from mapper.accelerator.programs import program_layers, region_bases
from mapper.accelerator.reference import with_fixed_point
from mapper.status import Status
from sim.accelerator.simulation import simulate
from tests.accelerator.test_networks import assert_exact
from tilewright.accelerated import run_accelerated
from tilewright.accelerated_simulation import simulate_accelerated
from tilewright.accelerator import find_accelerator
from tilewright.workloads import load_model

DIGITS = Path(__file__).parents[2] / "tilewright" / "networks" / "digits" / "digits.onnx"
RESNET = "pretrainedResnet_quant.tflite"
KEYWORDS = "kws_ref_model.tflite"
KIB = 1024


def cost(lowered):
    simulation = simulate(lowered.accelerator, program_layers(lowered), bases=region_bases(lowered))
    counters = simulation.counters
    return counters[Counter.READ_BYTES] + counters[Counter.WRITTEN_BYTES], simulation.cycles


def assert_never_worse(model, name, activation_kib):
    """Status, bytes and cycles of the optimal mapping, which must not be above the greedy one's."""
    design = find_accelerator(name, {"activation_bytes": activation_kib * KIB})
    graph = load_model(model)
    greedy = lower(graph, design, host_fallback=True)
    best = lower(graph, design, host_fallback=True, mapper=Mapper.OPTIMAL)
    octets, cycles = cost(best)
    old_octets, old_cycles = cost(greedy)
    print(f"{model.name} {name} {activation_kib} KiB: {old_octets} {old_cycles}", octets, cycles)
    assert octets <= old_octets
    assert cycles <= old_cycles
    assert best.mapping.total_bytes == octets
    assert best.mapping.cycles_bound <= cycles
    assert best.mapping.seconds < 75  # a limit of 60, and what comes after it
    return best.mapping


def run_optimal(model, folder, cache, name="edge", **options):
    return run_accelerated(
        model,
        accelerator=name,
        mapper="optimal",
        host_fallback=True,
        output=folder,
        cache=cache,
        **options,
    )


def test_digits_on_the_verilog(tmp_path, cache):
    run = run_optimal(DIGITS, tmp_path, cache, name="tiny", rtl=True, samples=3)
    assert_exact(run)
    mapping = run.mapping
    assert mapping["status"] == "optimal"
    assert (mapping["objective_bytes"], mapping["bound_bytes"]) == (0, 0)
    assert mapping["total_bytes"] == run.dram_bytes
    greedy = simulate_accelerated(str(DIGITS), accelerator="tiny")
    assert run.total_cycles <= greedy["total_cycles"]
    assert run.dram_bytes <= greedy["dram_bytes"]


@pytest.mark.slow
def test_spills_on_the_verilog(tmp_path, cache):
    """On an accelerator with so little activation memory that values go to DRAM and come back."""
    changes = {"activation_bytes": 1024}
    run = run_optimal(DIGITS, tmp_path, cache, name="tiny", changes=changes, rtl=True, samples=2)
    assert_exact(run)
    assert run.mapping["spilled_bytes"] > 0
    moved = run.counters["read_bytes"] + run.counters["written_bytes"]
    assert run.mapping["total_bytes"] == moved


def test_resnet_with_less_memory(reference_data):
    mapping = assert_never_worse(reference_data / "mlperf_tiny" / RESNET, "edge", 32)
    # The optimum of the residency: one value of 16 KiB goes to memory and comes back.
    assert mapping.status is Status.OPTIMAL
    assert (mapping.spilled_bytes, mapping.retrieved_bytes) == (16 * KIB, 16 * KIB)


@pytest.mark.slow
@pytest.mark.parametrize("kib", [8, 16, 32, 64, 128])
@pytest.mark.parametrize("name", ["edge", "tiny"])
@pytest.mark.parametrize("model", [RESNET, KEYWORDS, "digits"])
def test_never_worse(reference_data, model, name, kib):
    path = DIGITS if model == "digits" else reference_data / "mlperf_tiny" / model
    assert_never_worse(path, name, kib)


@pytest.mark.slow
@pytest.mark.parametrize("kib", [16, 32, 128])
@pytest.mark.parametrize("model", [RESNET, KEYWORDS])
def test_networks_on_the_verilog(tmp_path, cache, reference_data, model, kib):
    path = reference_data / "mlperf_tiny" / model
    changes = {"activation_bytes": kib * KIB}
    run = run_optimal(path, tmp_path, cache, changes=changes, rtl=True, samples=1)
    assert_exact(run)
    moved = run.counters["read_bytes"] + run.counters["written_bytes"]
    assert run.mapping["total_bytes"] == moved


@pytest.mark.parametrize("model", [RESNET, KEYWORDS])
def test_more_memory_never_moves_more(reference_data, model):
    """Over sizes that are no powers of two as well: the banks are left out."""
    graph = with_fixed_point(load_model(reference_data / "mlperf_tiny" / model))
    before, proven = math.inf, 0
    for kib in (6, 8, 12, 16, 20, 24, 28, 32, 40, 48, 64):
        changes = {"activation_bytes": kib * KIB, "activation_banks": 1}
        design = find_accelerator("edge", changes)
        network = legalise(graph, design.lanes, host_fallback=True)
        found = fewest_bytes(space_of(network, design), deadline=math.inf)
        if found.choice is None:
            assert before == math.inf
            continue
        assert found.status is Status.OPTIMAL
        assert found.compulsory_bytes <= found.choice.bytes <= before
        before, proven = found.choice.bytes, proven + 1
    assert before == found.compulsory_bytes
    assert proven > 8
