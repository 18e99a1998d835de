"""Program fetch: bursts of the program port, the header, and a buffer of instructions."""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from golden.accelerator.encoding import INSTRUCTION_BYTES, MAGIC, instruction_set_hash
from golden.accelerator.registers import ErrorCode
from hw.accelerator.ports import ADDRESS_BITS, INSTRUCTION_STREAM, AxiRead

__all__ = ["Fetch"]

BURST_BEATS = 8
BUFFER_INSTRUCTIONS = 16


class Fetch(wiring.Component):
    """Reads a program, an instruction a beat.

    One burst is under way at a time; the next is asked for when the buffer has room for it. The
    header is checked and not passed on. Instructions after the end of the program are not either.

    Parameters
    ----------
    target : bytes
        Of programs for this accelerator.

    Members
    -------
    program : In(64)
        Where the program begins; looked at in the first cycle alone.
    bus : Out(AxiRead(32))
    instructions : Out(INSTRUCTION_STREAM)
        The last one is 0, the end.
    halt : In(1)
        Ask for nothing new.
    quiet : Out(1)
        Nothing is under way.
    fault : Out(8)
        An `ErrorCode` in the cycle in which it is found, else 0.
    beat : Out(1)
        A beat has arrived.
    """

    program: Signal
    bus: Any
    instructions: stream.Interface
    halt: Signal
    quiet: Signal
    fault: Signal
    beat: Signal

    def __init__(self, target: bytes) -> None:
        self._target = target
        super().__init__(
            {
                "program": In(ADDRESS_BITS),
                "bus": Out(AxiRead(INSTRUCTION_BYTES)),
                "instructions": Out(INSTRUCTION_STREAM),
                "halt": In(1),
                "quiet": Out(1),
                "fault": Out(8),
                "beat": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.buffer = buffer = SyncFIFO(
            width=8 * INSTRUCTION_BYTES, depth=BUFFER_INSTRUCTIONS
        )
        ar, r = self.bus.ar, self.bus.r
        following, burst = Signal(ADDRESS_BITS - 8), Signal(ADDRESS_BITS - 8)
        awaited = Signal(range(BURST_BEATS + 1))
        begun, asking, headed, ended = Signal(), Signal(), Signal(), Signal()
        word = Signal(8 * INSTRUCTION_BYTES)
        room = Value.cast(buffer.r_level) <= BUFFER_INSTRUCTIONS - BURST_BEATS

        # Once asked, a burst is asked for until it is taken, whatever happens meanwhile.
        wanted = (awaited == 0) & room & ~ended & ~self.halt
        m.d.comb += [
            ar.valid.eq(asking | wanted),
            # Software may write the next program's address from the second cycle on.
            burst.eq(Mux(begun, following, self.program[8:])),
            ar.payload.address.eq(burst << 8),
            ar.payload.beats.eq(BURST_BEATS),
            r.ready.eq(1),
            self.beat.eq(r.valid),
            self.quiet.eq((awaited == 0) & ~asking),
            word.eq(r.payload.data),
            buffer.w_data.eq(word),
            buffer.w_en.eq(r.valid & headed & ~ended & ~self.halt),
            self.instructions.valid.eq(buffer.r_rdy),
            self.instructions.payload.eq(buffer.r_data),
            buffer.r_en.eq(self.instructions.ready),
        ]
        m.d.sync += [asking.eq(ar.valid & ~ar.ready), begun.eq(1), following.eq(burst)]
        with m.If(ar.valid & ar.ready):
            m.d.sync += [awaited.eq(BURST_BEATS), following.eq(burst + 1)]
        with m.If(r.valid):
            m.d.sync += [awaited.eq(awaited - 1), headed.eq(1)]
            with m.If(headed & (word == 0)):
                m.d.sync += ended.eq(1)
        self._check(m, word, headed)
        return m

    def _check(self, m: Module, word: Signal, headed: Signal) -> None:
        """Raise a fault for a beat that is wrong."""
        r = self.bus.r
        parts = (
            (ErrorCode.NOT_A_PROGRAM, 0, MAGIC),
            (ErrorCode.OTHER_INSTRUCTION_SET, 64, instruction_set_hash()),
            (ErrorCode.OTHER_ACCELERATOR, 128, self._target),
        )
        with m.If(r.valid & r.payload.error):
            m.d.comb += self.fault.eq(ErrorCode.PROGRAM_READ)
        for code, low, expected in parts:
            with m.Elif(
                r.valid & ~headed & (word[low : low + 64] != Const.cast(_number(expected)))
            ):
                m.d.comb += self.fault.eq(code)


def _number(octets: bytes) -> int:
    return int.from_bytes(octets, "little")
