"""Engines that do a tile per step, and machines with the same weights at rest and as beats."""

from dataclasses import replace

import numpy as np

from golden.accelerator.description import Accelerator
from golden.accelerator.feeding import Resting
from golden.accelerator.interpreter import Machine
from golden.accelerator.machine import machine_of
from golden.engines import add, bitplane, dot, lut, ternary
from golden.engines.ternary import Packed
from golden.formats import INT8, BipolarFormat, IntFormat
from tests.golden.accelerator.small import filled, random_gemm

ENGINES = {
    "add": ("add", add.Params(m=3, n=4, k=4, k_max=96)),
    "add, two steps a word": ("add", add.Params(m=2, n=4, k=2, k_max=64)),
    "add, bipolar": ("add", add.Params(m=2, n=4, k=4, weight=BipolarFormat(3), k_max=96)),
    "bitplane": ("bitplane", bitplane.Params(m=4, n=4, k=4, k_max=96)),
    "bitplane, planes in space": (
        "bitplane",
        bitplane.Params(
            m=2, n=4, k=4, weight=IntFormat(5), activation_planes=3, weight_planes=2, k_max=64
        ),
    ),
    "ternary": ("ternary", ternary.Params(m=1, n=4, k=4, k_max=96)),
    "ternary, five in a byte": (
        "ternary",
        ternary.Params(m=2, n=8, k=4, packed=Packed.FIVE_IN_A_BYTE, k_max=64),
    ),
    "lut": ("lut", lut.Params(m=2, n=4, k=4, group=2, weight=BipolarFormat(5), k_max=96)),
    "lut, full tables": (
        "lut",
        lut.Params(m=3, n=8, k=8, weight=INT8, table=lut.TableKind.FULL, k_max=96),
    ),
    "lut, tables from elsewhere": (
        "lut",
        lut.Params(
            m=2,
            n=4,
            k=4,
            group=2,
            weight=BipolarFormat(3),
            precompute=lut.Precompute.EXTERNAL,
            k_max=96,
        ),
    ),
    "dot": ("dot", dot.Params(m=2, n=4, k=2, weight=INT8, k_max=64)),
}
"""Name of the engine and params; some are too tall for narrow weights."""


def accelerator(engine, params, **fields):
    """A small one around an engine; sizes in words."""
    lanes = params.n
    sizes = {"activation": 256, "weight": 1024, "parameter": 512, "accumulator": 64}
    octets = {f"{name}_bytes": words * lanes for name, words in sizes.items()}
    octets["accumulator_bytes"] *= 4
    return Accelerator(name="small", engine=engine, params=params, **octets, **fields)


def random_gemm_for(rng, design):
    """A product that is legal but for what it reaches."""
    feeding = design.feeding
    while True:
        gemm = random_gemm(rng, design.lanes)
        if gemm.taps_y * gemm.taps_x * gemm.blocks_k <= feeding.most_blocks:
            break
    return replace(
        gemm,
        weight_bits=int(rng.choice(feeding.weight_bits)),
        weights=int(rng.integers(0, 20)) // feeding.alignment * feeding.alignment,
    )


def machines(rng, design, gemm):
    """A machine with random numbers, and one at whose engine the same weights rest."""
    feeding, lanes = design.feeding, design.lanes
    machine = machine_of(design, np.zeros(16, dtype=np.uint8), (0, 0, 0, 0))
    for name in ("activations", "accumulators"):
        memory = getattr(machine, name)
        memory[:] = rng.integers(-128, 128, memory.shape)
    format = design.layout.weights.format
    if gemm.weight_bits:
        format = format.with_bits(gemm.weight_bits)
    depths = [lanes] * (gemm.blocks_k - 1) + [gemm.last_lanes]
    streamed, resting = [], []
    for _ in range(gemm.blocks_n * gemm.taps_y * gemm.taps_x):
        for depth in depths:
            values = np.asarray(format.decode(format.draw(rng, (depth, lanes))), dtype=np.int64)
            if gemm.diagonal and 0 in format.decode(np.arange(2, dtype=np.uint8)):
                values *= np.eye(depth, lanes, dtype=np.int64)
            streamed.append(feeding.words(values, gemm.weight_bits, diagonal=bool(gemm.diagonal)))
            resting.append(Resting().words(values, 0, diagonal=bool(gemm.diagonal)))
    words = np.concatenate(streamed)
    machine.weights[gemm.weights : gemm.weights + len(words)] = words
    twin = filled(rng, lanes, sizes=replace(design.sizes, weights=4096))
    words = np.concatenate(resting)
    twin.weights[gemm.weights : gemm.weights + len(words)] = words
    for name in ("activations", "accumulators"):
        getattr(twin, name)[:] = getattr(machine, name)
    return machine, twin


__all__ = ["ENGINES", "Machine", "accelerator", "machines", "random_gemm_for"]
