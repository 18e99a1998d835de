import io
import json
from dataclasses import replace

import pytest

from golden.accelerator.description import Memory, MemoryKind
from golden.accelerator.instructions import Add, Gemm, Load, Pool, Requantize, Store, Table, Units
from golden.engines import add
from sim.accelerator.energy import HOROWITZ_45NM, EnergyEntry
from sim.accelerator.execute import peak_macs
from sim.accelerator.report import report, utilisation
from sim.accelerator.simulation import simulate
from sim.accelerator.steps import Layer, Loop, layers_of
from sim.accelerator.trace import Trace
from sim.accelerator.traffic import Traffic, traffic
from tests.golden.accelerator import streaming
from tests.sim.accelerator.programs import Told, accelerator, lasting

MACHINE = accelerator(lanes=4, memory=Memory(kind=MemoryKind.IDEAL))
BOTH = (
    lasting(Load, 100, signal=Units.EXECUTE),
    lasting(Gemm, 100, wait=Units.LOAD),
)


@pytest.mark.parametrize(
    ("body", "bound"),
    [
        ([lasting(Load, 100), lasting(Gemm, 90)], "dram"),
        ([lasting(Load, 90), lasting(Gemm, 100)], "compute"),
        ([lasting(Store, 99), lasting(Gemm, 98)], "dram"),
        ([lasting(Requantize, 60), lasting(Store, 50), lasting(Gemm, 100)], "scratchpad"),
        ([lasting(Requantize, 50), lasting(Store, 60), lasting(Gemm, 100)], "dram"),
        ([*BOTH, lasting(Store, 1)], "dependency"),
        ([], "dependency"),
    ],
)
def test_what_bounds_a_layer(body, bound: str) -> None:
    result = simulate(MACHINE, [Layer(name="layer", body=body)], costs=Told())
    assert report(MACHINE, result)[0].bound_by == bound


def test_layers_of_a_program() -> None:
    program = [lasting(Load, 50), lasting(Load, 70), lasting(Gemm, 900)]
    layers = layers_of(program, [("first", 1), ("second", 2), ("third", 3)])
    result = simulate(MACHINE, layers, costs=Told())
    first, second, third = report(MACHINE, result)
    # The first load begins in cycle 4, the product in 6, during the first layer.
    assert (first.name, first.cycles) == ("first", 54)
    assert first.busy == {"load": 50 / 54, "execute": 48 / 54, "store": 0, "vector": 0}
    assert (second.cycles, second.bound_by, second.busy["execute"]) == (70, "compute", 1.0)
    assert third.cycles == 6 + 900 - 54 - 70
    assert sum(layer.cycles for layer in result.layers) == result.cycles - 1
    with pytest.raises(ValueError, match="layers must end in order"):
        layers_of(program, [("first", 2)])


def test_numbers_of_a_product() -> None:
    gemm = Gemm(out_width=10, width=10, pixel_words=1, blocks_k=2, last_lanes=3, blocks_n=5)
    load = Load(row_bytes=64, group_bytes=64)
    result = simulate(MACHINE, [Layer(name="layer", body=[Loop(3, (load, gemm))])])
    (layer,) = report(MACHINE, result)
    assert layer.macs == 3 * 10 * 7 * 20
    assert layer.utilisation == layer.macs / (16 * layer.cycles)
    assert (layer.dram_bytes, layer.dram_read_bytes, layer.instructions) == (192, 192, 6)
    assert layer.scratchpad_bytes == {
        "activations": 3 * (64 + 10 * 5 * 2 * 4),
        "weights": 3 * 5 * 7 * 4,
        "parameters": 0,
        "accumulators": 3 * (10 * 5 * 16) * 3,
    }
    assert layer.energy.macs == pytest.approx(layer.macs * 0.3)
    assert layer.energy.dram == 24 * 1300
    assert layer.energy.total > layer.energy.macs + layer.energy.dram
    assert layer.roofline.macs_per_byte == layer.macs / 192
    assert layer.roofline.roof == 16
    assert layer.roofline.macs_per_cycle <= layer.roofline.roof
    named = simulate(MACHINE, [Layer(name="layer", body=[load, gemm], macs=17)])
    assert report(MACHINE, named)[0].macs == 17


