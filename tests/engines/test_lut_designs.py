"""What designs of `lut` consist of, presets, and the emitted Verilog."""

import re
from collections import Counter
from collections.abc import Mapping

import pytest
from amaranth.hdl import Fragment
from amaranth.hdl._ir import build_netlist
from amaranth.hdl._nir import FlipFlop

from golden.engines.lut import PRESETS, Params, Precompute, Registers, TableKind, layout
from golden.formats import IntFormat
from golden.params import parse_params
from hw.engines.lut import Engine
from tilewright.caching import Cache
from tilewright.verification import OUTPUTS, verify

SMALL = {"m": 2, "n": 2, "k": 4, "group": 2, "k_max": 9}


def design(**given: object) -> Params:
    return parse_params(Params, {**SMALL, **given})


def flip_flops(params: Params) -> dict[str, int]:
    """Bits in flip-flops: of the units, of the parts beside them, and of the frame between."""
    component = Engine(params)
    netlist = build_netlist(Fragment.get(component, None), ports=())
    bits = Counter[str]()
    for cell in netlist.cells:
        if isinstance(cell, FlipFlop):
            part = (*netlist.modules[cell.module_idx].name[1:2], "frame")[0]
            bits[re.sub(r"_\d+", "", part)] += len(cell.data)
    return bits


@pytest.mark.parametrize("registers", [member.value for member in Registers])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"table": "full", "group": 1},
        {"weight": "uint5", "table": "full"},
        {"precompute": "external-int8"},
        {"scale": "uint8", "zero_point": "int4"},
    ],
    ids=lambda given: "-".join(map(str, given.values())) or "default",
)
def test_flip_flops_are_those_of_the_formula(given: Mapping[str, object], registers: str) -> None:
    """As on the engine's page: tables, weights, sums, and the number of the plane."""
    least = {"none": 1, "double": 3}.get(registers, 2)
    params = design(**given, registers=registers, stages=least, n=3)
    t, entries, e = params.k // params.group, params.shape_of_table.size, params.entry.bits
    sets = {"none": 0, "double": 2}.get(registers, 1)
    keeps = registers in ("both", "double")
    number = params.max_weight_bits.bit_length()
    sign = isinstance(params.weight, IntFormat) and params.weight.signed
    scaled = params.epilogue is not None
    # Entries that are odd or even together share the bit that says so.
    shares = params.bipolar and params.precompute is Precompute.ENGINE
    table = entries * e - shares * (entries - 1)
    frame = sets * params.m * t * table + keeps * (params.k * params.n + number + sign)
    # Which group a row belongs to, and when activations count, where sums are scaled.
    frame += scaled * (2 + 2 * keeps + keeps)
    found = flip_flops(params)
    assert found["unit"] == 2 * params.m * params.n * params.sums.bits
    assert found["frame"] == frame
    assert found["row_sum"] == scaled * 2 * params.m * params.row_sums.bits
    if not scaled:
        assert found["leave"] == params.n * params.results.bits + 1


@pytest.mark.parametrize("name", PRESETS)
def test_presets_of_the_tile_do_512_products_of_one_bit(name: str) -> None:
    params = PRESETS[name]
    if name == "t-mac":
        assert (params.k_max, params.shape_of_table.size, params.entry) == (64, 16, IntFormat(8))
        return
    if name in ("lut-gemm-int", "shiftadd-int"):
        assert (params.group, params.shape_of_table.size, params.group_max) == (8, 256, 128)
        return
    assert params.macs_per_cycle * params.max_weight_bits == 512
    assert (params.m, params.n, params.k, params.sums) == (2, 64, 4, IntFormat(20))
    assert params.registers is Registers.NONE
    # Of the two planes of weights a step needs 256 bits each.
    assert layout(params).weights.bits == 256


# The emitted Verilog, as `verify` runs it.

TILE = {"m": 2, "n": 4, "k": 4, "k_max": 40}
CROSS = (
    *(
        {"weight": weight, "table": table.value}
        for weight in ("bipolar8", "signs8")
        for table in TableKind
    ),
    {"weight": "uint8", "table": "full"},
    {"weight": "int8", "table": "full"},
    {"weight": "bipolar8", "precompute": "external-int8", "registers": "none", "stages": 1},
    {"weight": "bipolar8", "precompute": "external", "registers": "tables"},
    {"weight": "signs8", "registers": "double", "stages": 3, "group": 2},
    {"weight": "bipolar8", "scale": "fp32", "zero_point": "int8", "group_steps": 4},
)
"""Every kind of plane and of table, with all widths of weights, and each other knob."""


@pytest.mark.slow
@pytest.mark.parametrize("given", CROSS, ids=lambda given: "-".join(map(str, given.values())))
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_every_configuration_is_exact(
    simulator: str, given: Mapping[str, object], cache: Cache, request: pytest.FixtureRequest
) -> None:
    """Widths of weights from 1 to 8 are among the cases."""
    request.getfixturevalue(simulator)
    result = verify("lut", {**TILE, **given}, simulator=simulator, cache=cache)
    assert result.failures == ()
    assert (result.mismatches, result.cycle_mismatches) == (0, 0)
    assert result.outputs_checked >= OUTPUTS


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_exact(name: str, cache: Cache, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("verilator")
    result = verify(name, {}, simulator="verilator", cache=cache)
    assert result.failures == ()
    assert (result.mismatches, result.cycle_mismatches) == (0, 0)
    assert result.outputs_checked >= OUTPUTS


def test_icarus_finds_nothing_wrong(cache: Cache, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("icarus")
    given = {**SMALL, "weight": "bipolar2"}
    result = verify("lut", given, simulator="icarus", cases=1, outputs=1, cache=cache)
    assert result.failures == ()
    assert result.passed
