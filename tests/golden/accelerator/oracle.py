"""Instructions by their definitions, one number at a time."""

import math
from fractions import Fraction

from golden.accelerator.instructions import Add, Gemm, Load, Pool, Requantize, Store, Table
from golden.arith.fixed_point import multiply_by_quantized_multiplier, wrap_int32


def signed(octet):
    return octet - 256 if octet > 127 else octet


def oracle_load(machine, op):
    lanes = machine.lanes
    memory = (machine.activations, machine.weights, machine.parameters)[op.memory]
    for r in range(op.rows):
        word = op.local + r * op.local_row_step
        for g in range(op.groups):
            values = []
            for b in range(op.group_bytes):
                place = g * op.group_step + b - op.pad_left
                if 0 <= place < op.row_bytes:
                    address = machine.bases[op.base] + op.address + r * op.row_step + place
                    values.append(signed(int(machine.dram[address])))
                else:
                    values.append(op.pad_value)
            while len(values) % lanes:
                values.append(0)
            for first in range(0, len(values), lanes):
                memory[word] = values[first : first + lanes]
                word += 1


def oracle_store(machine, op):
    lanes = machine.lanes
    for r in range(op.rows):
        word = op.local + r * op.local_row_step
        address = machine.bases[op.base] + op.address + r * op.row_step
        for _ in range(op.groups):
            for b in range(op.group_bytes):
                value = int(machine.activations[word + b // lanes, b % lanes])
                machine.dram[address] = value % 256
                address += 1
            word += math.ceil(op.group_bytes / lanes)


def taps(op, oy, ox):
    """(ky, kx, word of the first block or None) of every tap of an output pixel."""
    for ky in range(op.taps_y):
        for kx in range(op.taps_x):
            y = op.origin_y + oy * op.stride_y + ky * getattr(op, "dilation_y", 1)
            x = op.origin_x + ox * op.stride_x + kx * getattr(op, "dilation_x", 1)
            inside = 0 <= y < op.height and 0 <= x < op.width
            yield ky, kx, op.source + y * op.row_words + x * op.pixel_words if inside else None


def oracle_gemm(machine, op):
    lanes = machine.lanes
    pixels = op.out_height * op.out_width
    deep = 1 if op.diagonal else (op.blocks_k - 1) * lanes + op.last_lanes
    for n in range(op.blocks_n):
        for oy in range(op.out_height):
            for ox in range(op.out_width):
                word = op.target + n * pixels + oy * op.out_width + ox
                for lane in range(lanes):
                    total = int(machine.accumulators[word, lane]) if op.accumulate else 0
                    for ky, kx, source in taps(op, oy, ox):
                        tap = (n * op.taps_y + ky) * op.taps_x + kx
                        first = op.weights + tap * deep
                        if op.diagonal:
                            if lane >= op.last_lanes:
                                continue
                            a = op.pad_value
                            if source is not None:
                                a = int(machine.activations[source + n, lane])
                            total += a * int(machine.weights[first, lane])
                            continue
                        for k in range(deep):
                            a = op.pad_value
                            if source is not None:
                                a = int(machine.activations[source + k // lanes, k % lanes])
                            total += a * int(machine.weights[first + k, lane])
                    machine.accumulators[word, lane] = wrap_int32(total)


def int32(words, lane):
    """The number of a lane in four words."""
    octets = b"".join(bytes(int(value) % 256 for value in word) for word in words)
    return int.from_bytes(octets[4 * lane : 4 * lane + 4], "little", signed=True)


def scaling(machine, first, lane):
    words = machine.parameters[first : first + 9]
    shift = min(max(int(words[8, lane]), -31), 31)
    return int32(words[0:4], lane), int32(words[4:8], lane), shift


def oracle_requantize(machine, op):
    pixels = op.out_height * op.out_width
    for block in range(op.blocks):
        for oy in range(op.out_height):
            for ox in range(op.out_width):
                source = op.source + block * pixels + oy * op.out_width + ox
                target = op.target + oy * op.row_words + ox * op.pixel_words + block
                for lane in range(machine.lanes):
                    bias, integer, shift = scaling(machine, op.parameters + 9 * block, lane)
                    total = wrap_int32(int(machine.accumulators[source, lane]) + bias)
                    scaled = multiply_by_quantized_multiplier(total, integer, shift)
                    value = min(max(scaled + op.zero_point, op.low), op.high)
                    machine.activations[target, lane] = value


def oracle_add(machine, op):
    before = machine.activations.copy()
    (bias1, int1, shift1), (bias2, int2, shift2), (_, int3, shift3) = (
        scaling(machine, op.parameters, lane) for lane in range(3)
    )
    for word in range(op.words):
        for lane in range(machine.lanes):
            x = int(before[op.first + word, lane]) + bias1
            y = int(before[op.second + word, lane]) + bias2
            x = multiply_by_quantized_multiplier(wrap_int32(x << 20), int1, shift1)
            y = multiply_by_quantized_multiplier(wrap_int32(y << 20), int2, shift2)
            total = multiply_by_quantized_multiplier(wrap_int32(x + y), int3, shift3)
            value = min(max(total + op.zero_point, op.low), op.high)
            machine.activations[op.target + word, lane] = value


def oracle_pool(machine, op):
    before = machine.activations.copy()
    for block in range(op.blocks):
        for oy in range(op.out_height):
            for ox in range(op.out_width):
                words = [word for _, _, word in taps(op, oy, ox) if word is not None]
                target = op.target + oy * op.target_row_words + ox * op.target_pixel_words
                for lane in range(machine.lanes):
                    values = [int(before[word + block, lane]) for word in words]
                    if op.kind == 0:
                        result = max(values, default=-128)
                    elif values:
                        mean = Fraction(abs(sum(values)), len(values))
                        result = math.floor(mean + Fraction(1, 2))
                        result = -result if sum(values) < 0 else result
                    else:
                        result = 0
                    value = min(max(result, op.low), op.high)
                    machine.activations[target + block, lane] = value


def oracle_table(machine, op):
    before = machine.activations.copy()
    lanes = machine.lanes
    for word in range(op.words):
        for lane in range(lanes):
            entry = int(before[op.source + word, lane]) + 128
            value = machine.parameters[op.parameters + entry // lanes, entry % lanes]
            machine.activations[op.target + word, lane] = value


ORACLES = {
    Load: oracle_load,
    Gemm: oracle_gemm,
    Requantize: oracle_requantize,
    Add: oracle_add,
    Pool: oracle_pool,
    Table: oracle_table,
    Store: oracle_store,
}
