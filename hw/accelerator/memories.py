"""Local memories: banks behind the ports of the units.

`MemoryBank` is the one place where words are kept. In Verilog it is an instance of one module,
`MODEL_NAME`, which is a behavioural model: a design for silicon puts a macro of the same ports in
its place.
"""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.accelerator.ports import ReadPort, WritePort
from hw.emit import Emission, place

__all__ = ["MODEL_NAME", "LocalMemory", "MemoryBank", "StripedMemory", "run_memory"]

MODEL_NAME = "tilewright_sram_1r1w"

_MODEL = f"""\
module {MODEL_NAME} #(
  parameter WORDS = 2,
  parameter BITS = 8,
  parameter ADDRESS_BITS = 1
) (
  input clk,
  input read_en,
  input [ADDRESS_BITS-1:0] read_address,
  output reg [BITS-1:0] read_data,
  input write_en,
  input [ADDRESS_BITS-1:0] write_address,
  input [BITS-1:0] write_data
);
  reg [BITS-1:0] words [0:WORDS-1];
  always @(posedge clk) begin
    if (write_en) words[write_address] <= write_data;
    if (read_en) read_data <= words[read_address];
  end
endmodule
"""


class MemoryBank(wiring.Component):
    """One read port and one write port.

    A read takes one cycle, and what was read stays until the next read; reading a word in the cycle
    in which it is written gives what it held before.

    Parameters
    ----------
    words, bits : int
    """

    read_en: Signal
    read_address: Signal
    read_data: Signal
    write_en: Signal
    write_address: Signal
    write_data: Signal

    def __init__(self, words: int, bits: int) -> None:
        self._words = words
        address = max(1, (words - 1).bit_length())
        super().__init__(
            {
                "read_en": In(1),
                "read_address": In(address),
                "read_data": Out(bits),
                "write_en": In(1),
                "write_address": In(address),
                "write_data": In(bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if isinstance(platform, Emission):
            platform.add(_MODEL)
            m.submodules.words = Instance(
                MODEL_NAME,
                p_WORDS=self._words,
                p_BITS=len(self.read_data),
                p_ADDRESS_BITS=len(self.read_address),
                i_clk=ClockSignal(),
                i_read_en=self.read_en,
                i_read_address=self.read_address,
                o_read_data=self.read_data,
                i_write_en=self.write_en,
                i_write_address=self.write_address,
                i_write_data=self.write_data,
            )
            return m
        words: Memory[Any, Any] = Memory(shape=len(self.read_data), depth=self._words, init=[])
        m.submodules.words = words
        read, write = words.read_port(), words.write_port()
        m.d.comb += [
            read.en.eq(self.read_en),
            read.addr.eq(self.read_address),
            self.read_data.eq(read.data),
            write.en.eq(self.write_en),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
        ]
        return m


class LocalMemory(wiring.Component):
    """Banks of words, and the units that read and write them.

    Parameters
    ----------
    shape : ArrayLayout
        Of a word.
    words, banks : int
        Banks are equal runs of addresses.
    readers, writers : int

    Members
    -------
    readers : In(ReadPort(shape)).array(readers)
    writers : In(WritePort(shape)).array(writers)
    fault : Out(1)
        An address beyond the memory, or two in one port of a bank, in this cycle.
    """

    readers: Sequence[Any]
    writers: Sequence[Any]
    fault: Signal

    def __init__(
        self, shape: data.ArrayLayout, *, words: int, banks: int, readers: int, writers: int
    ) -> None:
        self._words = words
        self._banks = banks
        self._shape = shape
        super().__init__(
            {
                "readers": In(ReadPort(shape)).array(readers),
                "writers": In(WritePort(shape)).array(writers),
                "fault": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = self._words // self._banks
        banks = [place(platform, MemoryBank, words, self._shape.size) for _ in range(self._banks)]
        faults: list[Value] = [
            port.en & (port.address >= self._words) for port in (*self.readers, *self.writers)
        ]
        for number, bank in enumerate(banks):
            m.submodules[f"bank_{number}"] = bank
            reads = [self._selects(port, number) for port in self.readers]
            writes = [self._selects(port, number) for port in self.writers]
            faults += [_several(reads), _several(writes)]
            m.d.comb += [
                bank.read_en.eq(_any(reads)),
                bank.read_address.eq(_choose(reads, [port.address for port in self.readers])),
                bank.write_en.eq(_any(writes)),
                bank.write_address.eq(_choose(writes, [port.address for port in self.writers])),
                bank.write_data.eq(
                    _choose(writes, [Value.cast(port.data) for port in self.writers])
                ),
            ]
        for number, port in enumerate(self.readers):
            self._give(m, number, port, banks)
        m.d.comb += self.fault.eq(_any(faults))
        return m

    def _selects(self, port: Any, bank: int) -> Value:
        """Whether the port is used, and on this bank."""
        if self._banks == 1:
            return Value.cast(port.en)
        low = (self._words // self._banks).bit_length() - 1
        high = low + self._banks.bit_length() - 1
        return Value.cast(port.en & (port.address[low:high] == bank))

    def _give(self, m: Module, number: int, port: Any, banks: list[MemoryBank]) -> None:
        """Hand the word that was read to its reader."""
        word = Value.cast(port.data)
        if self._banks == 1:
            m.d.comb += word.eq(banks[0].read_data)
            return
        low = (self._words // self._banks).bit_length() - 1
        chosen = Signal(range(self._banks), name=f"chosen_{number}", reset_less=True)
        with m.If(port.en):
            m.d.sync += chosen.eq(port.address[low:])
        with m.Switch(chosen):
            for index, bank in enumerate(banks):
                with m.Case(index):
                    m.d.comb += word.eq(bank.read_data)


class StripedMemory(wiring.Component):
    """Words that are written one by one, and read several at once.

    Parameters
    ----------
    shape : ArrayLayout
        Of a word.
    words : int
    at_once : int
        Words that are read together, a power of two that divides ``words``; at least two.

    Members
    -------
    readers : In(ReadPort(ArrayLayout(element, at_once * lanes))).array(1)
        Addresses are numbers of runs of so many words.
    writers : In(WritePort(shape)).array(1)
    fault : Out(1)
        An address beyond the memory in this cycle.
    """

    readers: Sequence[Any]
    writers: Sequence[Any]
    fault: Signal

    def __init__(self, shape: data.ArrayLayout, *, words: int, at_once: int) -> None:
        self._stripes = [
            LocalMemory(shape, words=words // at_once, banks=1, readers=1, writers=1)
            for _ in range(at_once)
        ]
        wide = data.ArrayLayout(shape.elem_shape, at_once * shape.length)
        super().__init__(
            {
                "readers": In(ReadPort(wide)).array(1),
                "writers": In(WritePort(shape)).array(1),
                "fault": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        reader, writer = self.readers[0], self.writers[0]
        low = (len(self._stripes) - 1).bit_length()
        for number, stripe in enumerate(self._stripes):
            m.submodules[f"stripe_{number}"] = stripe
            m.d.comb += [
                stripe.readers[0].en.eq(reader.en),
                stripe.readers[0].address.eq(reader.address),
                stripe.writers[0].en.eq(writer.en & (writer.address[:low] == number)),
                stripe.writers[0].address.eq(writer.address[low:]),
                Value.cast(stripe.writers[0].data).eq(Value.cast(writer.data)),
            ]
        words = [Value.cast(stripe.readers[0].data) for stripe in self._stripes]
        m.d.comb += [
            Value.cast(reader.data).eq(Cat(words)),
            self.fault.eq(_any([stripe.fault for stripe in self._stripes])),
        ]
        return m


def run_memory(shape: data.ArrayLayout, *, words: int, at_once: int) -> LocalMemory | StripedMemory:
    """A memory of one bank that is read in runs of so many words, with a reader and a writer."""
    if at_once == 1:
        return LocalMemory(shape, words=words, banks=1, readers=1, writers=1)
    return StripedMemory(shape, words=words, at_once=at_once)


def _any(flags: list[Value]) -> Value:
    found: Value = Const(0)
    for flag in flags:
        found = found | flag
    return found


def _several(flags: list[Value]) -> Value:
    """Whether more than one is set."""
    found: Value = Const(0)
    for index, flag in enumerate(flags):
        found = found | (flag & _any(flags[:index]))
    return found


def _choose(flags: list[Value], values: list[Value]) -> Value:
    """The value of the flag that is set."""
    chosen = values[0]
    for flag, value in zip(flags[1:], values[1:], strict=True):
        chosen = Mux(flag, value, chosen)
    return chosen
