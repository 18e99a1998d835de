"""Instruction queues and dependency tokens."""

from functools import reduce
from operator import or_

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from golden.accelerator.instructions import INSTRUCTIONS, Unit, Units
from hw.accelerator.ports import INSTRUCTION_STREAM

__all__ = ["UNITS", "Dispatch", "UnitQueue"]

UNITS = tuple(Unit)
_FLAGS = {Unit.LOAD: Units.LOAD, Unit.EXECUTE: Units.EXECUTE, Unit.STORE: Units.STORE}
_TOKEN_BITS = 7

_HEAD = data.StructLayout({"opcode": 4, "wait": 3, "signal": 3})


class UnitQueue(wiring.Component):
    """Instructions of one unit, and the tokens that others have given it.

    Parameters
    ----------
    unit : Unit
    depth : int

    Members
    -------
    entry : In(INSTRUCTION_STREAM)
    start : Out(INSTRUCTION_STREAM)
        The oldest instruction, when its tokens are there.
    done : In(1)
        The unit is in the last cycle of the instruction that it took last.
    given : In(3)
        Tokens that units give in this cycle, one bit for each of `UNITS`.
    gives : Out(3)
        To whom this unit gives tokens in this cycle.
    busy, stalled, idle : Out(1)
        The unit works; it could begin but for a token; it is idle and so is the queue.
    """

    entry: stream.Interface
    start: stream.Interface
    done: Signal
    given: Signal
    gives: Signal
    busy: Signal
    stalled: Signal
    idle: Signal

    def __init__(self, unit: Unit, depth: int) -> None:
        self._unit = unit
        self._depth = depth
        super().__init__(
            {
                "entry": In(INSTRUCTION_STREAM),
                "start": Out(INSTRUCTION_STREAM),
                "done": In(1),
                "given": In(len(UNITS)),
                "gives": Out(len(UNITS)),
                "busy": Out(1),
                "stalled": Out(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = SyncFIFO(width=len(self.entry.payload), depth=self._depth)
        head = data.View(_HEAD, queue.r_data[: _HEAD.size])
        working, signal = Signal(), Signal(len(UNITS))
        taken = self.start.valid & self.start.ready
        missing: list[Value] = []
        for index, giver in enumerate(UNITS):
            if giver is self._unit:
                continue
            tokens = Signal(_TOKEN_BITS, name=f"from_{giver.value}")
            missing.append(head.wait[index] & (tokens == 0))
            m.d.sync += tokens.eq(tokens + self.given[index] - (taken & head.wait[index]))
        waits = reduce(or_, missing)
        m.d.comb += [
            queue.w_data.eq(self.entry.payload),
            queue.w_en.eq(self.entry.valid),
            self.entry.ready.eq(queue.w_rdy),
            self.start.payload.eq(queue.r_data),
            self.start.valid.eq(queue.r_rdy & ~working & ~waits),
            queue.r_en.eq(taken),
            self.gives.eq(signal & self.done.replicate(len(UNITS))),
            self.busy.eq(working | taken),
            self.stalled.eq(queue.r_rdy & ~working & waits),
            self.idle.eq(~working & ~queue.r_rdy),
        ]
        with m.If(self.done):
            m.d.sync += working.eq(0)
        with m.If(taken):
            m.d.sync += [working.eq(1), signal.eq(head.signal)]
        return m


class Dispatch(wiring.Component):
    """Hands instructions to the queues of their units, in program order, one a cycle.

    Parameters
    ----------
    depth : int
        Of the queues.

    Members
    -------
    instructions : In(INSTRUCTION_STREAM)
        A 0 ends the program.
    start : Out(INSTRUCTION_STREAM).array(3)
        To `UNITS`.
    done : In(3)
    busy, stalled, begins : Out(3)
        What units do in this cycle.
    halt : In(1)
        Begin nothing new.
    finished : Out(1)
        The program has ended, and all of its instructions have.
    fault : Out(1)
        The oldest instruction is none.
    """

    instructions: stream.Interface
    start: list[stream.Interface]
    done: Signal
    busy: Signal
    stalled: Signal
    begins: Signal
    halt: Signal
    finished: Signal
    fault: Signal

    def __init__(self, depth: int) -> None:
        self._depth = depth
        units = len(UNITS)
        super().__init__(
            {
                "instructions": In(INSTRUCTION_STREAM),
                "start": Out(INSTRUCTION_STREAM).array(units),
                "done": In(units),
                "busy": Out(units),
                "stalled": Out(units),
                "begins": Out(units),
                "halt": In(1),
                "finished": Out(1),
                "fault": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        queues = [UnitQueue(unit, self._depth) for unit in UNITS]
        head = data.View(_HEAD, self.instructions.payload[: _HEAD.size])
        ended = Signal()
        valid = self.instructions.valid & ~ended & ~self.halt
        is_end = self.instructions.payload == 0
        with m.If(valid & is_end):
            m.d.comb += self.instructions.ready.eq(1)
            m.d.sync += ended.eq(1)
        legal: list[Value] = [is_end]
        for index, (unit, queue) in enumerate(zip(UNITS, queues, strict=True)):
            m.submodules[f"{unit.value}_queue"] = queue
            mine = reduce(
                or_, (head.opcode == kind.OPCODE for kind in INSTRUCTIONS if kind.UNIT is unit)
            )
            to_itself = (head.wait | head.signal)[index]
            legal.append(mine & ~to_itself)
            with m.If(valid & mine):
                m.d.comb += [
                    queue.entry.valid.eq(1),
                    self.instructions.ready.eq(queue.entry.ready),
                ]
            start = self.start[index]
            m.d.comb += [
                queue.entry.payload.eq(self.instructions.payload),
                start.payload.eq(queue.start.payload),
                start.valid.eq(queue.start.valid & ~self.halt),
                queue.start.ready.eq(start.ready & ~self.halt),
                queue.done.eq(self.done[index]),
                self.busy[index].eq(queue.busy),
                self.stalled[index].eq(queue.stalled),
                self.begins[index].eq(start.valid & start.ready),
            ]
            m.d.comb += [
                queue.given[giver].eq(other.gives[index]) for giver, other in enumerate(queues)
            ]
        m.d.comb += [
            self.fault.eq(valid & ~reduce(or_, legal)),
            self.finished.eq(ended & ~reduce(or_, (~queue.idle for queue in queues))),
        ]
        return m
