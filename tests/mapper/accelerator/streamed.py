"""Layers that are known by their shapes, with numbers: what goes to DRAM and what comes back."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from golden.accelerator.checker import Regions, check_program
from golden.accelerator.instructions import Units
from golden.accelerator.interpreter import Machine, execute
from golden.arith.exact import exact_matmul
from golden.arith.fixed_point_arrays import multiply_by_quantized_multiplier
from mapper.accelerator.streaming.workload import materialised, streamed
from mapper.accelerator.tokens import synchronised
from sim.accelerator.simulation import simulate
from sim.accelerator.steps import Layer, layers_of
from sim.workload import ConvLayer, GemmLayer
from tilewright.workloads import load_workload

NETWORKS = {"digits": "tiny", "kws_ref_model": "edge", "pretrainedResnet_quant": "edge"}
"""Networks, and the accelerators that they are for."""

_DIGITS = Path(__file__).parents[3] / "tilewright" / "networks" / "digits" / "digits.onnx"


def network_layers(name, reference_data):
    """Layers of one of the networks."""
    path = _DIGITS if name == "digits" else reference_data / "mlperf_tiny" / f"{name}.tflite"
    return load_workload(str(path)).layers


def random_layer(rng, most=14):
    """A convolution or a product, small enough for the interpreter."""
    if rng.random() < 0.3:
        m, k, n = (int(size) for size in rng.integers(1, 4 * most, 3))
        return GemmLayer(name="product", m=m, k=k, n=n, count=int(rng.choice([1, 1, 3])))
    while True:
        groups = int(rng.choice([1, 1, 1, 2, 3, 6]))
        channels, filters = groups * rng.integers(1, 8, 2)
        if groups > 1 and rng.random() < 0.5:
            channels = filters = groups = int(rng.integers(2, 14))
        taps = rng.integers(1, 5, 2)
        try:
            return ConvLayer(
                name="convolution",
                height=int(rng.integers(1, most)),
                width=int(rng.integers(1, 2 * most)),
                channels=int(channels),
                filter_height=int(taps[0]),
                filter_width=int(taps[1]),
                filters=int(filters),
                stride=tuple(rng.integers(1, 4, 2).tolist()),
                pads=tuple(rng.integers(0, 4, 4).tolist()),
                dilation=tuple(rng.choice([1, 1, 2, 3], 2).tolist()),
                groups=groups,
            )
        except ValueError:
            continue


def bases_of(program):
    """Base registers: one region after the other."""
    return tuple(np.cumsum([0, *program.dram_bytes])[:4].tolist())


def cost(accelerator, layers):
    """Tree and program: that the program is legal, and that they cost the same; the program."""
    program = materialised(layers)
    assert not check_program(program.instructions, Regions.of(accelerator, program.dram_bytes))
    bases = bases_of(program)
    tree = simulate(accelerator, [entry.layer for entry in layers], bases=bases)
    body = layers_of(program.instructions, program.ends)
    flat = simulate(accelerator, body, bases=bases, steady=False)
    assert flat.stepped == len(program.instructions)
    assert flat.counters == tree.counters
    for one, other in zip(flat.layers, tree.layers, strict=True):
        assert replace(one, layer=other.layer) == other
    return tree, program


def with_fewest_tokens(accelerator, program):
    """Simulated with tokens for what instructions touch, and for nothing else."""
    bare = [
        replace(instruction, wait=Units.NONE, signal=Units.NONE)
        for instruction in program.instructions
    ]
    ordered = synchronised(bare, Regions.of(accelerator, program.dram_bytes))
    return simulate(accelerator, [Layer(name="all", body=ordered)])


class Numbers:
    """Random operands of a layer and its results.

    Parameters
    ----------
    entry : Streamed
    shape : GemmLayer or ConvLayer
    rng : numpy.random.Generator

    Attributes
    ----------
    memory : tuple of ndarray of uint8
        Constants and inputs, as the program reads them.
    expected : ndarray of int8
        Results: (copies, rows, filters), or (filters, height, width).
    """

    def __init__(self, entry, shape, rng):
        self.layout, self.plan = entry.layout, entry.layout.plan
        self.sweep = self.plan.sweep
        copies, filters = self.sweep.copies, self.sweep.filters
        self.scaling = (
            rng.integers(-500, 500, (copies, filters)),
            rng.integers(1 << 30, (1 << 31) - 1, (copies, filters)),
            rng.integers(-12, -4, (copies, filters)),
        )
        if self.sweep.flat:
            image, weights, sums = self._product(rng)
        else:
            image, weights, sums = self._convolution(shape, rng)
        bias, multiplier, shift = (values[:, None] for values in self.scaling)
        scaled = multiply_by_quantized_multiplier(sums + bias, multiplier, shift)
        self.expected = np.clip(scaled, -128, 127).astype(np.int8)
        constants = np.zeros(self.layout.bytes[0], dtype=np.int8)
        self._place_weights(constants, weights)
        self._place_parameters(constants)
        self.memory = constants.view(np.uint8), image.view(np.uint8)

    def _product(self, rng):
        copies, m, k, n = self.sweep.copies, self.sweep.width, self.sweep.depth, self.sweep.filters
        a = rng.integers(-128, 128, (copies, m, k))
        w = rng.integers(-128, 128, (copies, n, k))
        memory = np.zeros(self.layout.bytes[1], dtype=np.int8)
        deep = self.plan.piece * self.plan.lanes
        for copy in range(copies):
            for tile in range(self.layout.tiles_down):
                rows = a[copy, tile * self.plan.width : (tile + 1) * self.plan.width]
                for piece in range(self.plan.pieces):
                    first = (
                        copy * self.layout.input_copy
                        + tile * self.layout.input_tile
                        + piece * self.layout.input_piece
                    )
                    part = rows[:, piece * deep : (piece + 1) * deep].reshape(-1)
                    memory[first : first + part.size] = part
        return memory, w[..., None, None], a @ w.transpose(0, 2, 1)

    def _convolution(self, shape, rng):
        sweep, layout = self.sweep, self.layout
        x = rng.integers(-128, 128, (shape.height, shape.width, shape.channels))
        each = shape.channels // shape.groups
        size = (shape.filters, each, shape.filter_height, shape.filter_width)
        w = rng.integers(-128, 128, size)
        memory = np.zeros(layout.bytes[1], dtype=np.int8)
        for plane, channels in enumerate(self._planes()):
            for row in range(shape.height):
                first = plane * layout.input_piece + row * layout.input_row
                octets = x[row, :, channels].reshape(-1)
                if plane * layout.input_piece + row * layout.input_row < memory.size:
                    memory[first : first + octets.size] = octets
        if sweep.diagonal:
            weights = w[None]
        else:
            weights = np.stack([self._joined(shape, w, copy) for copy in range(sweep.copies)])
        sums = _convolved(shape, x, w)
        pixels = sums.reshape(shape.filters, -1).T.reshape(-1, sweep.copies, sweep.filters)
        return memory, weights, pixels.transpose(1, 0, 2)

    def _planes(self):
        """Channels of each plane of the input."""
        sweep, plan = self.sweep, self.plan
        if sweep.diagonal:
            step = plan.blocks * plan.lanes
            return [
                slice(first, min(first + step, sweep.filters))
                for first in range(0, sweep.filters, step)
            ]
        channels = sweep.depth // sweep.pixels
        step = channels if sweep.pixels > 1 else plan.piece * plan.lanes
        return [
            slice(copy * channels + first, copy * channels + min(first + step, channels))
            for copy in range(sweep.copies)
            for first in range(0, channels, step)
        ]

    def _joined(self, shape, w, copy):
        """Weights of a copy, (filters, depth, taps_y, taps_x), as the sweep has them."""
        sweep = self.sweep
        each, per = shape.channels // shape.groups, shape.filters // shape.groups
        dense = np.zeros((sweep.filters, each * sweep.together, *w.shape[2:]), dtype=np.int64)
        for group in range(sweep.together):
            number = copy * sweep.together + group
            rows = slice(group * per, (group + 1) * per)
            dense[rows, group * each : (group + 1) * each] = w[number * per : (number + 1) * per]
        if sweep.pixels == 1:
            return dense
        missing = sweep.taps_x * sweep.pixels - dense.shape[3]
        wide = np.pad(dense, ((0, 0), (0, 0), (0, 0), (0, missing)))
        wide = wide.reshape(*wide.shape[:3], sweep.taps_x, sweep.pixels)
        return wide.transpose(0, 4, 1, 2, 3).reshape(sweep.filters, sweep.depth, -1, sweep.taps_x)

    def _place_weights(self, memory, weights):
        plan, layout, lanes = self.plan, self.layout, self.plan.lanes
        padding = plan.filter_blocks * lanes - self.sweep.filters
        weights = np.pad(weights, ((0, 0), (0, padding), (0, 0), (0, 0), (0, 0)))
        deep = plan.piece * lanes
        for copy in range(self.sweep.copies):
            for group in range(plan.groups):
                first = copy * layout.weight_copy + group * layout.weight_group
                chosen = weights[copy, group * plan.blocks * lanes :][
                    : plan.group_blocks(group) * lanes
                ]
                for piece in range(plan.pieces):
                    begin = first
                    for number, (down, right) in enumerate(plan.taps):
                        if plan.kept.name == "PIECE":
                            begin = first + piece * layout.weight_taps[-1]
                            begin += layout.weight_taps[number]
                        part = chosen[:, :, down.start : down.stop, right.start : right.stop]
                        if not self.sweep.diagonal:
                            part = part[:, piece * deep : (piece + 1) * deep]
                        words = part.reshape(-1, lanes, *part.shape[1:]).transpose(0, 3, 4, 2, 1)
                        memory[begin : begin + words.size] = words.reshape(-1)
                        begin += words.size
                    first = first if plan.kept.name == "PIECE" else begin

    def _place_parameters(self, memory):
        plan, layout, lanes = self.plan, self.layout, self.plan.lanes
        padding = plan.filter_blocks * lanes - self.sweep.filters
        bias, multiplier, shift = (np.pad(v, ((0, 0), (0, padding))) for v in self.scaling)
        for copy in range(self.sweep.copies):
            for block in range(plan.filter_blocks):
                group, inside = divmod(block, plan.blocks)
                first = layout.weight_bytes + copy * layout.parameter_copy
                first += group * layout.parameter_group + inside * 9 * lanes
                chosen = copy, slice(block * lanes, (block + 1) * lanes)
                octets = np.concatenate(
                    [
                        bias[chosen].astype(np.int32).view(np.int8),
                        multiplier[chosen].astype(np.int32).view(np.int8),
                        shift[chosen].astype(np.int8),
                    ]
                )
                memory[first : first + octets.size] = octets

    def results(self, memory):
        """What a program has left in the memory of outputs, as ``expected``."""
        plan, layout, sweep = self.plan, self.layout, self.sweep
        found = np.zeros((sweep.copies, sweep.out_height * sweep.out_width, sweep.filters), np.int8)
        memory = memory.view(np.int8)
        for copy in range(sweep.copies):
            for group in range(plan.groups):
                octets = plan.group_filters(group)
                channels = slice(group * plan.blocks * plan.lanes, None)
                first = copy * layout.output_copy + group * layout.output_group
                runs = [
                    (first + row * layout.output_row, sweep.out_width)
                    for row in range(sweep.out_height)
                ]
                if sweep.flat:
                    runs = [
                        (
                            first + tile * layout.output_tile,
                            min(plan.width, sweep.out_width - tile * plan.width),
                        )
                        for tile in range(layout.tiles_down)
                    ]
                pixels = [
                    memory[begin : begin + count * octets].reshape(count, octets)
                    for begin, count in runs
                ]
                found[copy, :, channels][:, :octets] = np.concatenate(pixels)
        return found


def _convolved(shape, x, w):
    """Sums, (filters, height, width), tap by tap."""
    top, left, bottom, right = shape.pads
    padded = np.pad(x, ((top, bottom), (left, right), (0, 0)))
    height, width = shape.output
    each, per = shape.channels // shape.groups, shape.filters // shape.groups
    sums = np.zeros((shape.filters, height, width), dtype=np.int64)
    for ky in range(shape.filter_height):
        for kx in range(shape.filter_width):
            y, x0 = ky * shape.dilation[0], kx * shape.dilation[1]
            window = padded[
                y : y + (height - 1) * shape.stride[0] + 1 : shape.stride[0],
                x0 : x0 + (width - 1) * shape.stride[1] + 1 : shape.stride[1],
            ]
            for group in range(shape.groups):
                rows = slice(group * per, (group + 1) * per)
                channels = window[..., group * each : (group + 1) * each]
                sums[rows] += np.einsum("yxc,fc->fyx", channels, w[rows, :, ky, kx])
    return sums


def placed(program, numbers):
    """DRAM before the program, and its base registers."""
    bases = bases_of(program)
    dram = np.zeros(sum(program.dram_bytes), dtype=np.uint8)
    for base, content in zip(bases, numbers.memory, strict=False):
        dram[base : base + content.size] = content
    return dram, bases


def machine_after(accelerator, program, dram, bases):
    """The machine that has run the program."""
    machine = Machine(
        lanes=accelerator.lanes,
        sizes=accelerator.sizes,
        multiply=lambda a, w, bits: exact_matmul(a, w),
        dram=dram.copy(),
        bases=bases,
    )
    for instruction in program.instructions:
        execute(machine, instruction)
    return machine


def assert_plan_is_right(accelerator, shape, plan, rng):
    """The program of a layer computes what the layer asks for, by its plan if there is one."""
    layers = streamed([shape], accelerator, None if plan is None else [plan])
    tree, program = cost(accelerator, layers)
    numbers = Numbers(layers[0], shape, rng)
    dram, bases = placed(program, numbers)
    machine = machine_after(accelerator, program, dram, bases)
    found = numbers.results(machine.dram[bases[2] : bases[2] + program.dram_bytes[2]])
    assert np.array_equal(found, numbers.expected)
    # Windows on padding alone read nothing that has to be there.
    assert with_fewest_tokens(accelerator, program).cycles <= tree.cycles
