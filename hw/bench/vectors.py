"""Stimulus, expected codes and expected cycles, as one file.

A vector file is an npz of byte arrays, one row a beat, least significant byte first, and of one
JSON text, ``plan``, that says which rows belong to which case.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Case", "Plan", "Vectors", "read_vectors", "write_vectors"]

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Case:
    """Jobs that run back to back, from an idle engine to the last result.

    Parameters
    ----------
    name : str
    beats : mapping of str to (int, int)
        First row and end row of each port.
    cycles : int or None
        From the first transfer of a job to the last transfer of a result, both included; None
        where stalls make it meaningless.
    stalls : mapping of str to float
        For each port the probability that it pauses in a cycle.
    lazy_sink : bool
        The sink becomes ready only after it has seen a result.
    reset_after : int
        Cycle at which the engine is reset and the case abandoned; 0 for never.
    """

    name: str
    beats: Mapping[str, tuple[int, int]]
    cycles: int | None = None
    stalls: Mapping[str, float] = field(default_factory=dict)
    lazy_sink: bool = False
    reset_after: int = 0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the bench does, apart from the data.

    Parameters
    ----------
    top : str
        Name of the Verilog module.
    bits : mapping of str to int
        Payload bits of every port.
    lane_bits : int
        Bits of one result.
    patience_cycles : int
        A case in which nothing moves for so long is given up.
    listen_cycles : int
        How long to look for results that nobody expects, after the last case.
    seed : int
        Of stalls and of what idle ports carry.
    cases : tuple of Case
    """

    top: str
    bits: Mapping[str, int]
    lane_bits: int
    patience_cycles: int
    listen_cycles: int
    seed: int
    cases: tuple[Case, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Vectors:
    """A plan and its beats.

    Parameters
    ----------
    plan : Plan
    beats : mapping of str to ndarray of uint8, shape (beats, bytes)
        For every port; for ``results`` what is expected.
    mask : ndarray of uint8, shape (result beats, bytes)
        Ones where a result's bit counts.
    """

    plan: Plan
    beats: Mapping[str, NDArray[np.uint8]]
    mask: NDArray[np.uint8]


def write_vectors(path: Path, vectors: Vectors) -> None:
    """Write ``vectors`` to a new or replaced file."""
    plan = json.dumps({"schema": SCHEMA, **asdict(vectors.plan)})
    partial = path.with_name(f".{path.name}.partial.npz")
    arrays: dict[str, Any] = {"plan": np.array(plan), "mask": vectors.mask, **vectors.beats}
    np.savez(partial, **arrays)
    partial.replace(path)


def read_vectors(path: Path) -> Vectors:
    """Read what `write_vectors` wrote.

    Raises
    ------
    ValueError
        If the file is something else, or does not fit together.
    OSError
        If it can not be read.
    """
    try:
        with np.load(path) as file:
            plan = json.loads(str(file["plan"]))
            if plan.pop("schema") != SCHEMA:
                raise ValueError("another schema")
            cases = tuple(
                Case(**{**case, "beats": {port: (a, b) for port, (a, b) in case["beats"].items()}})
                for case in plan.pop("cases")
            )
            vectors = Vectors(
                plan=Plan(**plan, cases=cases),
                beats={port: file[port] for port in plan["bits"]},
                mask=file["mask"],
            )
    except (AttributeError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile):
        raise ValueError(f"{path} is not a vector file of schema {SCHEMA}") from None
    _check_rows(path, vectors)
    return vectors


def _check_rows(path: Path, vectors: Vectors) -> None:
    """Every row that a case names is there, as wide as its port."""
    rows = {**vectors.beats, "mask": vectors.mask}
    for port, bits in vectors.plan.bits.items():
        if rows[port].dtype != np.uint8 or rows[port].shape[1:] != (-(-bits // 8),):
            raise ValueError(f"{path}: beats of {port} are not bytes of {bits} bits")
    if rows["mask"].dtype != np.uint8 or rows["mask"].shape != rows["results"].shape:
        raise ValueError(f"{path}: the mask does not fit the results")
    for case in vectors.plan.cases:
        for port, (first, end) in case.beats.items():
            if not 0 <= first <= end <= len(rows[port]):
                raise ValueError(f"{path}: case {case.name!r} lacks beats of {port}")
