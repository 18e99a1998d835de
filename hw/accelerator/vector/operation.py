"""What the four instructions have in common."""

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.encoding import INSTRUCTION_BYTES
from golden.accelerator.instructions import Add, Pool, Requantize, Table
from golden.accelerator.interpreter import PARAMETER_WORDS
from hw.accelerator.ports import instruction_layout
from hw.accelerator.vector.parameters import table_words

__all__ = ["LOOPS", "OPERATION_LAYOUT", "Decoder", "Kind"]

LOOPS = {"blocks": 8, "rows": 10, "columns": 20}
"""Loops over the words of a result, outermost first, and the bits of their counters."""


class Kind(enum.Enum, shape=4):
    """Opcodes of the unit."""

    REQUANTIZE = Requantize.OPCODE
    ADD = Add.OPCODE
    POOL = Pool.OPCODE
    TABLE = Table.OPCODE


OPERATION_LAYOUT = data.StructLayout(
    {
        "kind": Kind,
        "first": unsigned(20),
        "second": unsigned(20),
        "parameters": unsigned(16),
        "parameter_words": unsigned(7),
        "target": unsigned(20),
        **{name: unsigned(bits) for name, bits in LOOPS.items()},
        "row_words": unsigned(16),
        "pixel_words": unsigned(8),
        "zero_point": signed(8),
        "low": signed(8),
        "high": signed(8),
    }
)
"""An operation.

``first`` and ``second`` are first words of operands, ``parameter_words`` words of a block; loops
are iterations less one, and ``row_words`` and ``pixel_words`` steps of the result. What an
instruction does not have is 0, but that ``pixel_words`` is 1.
"""


class Decoder(wiring.Component):
    """Tells what the instructions have in common; without state.

    Parameters
    ----------
    lanes : int

    Members
    -------
    instruction : In(256)
    operation : Out(OPERATION_LAYOUT)
    """

    instruction: Signal
    operation: data.View

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        super().__init__(
            {"instruction": In(8 * INSTRUCTION_BYTES), "operation": Out(OPERATION_LAYOUT)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        requantize, add, pool, table = (
            instruction_layout(kind)(self.instruction) for kind in (Requantize, Add, Pool, Table)
        )
        pixels = {"rows": "out_height", "columns": "out_width"}
        words = {"columns": "words"}
        renamed = (
            (Kind.REQUANTIZE, requantize, {**pixels, "first": "source"}),
            (Kind.ADD, add, words),
            (
                Kind.POOL,
                pool,
                {**pixels, "row_words": "target_row_words", "pixel_words": "target_pixel_words"},
            ),
            (Kind.TABLE, table, {**words, "first": "source"}),
        )
        common = self.operation
        m.d.comb += [
            common.kind.eq(requantize.opcode),
            common.pixel_words.eq(1),
            common.parameter_words.eq(PARAMETER_WORDS),
        ]
        with m.Switch(common.kind):
            for kind, op, names in renamed:
                with m.Case(kind):
                    for name, _ in OPERATION_LAYOUT:
                        field = names.get(name, name)
                        if field in op.shape().members and name != "kind":
                            m.d.comb += common[name].eq(op[field])
        with m.If(common.kind == Kind.TABLE):
            m.d.comb += common.parameter_words.eq(table_words(self._lanes))
        return m
