"""Mappings of all layers of a workload, each shape solved once."""

import hashlib
import json
from collections.abc import Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, fields, replace
from enum import Enum
from typing import Any

import numpy as np

from golden.accelerator.description import Accelerator
from golden.errors import UserError
from golden.params import to_plain
from mapper.accelerator.streaming.mapping import Mapping, best_mapping, simulated_cost
from mapper.accelerator.streaming.problem import cut_of, plan_of
from mapper.accelerator.streaming.sweep import Sweep, sweep_of
from mapper.status import Status
from sim.workload import Layer

__all__ = ["map_operators", "mapping_key"]

_VERSION = 1
"""Of the space and of what is written down of a mapping."""

_NUMBERS = ("cycles", "dram_bytes", "bound_cycles", "space_size", "bounded", "simulated")


def map_operators(
    layers: Sequence[Layer],
    accelerator: Accelerator,
    *,
    time_limit: float = 60.0,
    workers: int = 1,
    solved: MutableMapping[str, str] | None = None,
    progress: Callable[[int, int, Mapping], None] | None = None,
) -> list[Mapping]:
    """The best mapping of each layer, in their order.

    Parameters
    ----------
    layers : sequence of Layer
    accelerator : Accelerator
    time_limit : float
        Seconds for each shape.
    workers : int
        Shapes that are solved at a time.
    solved : mutable mapping of str to str, optional
        What was solved before, by `mapping_key`; proven mappings are added. An entry is simulated
        before it is used.
    progress : callable, optional
        Told, as each shape is done, of how many are done, of how many there are, and its mapping.

    Raises
    ------
    UserError
        As `best_mapping`.
    """
    sweeps = [_sweep(layer, accelerator) for layer in layers]
    first = dict(zip(reversed(sweeps), reversed(layers), strict=True))
    store = {} if solved is None else solved

    def solve(sweep: Sweep) -> Mapping:
        key = mapping_key(sweep, accelerator)
        known = _recalled(store.get(key), first[sweep], sweep, accelerator)
        if known is not None:
            return known
        mapping = best_mapping(first[sweep], accelerator, time_limit=time_limit)
        if mapping.status is Status.OPTIMAL:
            store[key] = _written(mapping)
        return mapping

    found: dict[Sweep, Mapping] = {}
    order = list(dict.fromkeys(sweeps))
    with ThreadPoolExecutor(max_workers=workers) as pool:
        # The search runs without the interpreter's lock.
        futures = {pool.submit(solve, sweep): sweep for sweep in order}
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                mapping = found[futures[future]] = future.result()
                if progress is not None:
                    progress(done, len(order), mapping)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [replace(found[sweep], layer=layer) for sweep, layer in zip(sweeps, layers, strict=True)]


def mapping_key(sweep: Sweep, accelerator: Accelerator) -> str:
    """A name for all that the mapping of a layer depends on, but the program's version."""
    facts = {field.name: getattr(accelerator, field.name) for field in fields(accelerator)}
    del facts["name"]
    facts["params"] = to_plain(accelerator.params)
    facts["memory"] = asdict(accelerator.memory)
    text = json.dumps([_VERSION, asdict(sweep), facts], sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(value: object) -> Any:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{value!r} has no plain form")


def _sweep(layer: Layer, accelerator: Accelerator) -> Sweep:
    try:
        return sweep_of(layer, accelerator.lanes)
    except UserError as error:
        raise UserError(f"layer {layer.name!r}: {error}") from None


def _written(mapping: Mapping) -> str:
    numbers = {name: getattr(mapping, name) for name in _NUMBERS}
    return json.dumps({**numbers, "cut": cut_of(mapping.plan).tolist()})


def _recalled(
    text: str | None, layer: Layer, sweep: Sweep, accelerator: Accelerator
) -> Mapping | None:
    """A mapping that was written down, if it still takes what it took."""
    if text is None:
        return None
    content = json.loads(text)
    plan = plan_of(sweep, accelerator.lanes, np.array(content.pop("cut"), dtype=np.int64))
    cost = content["cycles"], content["dram_bytes"]
    if simulated_cost(layer, plan, accelerator) != cost:
        return None
    return Mapping(layer=layer, plan=plan, status=Status.OPTIMAL, seconds=0.0, **content)
