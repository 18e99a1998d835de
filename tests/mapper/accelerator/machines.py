"""Accelerators, and runs of lowered networks on the interpreter."""

import numpy as np

from golden.accelerator.description import Accelerator, Memory
from golden.accelerator.interpreter import Machine, execute
from golden.arith.exact import exact_matmul
from golden.engines.systolic import Params
from golden.evaluate import evaluate
from golden.tensors import storage_dtype
from mapper.accelerator.lowered import OUTPUTS

EDGE = Accelerator(name="edge", engine="systolic", params=Params(rows=16, cols=16))
TINY = Accelerator(
    name="tiny",
    engine="systolic",
    params=Params(rows=8, cols=8),
    activation_bytes=32 << 10,
    weight_bytes=28 << 10,
    parameter_bytes=4 << 10,
    accumulator_bytes=16 << 10,
    bus_bytes=8,
    memory=Memory(bytes_per_cycle=8),
)


def accelerator(side, *, activations, weights, parameters, accumulators, banks=(1, 1)):
    """A small one; sizes in words."""
    return Accelerator(
        name="small",
        engine="systolic",
        params=Params(rows=side, cols=side),
        activation_bytes=activations * side,
        weight_bytes=weights * side,
        parameter_bytes=parameters * side,
        accumulator_bytes=accumulators * 4 * side,
        activation_banks=banks[0],
        accumulator_banks=banks[1],
    )


def random_accelerator(rng):
    return accelerator(
        int(rng.choice([4, 8, 16])),
        activations=int(rng.choice([32, 64, 128, 256, 1024])),
        weights=int(rng.choice([40, 100, 400, 2000])),
        parameters=int(rng.choice([144, 400])),
        accumulators=int(rng.choice([8, 16, 64, 256])),
        banks=(int(rng.choice([1, 2, 4])), int(rng.choice([1, 2]))),
    )


def random_inputs(graph, rng):
    result = {}
    for name in graph.inputs:
        tensor = graph.tensors[name]
        if tensor.is_float:
            result[name] = rng.random(tensor.shape).astype(np.float32)
        else:
            low, high = tensor.element.min, tensor.element.max
            numbers = rng.integers(low, high + 1, tensor.shape)
            result[name] = numbers.astype(storage_dtype(tensor.element))
    return result


def compared(lowered, inputs):
    """Run a program; how many tensors were compared with the golden model, and all were equal."""
    sizes = lowered.dram_bytes
    bases = tuple(np.cumsum([0, *sizes])[:4].tolist())
    dram = np.zeros(sum(sizes) + 1, dtype=np.uint8)
    for base, content in enumerate((lowered.constants, lowered.pack(inputs))):
        dram[bases[base] : bases[base] + len(content)] = np.frombuffer(content, np.uint8)
    machine = Machine(
        lanes=lowered.accelerator.lanes,
        sizes=lowered.accelerator.sizes,
        multiply=lambda a, w, bits: exact_matmul(a, w),
        dram=dram,
        bases=bases,
        feeding=lowered.accelerator.feeding,
    )
    expected = evaluate(lowered.graph, inputs)
    compared = 0
    for number, instruction in enumerate(lowered.program.instructions):
        execute(machine, instruction)
        for stored in lowered.tensors:
            if stored.instruction != number:
                continue
            if stored.base is None:
                values = stored.local_values(machine.activations)
            else:
                first = bases[stored.base] + stored.address
                values = stored.values(dram[first : first + stored.bytes].view(np.int8))
            assert np.array_equal(values, expected[stored.tensor]), stored.tensor
            compared += 1
    assert compared == len(lowered.tensors)
    first = bases[OUTPUTS]
    outputs = lowered.unpack(dram[first : first + sizes[OUTPUTS]].tobytes(), inputs)
    for name in lowered.graph.outputs:
        assert np.array_equal(outputs[name], expected[name]), name
        assert outputs[name].dtype == expected[name].dtype
    return compared
