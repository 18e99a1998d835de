"""Schedules of networks: bytes of each strategy, bounds, proofs and seconds, as a table.

    python benchmarks/scheduling.py [NETWORK ...] [--strategies optimal,...] [--budgets m_r,m_h,m_p]
        [--tensors activations,all] [--fused yes,no] [--time-limit S] [--markdown]

Without names: the ten designed networks. Seconds are CPU seconds of the search alone, in one
process, one case after the other. After the table come, for each other strategy, the average
reduction of bytes by the first one: 1 - bytes / bytes of the other, over cases in which both have a
schedule and the other moves something. With ``--markdown`` a row is a case: the first strategy in
full, of the others the bytes.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from mapper import clock
from mapper.scheduling.baselines import reduction
from mapper.scheduling.footprint import Budgets, budgets
from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.outcome import Options, Outcome
from mapper.scheduling.strategies import STRATEGIES, find_strategy
from mapper.scheduling.variants import TensorSet, Variant, variant_of
from mapper.zoo.catalogue import DESIGNED
from tilewright.mapping import BUDGETS, network_graph
from tilewright.verbs.options import table

HEAD = (
    *("network", "tensors", "fused", "operators", "budget", "bytes", "strategy"),
    *("status", "spilled + retrieved", "bound", "gap", "CPU s"),
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A schedule to make."""

    network: str
    variant: Variant
    budget: str
    capacity_bytes: int
    graph: SizedGraph


def cases(
    names: Sequence[str], tensors: Sequence[str], fused: Sequence[str], wanted: Sequence[str]
) -> Iterator[Case]:
    """Networks, their variants and budgets; budgets that are equal count once."""
    for name in names:
        whole = network_graph(name)
        for kind, fusion in product(tensors, fused):
            variant = Variant(tensors=TensorSet(kind), fused=fusion == "yes")
            graph = variant_of(whole, variant)
            known = budgets(graph)
            for budget in wanted:
                yield Case(
                    network=name,
                    variant=variant,
                    budget=budget,
                    capacity_bytes=_bytes(known, budget),
                    graph=graph,
                )


def _bytes(known: Budgets, budget: str) -> int:
    return int(getattr(known, f"{budget}_bytes"))


def run(case: Case, strategy: str, options: Options) -> tuple[Outcome, float]:
    """A schedule, and the CPU seconds that it took, but for what is compiled once on a machine."""
    begun, compiling = time.process_time(), 0.0

    def tell(is_compiling: bool) -> None:
        nonlocal compiling
        compiling += time.process_time() * (-1 if is_compiling else 1)

    with clock.watched(tell):
        outcome = find_strategy(strategy)(case.graph, case.capacity_bytes, options)
    return outcome, time.process_time() - begun - compiling


def row(case: Case, outcome: Outcome, seconds: float) -> tuple[object, ...]:
    """Cells of the table."""
    moved, bound, gap = outcome.objective_bytes, outcome.bound_bytes, outcome.gap
    return (
        *(case.network, case.variant.tensors.value, "yes" if case.variant.fused else "no"),
        *(len(case.graph.operators), case.budget, case.capacity_bytes, outcome.strategy),
        outcome.status.value,
        "fails" if moved is None else moved,
        "" if bound is None else bound,
        "" if gap is None else f"{gap:.1%}",
        f"{seconds:.2f}",
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", nargs="*", default=list(DESIGNED))
    parser.add_argument("--strategies", default="optimal", help=f"of {', '.join(STRATEGIES)}")
    parser.add_argument("--budgets", default=",".join(BUDGETS))
    parser.add_argument("--tensors", default=",".join(kind.value for kind in TensorSet))
    parser.add_argument("--fused", default="yes,no")
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    strategies = given.strategies.split(",")
    options = Options(time_limit=given.time_limit)
    rows: list[tuple[object, ...]] = []
    found: dict[str, list[Outcome]] = {name: [] for name in strategies}
    spent: list[float] = []
    for case in cases(
        given.networks, given.tensors.split(","), given.fused.split(","), given.budgets.split(",")
    ):
        for strategy in strategies:
            outcome, seconds = run(case, strategy, options)
            rows.append(row(case, outcome, seconds))
            found[strategy].append(outcome)
            spent.append(seconds)
            print(*rows[-1], file=sys.stderr, flush=True)
    if given.markdown:
        print(markdown(rows, strategies))
    else:
        print(table(HEAD, rows))
    print(f"\nmedian {sorted(spent)[len(spent) // 2]:.2f} s, longest {max(spent):.2f} s")
    for other in strategies[1:]:
        print(reduction_line(strategies[0], other, found))


def reduction_line(first: str, other: str, found: Mapping[str, Sequence[Outcome]]) -> str:
    """What the first strategy saves against another, over all cases."""
    known = reduction(zip(found[first], found[other], strict=True))
    average = "none" if known.average is None else f"{known.average:.1%}"
    return (
        f"{first} against {other}: average reduction {average} over {len(known.counted)} cases;"
        f" {known.degenerate} in which {other} moves nothing, {known.baseline_failures} in which"
        f" it fails"
    )


def markdown(rows: Sequence[Sequence[object]], strategies: Sequence[str]) -> str:
    """The table for the manual, from rows of all strategies for each case."""
    moved = HEAD.index("spilled + retrieved")
    left_out = HEAD.index("strategy")
    head = [*HEAD[:left_out], *HEAD[left_out + 1 :], *strategies[1:]]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for start in range(0, len(rows), len(strategies)):
        first, *others = rows[start : start + len(strategies)]
        cells = [*first[:left_out], *first[left_out + 1 :], *(other[moved] for other in others)]
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _cell(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


if __name__ == "__main__":
    main()
