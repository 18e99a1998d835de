"""Words of a load, in the order in which they are written, and what each of them needs."""

from typing import Any

from amaranth.hdl import Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.instructions import Load
from hw.accelerator.load.sizes import ROW_BYTES_BITS, LoadSizes
from hw.accelerator.ports import LOCAL_ADDRESS_BITS, instruction_layout

__all__ = ["WordSequence", "word_layout"]

_POSITION = Shape(34, signed=True)
"""Of positions in a row: from the longest padding to the end of the last of the longest groups."""


def word_layout(sizes: LoadSizes) -> data.StructLayout:
    """A word to be written.

    Lanes from ``first`` to before ``stop`` come from memory, the others before ``take`` are
    padding, those from ``take`` on are zero. Lane 0 is at byte ``at`` of the ring. With ``waits``
    the word can be written when ``beats`` beats have arrived since reset; then the bursts before
    number ``retired`` are needed no more.
    """
    lane = unsigned((sizes.lanes).bit_length())
    return data.StructLayout(
        {
            "address": unsigned(LOCAL_ADDRESS_BITS),
            "last": unsigned(1),
            "first": lane,
            "stop": lane,
            "take": lane,
            "at": unsigned(sizes.ring_bits),
            "waits": unsigned(1),
            "beats": unsigned(sizes.beat_count_bits),
            "retired": unsigned(sizes.burst_count_bits),
        }
    )


