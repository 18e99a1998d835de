"""Small machines and random instructions that fit them."""

import numpy as np

from golden.accelerator.instructions import Add, Gemm, Load, Pool, Requantize, Store, Table
from golden.accelerator.interpreter import Machine, MemorySizes

KINDS = (Load, Gemm, Requantize, Add, Pool, Table, Store)
SIZES = MemorySizes(activations=160, weights=220, parameters=400, accumulators=64)
DRAM_BYTES = 1500
MEMORIES = ("activations", "weights", "parameters", "accumulators", "dram")


def exact(a, w, bits):
    return a @ w


def filled(rng, lanes, sizes=SIZES, dram_bytes=DRAM_BYTES, bases=(0, 0, 0, 0)):
    """A machine with random numbers everywhere; shifts of the first parameters are sensible."""
    machine = Machine(
        lanes=lanes,
        sizes=sizes,
        multiply=exact,
        dram=rng.integers(0, 256, dram_bytes).astype(np.uint8),
        bases=bases,
    )
    for name in ("activations", "weights", "parameters"):
        memory = getattr(machine, name)
        memory[:] = rng.integers(-128, 128, memory.shape)
    for first in (0, 9, 18):
        machine.parameters[first + 8] = rng.integers(-40, 41, lanes)
    sums = machine.accumulators
    sums[:] = rng.integers(-(2**31), 2**31, sums.shape)
    sums[::2] = rng.integers(-3000, 3000, sums[::2].shape)
    return machine


def copied(machine):
    twin = Machine(
        lanes=machine.lanes,
        sizes=machine.sizes,
        multiply=machine.multiply,
        dram=machine.dram.copy(),
        bases=machine.bases,
        feeding=machine.feeding,
    )
    for name in MEMORIES[:4]:
        getattr(twin, name)[:] = getattr(machine, name)
    return twin


def differing(a, b):
    """Memories that are not the same in both."""
    return [name for name in MEMORIES if not np.array_equal(getattr(a, name), getattr(b, name))]


def _one(rng, low, high):
    return int(rng.integers(low, high + 1))


def _clamp(rng):
    if _one(rng, 0, 1):
        return {}
    low = _one(rng, -128, 127)
    return {"low": low, "high": _one(rng, low, 127)}


def _window(rng):
    return {
        "source": _one(rng, 0, 20),
        "row_words": _one(rng, 0, 12),
        "pixel_words": _one(rng, 0, 3),
        "height": _one(rng, 1, 5),
        "width": _one(rng, 1, 5),
        "origin_y": _one(rng, -4, 5),
        "origin_x": _one(rng, -4, 5),
        "stride_y": _one(rng, 1, 3),
        "stride_x": _one(rng, 1, 3),
        "out_height": _one(rng, 1, 3),
        "out_width": _one(rng, 1, 3),
        "taps_y": _one(rng, 1, 3),
        "taps_x": _one(rng, 1, 2),
    }


def random_load(rng, lanes):
    groups, octets = _one(rng, 1, 4), _one(rng, 1, 3 * lanes)
    return Load(
        memory=_one(rng, 0, 2),
        base=_one(rng, 0, 3),
        address=_one(rng, 0, 300),
        rows=_one(rng, 1, 3),
        row_step=_one(rng, 0, 60),
        row_bytes=_one(rng, 1, 40),
        pad_left=_one(rng, 0, 12),
        groups=groups,
        group_step=_one(rng, 0, 12),
        group_bytes=octets,
        pad_value=_one(rng, -128, 127),
        local=_one(rng, 0, 60),
        local_row_step=_one(rng, 0, 20),
    )


def random_gemm(rng, lanes):
    diagonal = _one(rng, 0, 1)
    return Gemm(
        **_window(rng),
        dilation_y=_one(rng, 1, 3),
        dilation_x=_one(rng, 1, 3),
        blocks_k=1 if diagonal else _one(rng, 1, 2),
        last_lanes=_one(rng, 1, lanes),
        blocks_n=_one(rng, 1, 2),
        weights=_one(rng, 0, 20),
        target=_one(rng, 0, 40),
        pad_value=_one(rng, -128, 127),
        accumulate=_one(rng, 0, 1),
        diagonal=diagonal,
    )


def random_requantize(rng, lanes):
    return Requantize(
        source=_one(rng, 0, 40),
        parameters=9 * _one(rng, 0, 1),
        target=_one(rng, 0, 60),
        row_words=_one(rng, 0, 12),
        pixel_words=_one(rng, 0, 3),
        out_height=_one(rng, 1, 3),
        out_width=_one(rng, 1, 3),
        blocks=_one(rng, 1, 2),
        zero_point=_one(rng, -128, 127),
        **_clamp(rng),
    )


def random_add(rng, lanes):
    return Add(
        first=_one(rng, 0, 40),
        second=_one(rng, 0, 40),
        target=_one(rng, 60, 90),
        words=_one(rng, 1, 9),
        parameters=9 * _one(rng, 0, 2),
        zero_point=_one(rng, -128, 127),
        **_clamp(rng),
    )


def random_pool(rng, lanes):
    return Pool(
        **_window(rng),
        kind=_one(rng, 0, 1),
        blocks=_one(rng, 1, 2),
        target=_one(rng, 90, 110),
        target_row_words=_one(rng, 0, 12),
        target_pixel_words=_one(rng, 0, 3),
        **_clamp(rng),
    )


def random_table(rng, lanes):
    return Table(
        source=_one(rng, 0, 40),
        target=_one(rng, 60, 90),
        words=_one(rng, 1, 9),
        parameters=_one(rng, 0, 40),
    )


def random_store(rng, lanes):
    return Store(
        base=_one(rng, 0, 3),
        address=_one(rng, 0, 300),
        rows=_one(rng, 1, 3),
        row_step=_one(rng, 0, 60),
        groups=_one(rng, 1, 4),
        group_bytes=_one(rng, 1, 3 * lanes),
        local=_one(rng, 0, 60),
        local_row_step=_one(rng, 0, 20),
    )


_MAKERS = {
    Load: random_load,
    Gemm: random_gemm,
    Requantize: random_requantize,
    Add: random_add,
    Pool: random_pool,
    Table: random_table,
    Store: random_store,
}


def random_instruction(rng, lanes, kind=None):
    """Reaches at most words and bytes of `SIZES` and `DRAM_BYTES`, bases up to 300."""
    return _MAKERS[kind or KINDS[_one(rng, 0, len(KINDS) - 1)]](rng, lanes)
