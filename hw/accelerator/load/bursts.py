"""Bursts of a load: rows cut at multiples of the longest burst, as long as there is room."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator.load.sizes import ROW_BYTES_BITS, LoadSizes
from hw.accelerator.ports import ADDRESS_BITS, ADDRESS_LAYOUT

__all__ = ["BurstIssuer"]


class BurstIssuer(wiring.Component):
    """Asks for the rows of a load, one burst a cycle, row after row without a gap.

    The first burst is offered three cycles after ``begin``, one that waited for room in the cycle
    after ``retired`` gives it.

    Parameters
    ----------
    sizes : LoadSizes

    Members
    -------
    begin : In(1)
        Pulse; the load's members hold from now on, ``row_bytes`` from the next cycle on.
    address : In(ADDRESS_BITS)
        First byte of the first row.
    row_step : In(32)
    more_rows : In(16)
        Rows after the first.
    row_bytes : In(ROW_BYTES_BITS)
        Bytes of a row that are fetched.
    retired : In(burst_count_bits)
        Running number of the first burst that is still needed.
    beat : In(1)
        A beat arrives.
    halt : In(1)
        Offer no other burst than the one on offer.
    busy : Out(1)
        Bursts of this load are left.
    quiet : Out(1)
        No beat is to come, and no burst on offer.
    ar : Out(stream.Signature(ADDRESS_LAYOUT))
    """

    begin: Signal
    address: Signal
    row_step: Signal
    more_rows: Signal
    row_bytes: Signal
    retired: Signal
    beat: Signal
    halt: Signal
    busy: Signal
    quiet: Signal
    ar: stream.Interface

    def __init__(self, sizes: LoadSizes) -> None:
        self._sizes = sizes
        super().__init__(
            {
                "begin": In(1),
                "address": In(ADDRESS_BITS),
                "row_step": In(32),
                "more_rows": In(16),
                "row_bytes": In(ROW_BYTES_BITS),
                "retired": In(sizes.burst_count_bits),
                "beat": In(1),
                "halt": In(1),
                "busy": Out(1),
                "quiet": Out(1),
                "ar": Out(stream.Signature(ADDRESS_LAYOUT)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sizes = self._sizes
        beat_bits, cut_bits = sizes.beat_bits, sizes.cut_bits

        # The row under way, from its next beat on, and the row after it.
        beat = Signal(ADDRESS_BITS - beat_bits, reset_less=True)
        left = Signal(ROW_BYTES_BITS - beat_bits + 1)
        next_row = Signal(ADDRESS_BITS, reset_less=True)
        rows_left = Signal(17)
        first_row = Signal()

        to_cut = Signal(cut_bits + 1)
        length = Signal(cut_bits + 1)
        completes = Signal()
        m.d.comb += [
            to_cut.eq((1 << cut_bits) - beat[:cut_bits]),
            completes.eq(left <= to_cut),
            length.eq(Mux(completes, left, to_cut)),
        ]

        issued = Signal(sizes.burst_count_bits)
        unretired = Signal.like(issued)
        issue, enter_row = Signal(), Signal()
        m.d.comb += [
            unretired.eq(issued - self.retired),
            issue.eq(
                (left != 0)
                & (unretired < sizes.bursts)
                & (~self.ar.valid | self.ar.ready)
                & ~self.halt
            ),
            enter_row.eq(Mux(first_row, self.row_bytes != 0, issue & completes & (rows_left != 0))),
            self.busy.eq(left != 0),
        ]

        m.d.sync += first_row.eq(self.begin)
        with m.If(self.begin):
            m.d.sync += [next_row.eq(self.address), rows_left.eq(self.more_rows + 1)]
        with m.If(issue):
            m.d.sync += [
                issued.eq(issued + 1),
                beat.eq(beat + length),
                left.eq(left - length),
                self.ar.payload.address.eq(beat << beat_bits),
                self.ar.payload.beats.eq(length),
            ]
        with m.If(enter_row):
            last_byte = next_row[:beat_bits] + self.row_bytes + (sizes.bus_bytes - 1)
            m.d.sync += [
                beat.eq(next_row >> beat_bits),
                left.eq(last_byte >> beat_bits),
                next_row.eq(next_row + self.row_step),
                rows_left.eq(rows_left - 1),
            ]
        with m.If(issue):
            m.d.sync += self.ar.valid.eq(1)
        with m.Elif(self.ar.ready):
            m.d.sync += self.ar.valid.eq(0)

        to_come = Signal(range(sizes.ring_beats + 1))
        m.d.sync += to_come.eq(to_come + Mux(issue, length, 0) - self.beat)
        m.d.comb += self.quiet.eq(~to_come.any())
        return m
