"""One random program on the Verilog, against interpreter and simulator."""

import numpy as np

from golden.accelerator.registers import Counter, ErrorCode
from hw.accelerator.bench.runs import LOCAL_MEMORIES, run_program
from sim.accelerator.simulation import simulate
from sim.accelerator.steps import Layer
from tests.accelerator import programs

LIMIT_CYCLES = 200_000


def compare(play, seed, length, memory, stalls=(0, 0)):
    """See `compare_on`, on the accelerator of `programs`."""
    return compare_on(play, programs.accelerator(memory), seed, length, stalls)


def compare_on(play, design, seed, length, stalls=(0, 0)):
    """What differs between the Verilog and interpreter and simulator; and the simulation."""
    program = programs.random_program(seed, length, design)
    dram = programs.memory_image(seed, program)
    outcome = run_program(
        play,
        design,
        dram,
        program=programs.PROGRAM,
        bases=programs.BASES,
        limit_cycles=LIMIT_CYCLES,
        local=True,
        stalls=stalls,
    )
    machine = programs.interpreted(design, program, dram)
    found = [] if outcome.error is ErrorCode.NONE else [outcome.error.name]
    found += [
        name
        for name in LOCAL_MEMORIES
        if not np.array_equal(outcome.local[name], getattr(machine, name))
    ]
    if not np.array_equal(outcome.dram, machine.dram):
        found.append("dram")
    simulation = simulate(
        design, [Layer(name="all", body=program.instructions)], bases=programs.BASES
    )
    if not any(stalls):
        found += [
            f"{counter.name}: {outcome.counters[counter]}, simulated {simulation.counters[counter]}"
            for counter in Counter
            if outcome.counters[counter] != simulation.counters[counter]
        ]
        if outcome.cycles != simulation.cycles:
            found.append(f"{outcome.cycles} cycles by the bench's own count")
    return found, simulation


def contended(simulation):
    """Whether two units waited for each other."""
    stalled = (Counter.LOAD_STALLED, Counter.EXECUTE_STALLED, Counter.STORE_STALLED)
    return sum(simulation.counters[counter] > 0 for counter in stalled) >= 2
