"""Fewest cycles: coordinate descent, each step judged by the exact simulation of the program."""

from collections.abc import Sequence

from golden.accelerator.description import Accelerator
from mapper.accelerator.optimal.moves import moves_of
from mapper.accelerator.optimal.trials import Trial, Trials

__all__ = ["descended"]


def descended(
    start: Trial, trials: Trials, accelerator: Accelerator, *, least_cycles: int, most: int
) -> Trial:
    """A trial that moves no more bytes than ``start`` and takes no more cycles.

    Layers are changed one at a time, those first that take most cycles beyond those of their
    products; a change stays if the whole program takes fewer cycles, or as many and moves less. It
    ends when no change of any layer does, or after so many trials.

    Parameters
    ----------
    start : Trial
    trials : Trials
    accelerator : Accelerator
    least_cycles : int
        Where these are reached, there is nothing more to find.
    most : int
        Programs that are simulated.
    """
    end = trials.count + most
    best, improved = start, True
    while improved and best.cycles > least_cycles:
        improved = False
        for number in _most_wasteful(best):
            better = best
            for decisions in moves_of(best.decisions, number, accelerator):
                if trials.are_over or trials.count >= end:
                    return better
                trial = trials.run(decisions)
                if trial is not None and trial.bytes <= best.bytes and _rank(trial) < _rank(better):
                    better = trial
            if better is not best:
                best, improved = better, True
    return best


def _rank(trial: Trial) -> tuple[int, int]:
    return trial.cycles, trial.bytes


def _most_wasteful(trial: Trial) -> Sequence[int]:
    """Layers by the cycles in which they do not multiply, most first."""
    waste = [times.cycles - times.execute_cycles for times in trial.simulation.layers]
    return sorted(range(len(waste)), key=lambda number: -waste[number])