class WordSequence(wiring.Component):
    """Lists the words of a load, one a cycle.

    The first word is there five cycles after ``begin``.

    Parameters
    ----------
    sizes : LoadSizes

    Members
    -------
    begin : In(1)
        Pulse; the load's members hold from now on, ``row_bytes`` from the next cycle on.
    load : In(instruction_layout(Load))
    offset : In(burst_bits)
        Where the first row begins, in bytes after a multiple of the longest burst.
    row_bytes : In(ROW_BYTES_BITS)
        Bytes of a row that are fetched.
    o : Out(stream.Signature(word_layout(sizes)))
    """

    begin: Signal
    load: data.View
    offset: Signal
    row_bytes: Signal
    o: stream.Interface

    def __init__(self, sizes: LoadSizes) -> None:
        self._sizes = sizes
        super().__init__(
            {
                "begin": In(1),
                "load": In(instruction_layout(Load)),
                "offset": In(sizes.burst_bits),
                "row_bytes": In(ROW_BYTES_BITS),
                "o": Out(stream.Signature(word_layout(sizes))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        advance = Signal()
        m.d.comb += advance.eq(~self.o.valid | self.o.ready)
        steps = self._steps(m, advance)
        lanes = self._lanes(m, advance, *steps)
        needs = self._needs(m, advance, *lanes)
        self._running_numbers(m, advance, *needs)
        return m

    def _steps(self, m: Module, advance: Signal) -> tuple[Signal, data.View]:
        """From word to word, group to group and row to row."""
        load, lanes = self.load, self._sizes.lanes
        running = Signal()
        position, group = Signal(_POSITION, reset_less=True), Signal(_POSITION, reset_less=True)
        rest = Signal(17, reset_less=True)
        groups_left = Signal.like(load.groups, reset_less=True)
        rows_left = Signal.like(load.rows, reset_less=True)
        row = Signal(LOCAL_ADDRESS_BITS, reset_less=True)
        address = Signal(LOCAL_ADDRESS_BITS, reset_less=True)
        offset = Signal.like(self.offset, reset_less=True)

        group_ends, row_ends, last = Signal(), Signal(), Signal()
        next_group, next_position = Signal(_POSITION), Signal(_POSITION)
        next_row = Signal.like(row)
        m.d.comb += [
            group_ends.eq(rest <= lanes),
            row_ends.eq(group_ends & ~groups_left.any()),
            last.eq(row_ends & ~rows_left.any()),
            next_group.eq(group + load.group_step),
            next_position.eq(Mux(group_ends, next_group, position + lanes)),
            next_row.eq(row + load.local_row_step),
        ]
        step = Signal()
        m.d.comb += step.eq(running & advance)
        with m.If(step):
            m.d.sync += [
                address.eq(address + 1),
                position.eq(next_position),
                rest.eq(rest - lanes),
            ]
            with m.If(group_ends):
                m.d.sync += [group.eq(next_group), groups_left.eq(groups_left - 1)]
            with m.If(row_ends):
                m.d.sync += [
                    row.eq(next_row),
                    address.eq(next_row),
                    offset.eq(offset + load.row_step),
                    rows_left.eq(rows_left - 1),
                    running.eq(~last),
                ]
        with m.If(self.begin):
            m.d.sync += [
                running.eq(1),
                rows_left.eq(load.rows),
                row.eq(load.local),
                address.eq(load.local),
                offset.eq(self.offset),
            ]
        with m.If(self.begin | (step & row_ends)):
            m.d.sync += [
                position.eq(-load.pad_left),
                group.eq(-load.pad_left),
                groups_left.eq(load.groups),
            ]
        with m.If(self.begin | (step & group_ends)):
            m.d.sync += rest.eq(load.group_bytes + 1)

        return self._stage(
            m,
            advance,
            running,
            {
                "address": address,
                "offset": offset,
                "row_ends": row_ends,
                "last": last,
                "take": Mux(group_ends, rest, lanes)[: lanes.bit_length()],
                "position": position,
                "next_position": next_position,
            },
        )

    def _lanes(
        self, m: Module, advance: Signal, valid: Signal, word: data.View
    ) -> tuple[Signal, data.View]:
        """Which lanes come from memory, and where the next word is."""
        sizes = self._sizes
        lanes = sizes.lanes
        available = Signal(_POSITION)
        m.d.comb += available.eq(self.row_bytes - word.position)
        first = Mux(word.position < -lanes, lanes, -word.position)
        stop = Mux(available > word.take, word.take, available)
        lane_bits = lanes.bit_length()
        return self._stage(
            m,
            advance,
            valid,
            {
                "address": word.address,
                "offset": word.offset,
                "row_ends": word.row_ends,
                "last": word.last,
                "take": word.take,
                "first": Mux(word.position < 0, first, 0)[:lane_bits],
                "stop": Mux(available < 0, 0, stop)[:lane_bits],
                "position": word.position[: sizes.ring_bits + 2],
                "next_position": word.next_position[: sizes.ring_bits + 2],
                "next_before": word.next_position < 0,
                "completes": word.row_ends | (word.next_position >= self.row_bytes),
            },
        )

    def _needs(
        self, m: Module, advance: Signal, valid: Signal, word: data.View
    ) -> tuple[Signal, data.View]:
        """Which beats of the row a word needs, and which bursts of it are needed after it."""
        sizes = self._sizes
        beat_bits, burst_bits = sizes.beat_bits, sizes.burst_bits
        in_beat = word.offset[:beat_bits]
        row_beats = Signal(sizes.beat_count_bits)
        row_bursts = Signal(sizes.burst_count_bits)
        with m.If(self.row_bytes != 0):
            m.d.comb += [
                row_beats.eq((in_beat + self.row_bytes + ((1 << beat_bits) - 1)) >> beat_bits),
                row_bursts.eq(
                    (word.offset + self.row_bytes + ((1 << burst_bits) - 1)) >> burst_bits
                ),
            ]
        beats = in_beat + word.position + word.stop + ((1 << beat_bits) - 1)
        retired = Signal(sizes.burst_count_bits)
        with m.If(word.completes):
            m.d.comb += retired.eq(row_bursts)
        with m.Elif(~word.next_before):
            m.d.comb += retired.eq((word.offset + word.next_position) >> burst_bits)
        return self._stage(
            m,
            advance,
            valid,
            {
                "address": word.address,
                "row_ends": word.row_ends,
                "last": word.last,
                "take": word.take,
                "first": word.first,
                "stop": word.stop,
                "at": (in_beat + word.position)[: sizes.ring_bits],
                "waits": word.first < word.stop,
                "beats": beats[beat_bits : beat_bits + sizes.beat_count_bits],
                "retired": retired,
                "row_beats": row_beats,
                "row_bursts": row_bursts,
            },
        )

    def _running_numbers(self, m: Module, advance: Signal, valid: Signal, word: data.View) -> None:
        """From numbers within the row to numbers since reset."""
        beats = Signal(self._sizes.beat_count_bits)
        bursts = Signal(self._sizes.burst_count_bits)
        with m.If(advance):
            m.d.sync += self.o.valid.eq(valid)
            for name in ("address", "last", "take", "first", "stop", "waits"):
                m.d.sync += self.o.payload[name].eq(word[name])
            m.d.sync += [
                self.o.payload.at.eq((beats << self._sizes.beat_bits) + word.at),
                self.o.payload.beats.eq(beats + word.beats),
                self.o.payload.retired.eq(bursts + word.retired),
            ]
            with m.If(valid & word.row_ends):
                m.d.sync += [
                    beats.eq(beats + word.row_beats),
                    bursts.eq(bursts + word.row_bursts),
                ]

    @staticmethod
    def _stage(
        m: Module, advance: Signal, valid: Signal, values: dict[str, Value]
    ) -> tuple[Signal, data.View]:
        """Registers of a pipeline stage: whether they hold a word, and the word."""
        layout = data.StructLayout({name: value.shape() for name, value in values.items()})
        holds = Signal()
        word: Any = Signal(layout, reset_less=True)
        with m.If(advance):
            m.d.sync += holds.eq(valid)
            m.d.sync += [word[name].eq(value) for name, value in values.items()]
        return holds, word
