"""Decoders to exponent and integer, code by code, and every product of two of their numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.sim import Simulator

from golden.formats import FlintFormat, Format, IntFormat, OvpFormat, smallest_int
from golden.packing import OvpPacking
from hw.arith.products import ExponentInteger, ShiftedProduct
from hw.lib.decoders.flint import FlintDecoder
from hw.lib.decoders.operands import number_of
from hw.lib.decoders.pairs import HalfDecoder

FLINT = [FlintFormat(bits, signed=signed) for bits in range(3, 9) for signed in (True, False)]
PAIRS = [OvpFormat(IntFormat(4)), OvpFormat(FlintFormat(4)), OvpFormat(IntFormat(8))]


def value_of(number: int, kind: ExponentInteger) -> int:
    """Of the signal that a decoder gives."""
    bits = kind.integer.width
    integer, exponent = number & ((1 << bits) - 1), number >> bits
    if kind.integer.signed and integer >> (bits - 1):
        integer -= 1 << bits
    return integer << exponent


def look(part: wiring.Component | Module, each: Callable[[Any], None]) -> None:
    async def bench(ctx: Any) -> None:
        each(ctx)

    simulator = Simulator(part)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("format", FLINT, ids=str)
def test_every_code_of_flint(format: FlintFormat) -> None:
    decoder = FlintDecoder(format)
    codes = range(1 << format.bits)
    found = []

    def each(ctx: Any) -> None:
        for code in codes:
            ctx.set(decoder.code, code)
            found.append(value_of(ctx.get(decoder.number), number_of(format)))

    look(decoder, each)
    assert found == format.decode(codes).tolist()


def words_of(format: OvpFormat) -> list[int]:
    """All of a pair of 4 bits; of a pair of 8 every half beside what matters, and some others."""
    bits = 2 * format.normal.bits
    if bits == 8:
        return list(range(256))
    some = np.random.default_rng(1).integers(0, 1 << bits, 500).tolist()
    beside = [
        half << shift | other << 8 - shift
        for half in range(256)
        for other in (0, 1, 128, 255)
        for shift in (0, 8)
    ]
    return some + beside


@pytest.mark.parametrize("format", PAIRS, ids=str)
def test_every_word_of_pairs(format: OvpFormat) -> None:
    packing = OvpPacking(format)
    decoder = HalfDecoder(format)
    bits = format.normal.bits
    words = words_of(format)
    found = []

    def each(ctx: Any) -> None:
        for word in words:
            halves = word & ((1 << bits) - 1), word >> bits
            pair = []
            for own, other in (halves, halves[::-1]):
                ctx.set(decoder.own, own)
                ctx.set(decoder.other, other)
                pair.append(value_of(ctx.get(decoder.number), number_of(format)))
            found.append(pair)

    look(decoder, each)
    expected = format.decode(packing.unpack(np.array(words, dtype=np.uint16)))
    assert found == expected.tolist()


MIXTURES: list[tuple[Format, Format]] = [
    (FlintFormat(4), FlintFormat(4)),
    (FlintFormat(4, signed=False), FlintFormat(4)),
    (FlintFormat(4, signed=False), FlintFormat(5, signed=False)),
    (IntFormat(4), FlintFormat(4)),
    (OvpFormat(IntFormat(4)), OvpFormat(IntFormat(4))),
    (OvpFormat(FlintFormat(4)), FlintFormat(4, signed=False)),
    (IntFormat(4), IntFormat(4, signed=False)),
]


def numbers_of(format: Format) -> list[tuple[int, int]]:
    """Every number that a decoder gives, as its signal and its value."""
    kind = number_of(format)
    if isinstance(format, IntFormat):
        codes = range(1 << format.bits)
        return [
            (code, value) for code, value in zip(codes, format.decode(codes).tolist(), strict=True)
        ]
    part: Any
    given: list[tuple[int, ...]]
    if isinstance(format, FlintFormat):
        part = FlintDecoder(format)
        inputs: tuple[Signal, ...] = (part.code,)
        given = [(code,) for code in range(1 << format.bits)]
    else:
        part = HalfDecoder(format)
        inputs = (part.own, part.other)
        given = [(own, other) for own in range(16) for other in range(16)]
    found = set()

    def each(ctx: Any) -> None:
        for codes in given:
            for signal, code in zip(inputs, codes, strict=True):
                ctx.set(signal, code)
            number = ctx.get(part.number)
            found.add((number, value_of(number, kind)))

    look(part, each)
    return sorted(found)


@pytest.mark.parametrize(("left", "top"), MIXTURES, ids=str)
def test_every_product_of_two_numbers(left: Format, top: Format) -> None:
    """Through the circuit of a processing element, as wide as the formats' largest product asks."""
    first, second = numbers_of(left), numbers_of(top)
    corners = [a * b for _, a in first for _, b in second]
    bits = smallest_int(min(corners), max(corners)).bits
    product = ShiftedProduct(number_of(left), number_of(top), bits)
    m = Module()
    a, b, out = (
        Signal(product.left),
        Signal(product.top),
        Signal(range(min(corners) - 1, max(corners) + 2)),
    )
    m.d.comb += out.eq(product.of(a, b))
    wrong = []

    def each(ctx: Any) -> None:
        for number, value in first:
            ctx.set(a, number)
            for other, by in second:
                ctx.set(b, other)
                if ctx.get(out) != value * by:
                    wrong.append((value, by, ctx.get(out)))

    look(m, each)
    assert wrong == []


def test_products_are_as_wide_as_published() -> None:
    """OliVe: 96 · 96 = 9216 takes 14 bits and a sign, where int4 without −8 takes 6 and a sign."""
    widest = OvpFormat(IntFormat(4)).max
    assert smallest_int(-widest * widest, widest * widest).bits == 15
    assert smallest_int(-7 * 7, 7 * 7).bits == 7
