import re
from typing import Any

import pytest
from amaranth.hdl import Fragment, Instance, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from hw.emit import Emission, emit_verilog, place
from tests.support.pysim import CLOCK_PERIOD
from tests.support.verilog import modules


class HalfAdder(wiring.Component):
    """Adds a constant of its own."""

    def __init__(self, width: int, constant: int) -> None:
        self._constant = constant
        super().__init__({"i": In(stream.Signature(width)), "o": Out(stream.Signature(width))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += self.o.payload.eq(self.i.payload + self._constant)
        m.d.comb += [self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready)]
        return m


class Chain(wiring.Component):
    """Half adders one behind the other, with the given constants."""

    def __init__(self, *constants: int) -> None:
        self._constants = constants
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        before = wiring.flipped(self.i)
        for index, constant in enumerate(self._constants):
            part = place(platform, HalfAdder, 8, constant)
            m.submodules[f"part_{index}"] = part
            wiring.connect(m, before, part.i)
            before = part.o
        wiring.connect(m, before, wiring.flipped(self.o))
        return m


class Nest(wiring.Component):
    """Chains side by side, so that placed parts hold placed parts."""

    q: Out(8)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        chains = [place(platform, Chain, *constants) for constants in ((1, 2), (1, 2), (2,))]
        for index, chain in enumerate(chains):
            m.submodules[f"chain_{index}"] = chain
        ends = Signal(8)
        m.d.comb += [ends.eq(sum(chain.o.payload for chain in chains)), self.q.eq(ends)]
        return m


def instances(text: str, name: str) -> int:
    return len(re.findall(rf"^ *{name} ", text, re.MULTILINE))


def test_equal_parts_become_one_module() -> None:
    texts = modules(emit_verilog(Chain(5, 5, 5), "chain"))
    assert [*texts] == ["chain", "test_emit_half_adder_v0"]
    assert instances(texts["chain"], "test_emit_half_adder_v0") == 3


def test_each_variant_of_a_part_has_a_module() -> None:
    texts = modules(emit_verilog(Chain(5, 7, 5, 7, 7), "chain"))
    assert [*texts] == ["chain", "test_emit_half_adder_v0", "test_emit_half_adder_v1"]
    assert instances(texts["chain"], "test_emit_half_adder_v0") == 2
    assert instances(texts["chain"], "test_emit_half_adder_v1") == 3
    assert "8'h05" in texts["test_emit_half_adder_v0"].replace("3'h5", "8'h05")
    assert "8'h07" in texts["test_emit_half_adder_v1"].replace("3'h7", "8'h07")


def test_parts_of_placed_parts_are_merged_across_them() -> None:
    texts = modules(emit_verilog(Nest(), "nest"))
    assert sorted(texts) == [
        "nest",
        "test_emit_chain_v0",
        "test_emit_chain_v1",
        "test_emit_half_adder_v0",
        "test_emit_half_adder_v1",
    ]
    assert instances(texts["nest"], "test_emit_chain_v0") == 2


def test_names_of_streams_are_the_ports_of_the_top() -> None:
    text = modules(emit_verilog(Chain(1), "chain"))["chain"]
    ports = set(re.findall(r"^ *(?:input|output)\b[^;]*?(\w+);", text, re.MULTILINE))
    assert ports == {
        "clk",
        "rst",
        *(f"{port}__{signal}" for port in "io" for signal in ("payload", "valid", "ready")),
    }


def test_the_same_component_gives_the_same_text() -> None:
    first, second = (emit_verilog(Chain(1, 2, 1), "chain") for _ in range(2))
    assert first == second


def test_a_part_is_the_component_itself_in_simulation() -> None:
    part = place(None, HalfAdder, 8, 3)
    assert isinstance(part, HalfAdder)
    simulator = Simulator(part)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.run_until(CLOCK_PERIOD)


def test_a_simulated_parent_works_with_its_parts() -> None:
    chain = Chain(3, 4)

    async def bench(ctx: Any) -> None:
        ctx.set(chain.i.payload, 10)
        await ctx.tick().repeat(2)
        assert ctx.get(chain.o.payload) == 17

    simulator = Simulator(chain)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()


def test_a_part_is_a_stand_in_with_the_same_ports_in_emission() -> None:
    emission = Emission()
    stand_in = place(emission, HalfAdder, 8, 3)
    assert not isinstance(stand_in, HalfAdder)
    assert stand_in.signature == HalfAdder(8, 3).signature
    instance = Fragment.get(stand_in, emission)
    assert isinstance(instance, Instance)
    assert instance.type == "test_emit_half_adder_v0"
    (text,) = emission.parts
    assert re.findall(r"^module \\(\w+)", text, re.MULTILINE) == [instance.type]


class Wire(wiring.Component):
    """Passes bits on, without state."""

    i: In(4)
    o: Out(4)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.o.eq(self.i)
        return m


@pytest.mark.parametrize(("cls", "args", "clocked"), [(Wire, (), False), (HalfAdder, (8, 1), True)])
def test_an_instance_has_a_clock_where_its_module_has_one(cls, args, clocked) -> None:
    emission = Emission()
    instance = Fragment.get(place(emission, cls, *args), emission)
    assert {"clk", "rst"}.issubset(instance.ports) is clocked
