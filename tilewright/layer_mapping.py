"""Mappings of the layers of a workload that is known by its shapes, solved once and kept."""

import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from golden.accelerator.description import Accelerator
from mapper.accelerator.streaming.mapping import Mapping
from mapper.accelerator.streaming.operators import map_operators
from mapper.status import Status
from sim.workload import Workload
from tilewright.caching import Cache, default_cache
from tilewright.progress import counting

__all__ = ["layers_json", "map_layers"]

_SHELF = "mappings"
_FILE = "mapping.json"


class _Solved(MutableMapping[str, str]):
    """What was solved before, in the user's cache."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def __getitem__(self, key: str) -> str:
        try:
            return (self._place(key) / _FILE).read_text(encoding="utf-8")
        except OSError:
            raise KeyError(key) from None

    def __setitem__(self, key: str, text: str) -> None:
        def make(folder: Path) -> None:
            (folder / _FILE).write_text(text, encoding="utf-8")

        self._cache.entry(_SHELF, key, make)

    def __delitem__(self, key: str) -> None:
        raise NotImplementedError("entries go with the cache")

    def __iter__(self) -> Iterator[str]:
        return (place.name for place in self._cache.root.glob(f"{_SHELF}/*") if place.is_dir())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _place(self, key: str) -> Path:
        return self._cache.root / _SHELF / key


def map_layers(
    work: Workload, design: Accelerator, *, time_limit: float, cache: Cache | None = None
) -> list[Mapping]:
    """The best mapping of each layer; progress is told on a terminal.

    Parameters
    ----------
    work : Workload
    design : Accelerator
    time_limit : float
        Seconds for each shape.
    cache : Cache, optional
        Default: the user's.

    Raises
    ------
    UserError
        If a layer does not fit.
    """
    with counting("shapes mapped") as tell:
        return map_operators(
            work.layers,
            design,
            time_limit=time_limit,
            workers=os.cpu_count() or 1,
            solved=_Solved(cache or default_cache()),
            progress=lambda done, count, _: tell(done, count),
        )


def layers_json(mappings: list[Mapping]) -> dict[str, Any]:
    """Mappings as JSON values, with their sums.

    Returns
    -------
    dict
        ``status``, ``cycles`` and ``bound_cycles`` (sums over layers that run alone), ``gap`` (in
        cycles), ``dram_bytes``, ``space_size``, ``layers``.
    """
    cycles = sum(mapping.cycles for mapping in mappings)
    bound = sum(mapping.bound_cycles for mapping in mappings)
    proven = all(mapping.status is Status.OPTIMAL for mapping in mappings)
    return {
        "status": (Status.OPTIMAL if proven else Status.FEASIBLE).value,
        "cycles": cycles,
        "bound_cycles": bound,
        "gap": (cycles - bound) / cycles,
        "dram_bytes": sum(mapping.dram_bytes for mapping in mappings),
        "layers": [_layer_json(mapping) for mapping in mappings],
    }


def _layer_json(mapping: Mapping) -> dict[str, Any]:
    plan = mapping.plan
    return {
        "name": mapping.layer.name,
        "cycles": mapping.cycles,
        "bound_cycles": mapping.bound_cycles,
        "gap": mapping.gap,
        "status": mapping.status.value,
        "dram_bytes": mapping.dram_bytes,
        "space_size": mapping.space_size,
        "simulated": mapping.simulated,
        "seconds": round(mapping.seconds, 3),
        "plan": {
            "height": plan.height,
            "width": plan.width,
            "filter_blocks": plan.blocks,
            "depth_blocks": plan.piece,
            "taps": [[len(rows), len(columns)] for rows, columns in plan.taps],
            "order": plan.order.value,
            "weights": plan.kept.name.lower(),
            "places": {
                "inputs": plan.places.inputs,
                "weights": plan.places.weights,
                "parameters": plan.places.parameters,
                "sums": plan.places.sums,
            },
        },
    }