def test_energy_of_memories() -> None:
    assert HOROWITZ_45NM.sram_access(100) == 10
    assert HOROWITZ_45NM.sram_access(16 << 10) == pytest.approx(200**0.5)
    assert HOROWITZ_45NM.sram_access(1 << 30) == 100
    entry = HOROWITZ_45NM.dram
    assert (entry.unit, entry.node) == ("pJ", "45 nm, 0.9 V")
    assert "ISSCC 2014" in entry.source
    free = replace(HOROWITZ_45NM, dram=EnergyEntry(value=0.0, source="none"))
    result = simulate(MACHINE, [Layer(name="layer", body=[Load(group_bytes=64, row_bytes=64)])])
    assert report(MACHINE, result, free)[0].energy.dram == 0


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        (Load(group_bytes=5, groups=3, rows=2), Traffic(activation_written=2 * 3 * 8)),
        (Load(group_bytes=5, memory=1), Traffic(weight_written=8)),
        (Load(group_bytes=5, memory=2), Traffic(parameter_written=8)),
        (Store(group_bytes=5), Traffic(activation_read=8)),
        (
            Requantize(out_width=5, blocks=2),
            Traffic(
                vector_results=40, accumulator_read=160, parameter_read=72, activation_written=40
            ),
        ),
        (
            Add(words=3),
            Traffic(
                vector_results=12, activation_read=24, parameter_read=36, activation_written=12
            ),
        ),
        (
            Pool(out_width=3, width=3, origin_x=-1, taps_x=3),
            Traffic(vector_results=28, activation_read=28, activation_written=12),
        ),
        (
            Table(words=3),
            Traffic(
                vector_results=12, activation_read=12, parameter_read=256, activation_written=12
            ),
        ),
        (
            Gemm(diagonal=1, last_lanes=3, blocks_n=2, out_width=5, width=5, accumulate=1),
            Traffic(
                macs=30,
                engine_macs=120,
                full_cycles=30 / 16,
                activation_read=40,
                weight_read=8,
                accumulator_read=160,
                accumulator_written=160,
            ),
        ),
    ],
)
def test_traffic(instruction, expected: Traffic) -> None:
    assert traffic(MACHINE, instruction) == expected


def test_trace() -> None:
    file = io.StringIO()
    with Trace(file) as trace:
        result = simulate(
            MACHINE, [Layer(name="layer", body=[Loop(50, BOTH)])], costs=Told(), trace=trace
        )
    assert result.stepped == 100
    events = json.loads(file.getvalue())["traceEvents"]
    tracks = {
        event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"
    }
    assert tracks == {0: "load", 1: "execute", 2: "store"}
    slices = [event for event in events if event["ph"] == "X"]
    assert [event["name"] for event in slices[:2]] == ["Load", "Gemm"]
    assert (slices[0]["ts"], slices[0]["dur"], slices[1]["ts"]) == (4, 100, 104)
    assert len(slices) == 100
    assert max(event["ts"] + event["dur"] for event in slices) + 1 == result.cycles


def test_trace_of_a_banked_memory() -> None:
    file = io.StringIO()
    machine = replace(MACHINE, memory=Memory(kind=MemoryKind.BANKED))
    with Trace(file) as trace:
        simulate(machine, [Layer(name="layer", body=[Load(), Store()])], trace=trace)
    slices = [event for event in json.loads(file.getvalue())["traceEvents"] if event["ph"] == "X"]
    assert [event["name"] for event in slices] == ["Load", "Store"]


def test_loops_are_checked() -> None:
    with pytest.raises(ValueError, match="count of at least 1, not 0"):
        Loop(0, ())


@pytest.mark.parametrize("bits", [1, 2, 3, 8])
def test_utilisation_is_of_what_the_engine_does_with_such_weights(bits: int) -> None:
    # A row and a plane a cycle up to as many rows as bits: 16 products a cycle up to three bits.
    design = streaming.accelerator("add", add.Params(m=3, n=4, k=4, k_max=96))
    peak = 16 * min(3, bits) / bits
    assert peak_macs(design, bits) == pytest.approx(peak)
    gemm = Gemm(out_width=48, width=48, pixel_words=1, taps_x=5, last_lanes=4, weight_bits=bits)
    result = simulate(design, [Layer(name="layer", body=[gemm])])
    (layer,) = report(design, result)
    assert layer.utilisation == pytest.approx(48 * 5 * 16 / peak / layer.cycles)
    assert 0.7 < layer.utilisation <= 1
    assert utilisation(design, result) == pytest.approx(layer.utilisation, rel=0.01)
    assert layer.roofline.macs_per_cycle <= layer.roofline.roof == pytest.approx(peak)
