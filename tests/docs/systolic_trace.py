"""Cycle-by-cycle pictures of a small systolic array, read off its RTL.

The array runs in Amaranth's simulator with operands that are all different, so that what a
processing element multiplies in a cycle says which elements of the matrices these are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np
from amaranth.lib import wiring
from amaranth.sim import Simulator

from golden.contract import Job, Operand
from golden.engines.systolic import Dataflow, Params, jobs, layout, matmul
from hw.engines.systolic import Engine
from hw.lib.systolic import operand_stationary, output_stationary
from sim.engines.systolic import timing_sequence

__all__ = ["picture"]

IDLE = "·"
CLOCK_S = 1e-6
LIMIT_CYCLES = 100


@dataclass
class _Run:
    """What the array is given, and where it is."""

    params: Params
    a: np.ndarray
    w: np.ndarray
    elements: Sequence[wiring.Component]
    results: list[tuple[str, list[int]]]
    rows: list[list[str]] = field(default_factory=list)

    def pe(self, row: int, col: int) -> Any:
        return self.elements[row * self.params.cols + col]


def picture(params: Params, m: int, n: int, k: int) -> str:
    """What happens in every cycle of a GEMM, as an aligned text.

    Parameters
    ----------
    params : Params
        Of an output- or weight-stationary array with int8 operands.
    m, n, k : int
        At most 9 each, and small enough for all elements to differ.
    """
    a = np.arange(1, m * k + 1, dtype=np.uint8).reshape(m, k)
    w = np.arange(1, k * n + 1, dtype=np.uint8)[::-1].reshape(k, n)
    tiles = list(jobs(params, m, n, k))
    streams, results = _beats(params, tiles, a, w)
    module = output_stationary if params.dataflow is Dataflow.OS else operand_stationary
    elements: list[wiring.Component] = []

    def place(platform: object, cls: type[wiring.Component], *args: Any) -> wiring.Component:
        part = cls(*args)
        if cls is module.ProcessingElement:
            elements.append(part)
        return part

    engine = Engine(params)
    with mock.patch.object(module, "place", place):
        simulator = Simulator(engine)
    run = _Run(params, a, w, elements, results)
    watch = _OutputStationary(run) if module is output_stationary else _WeightStationary(run)

    async def play(ctx: Any) -> None:
        ctx.set(engine.results.ready, 1)
        taken = dict.fromkeys(streams, 0)
        while run.results and len(run.rows) < LIMIT_CYCLES:
            for name, beats in streams.items():
                offered = taken[name] < len(beats)
                port = getattr(engine, name)
                ctx.set(port.payload.as_value(), beats[taken[name]][1] if offered else 0)
                ctx.set(port.valid, offered)
            moved = {}
            for name, beats in streams.items():
                port = getattr(engine, name)
                transfer = ctx.get(port.valid) and ctx.get(port.ready)
                moved[name] = beats[taken[name]][0] if transfer else IDLE
                taken[name] += transfer
            moved["results"] = _result(ctx, engine, run)
            run.rows.append([str(len(run.rows)), *watch.see(ctx.get, moved)])
            await ctx.tick()

    simulator.add_clock(CLOCK_S)
    simulator.add_testbench(play)
    simulator.run()
    expected = timing_sequence(params, jobs(params, m, n, k))
    if len(run.rows) != expected:
        raise AssertionError(f"the RTL took {len(run.rows)} cycles, the timing is {expected}")
    return _align([watch.head(), *run.rows])


def _beats(
    params: Params, tiles: Sequence[Job], a: np.ndarray, w: np.ndarray
) -> tuple[dict[str, list[tuple[str, int]]], list[tuple[str, list[int]]]]:
    """Label and payload of every input beat; label and codes of every result beat."""
    ports = layout(params)
    streams: dict[str, list[tuple[str, int]]] = {"job": [], "activations": [], "weights": []}
    results: list[tuple[str, list[int]]] = []
    for number, job in enumerate(tiles):
        streams["job"].append((f"job {number}", ports.job_code(job)))
        for name, port, matrix in (
            ("activations", ports.activations, a),
            ("weights", ports.weights, w),
        ):
            tile = matrix[job.tile(port.operand)].ravel().tolist()
            for lanes in port.elements(job):
                label = _beat_label(port.operand, job, lanes[lanes >= 0].tolist())
                codes = [tile[e] if e >= 0 else 0 for e in lanes.tolist()]
                payload = sum(c << i * port.format.bits for i, c in enumerate(codes))
                streams[name].append((label, payload))
        d = matmul(params, a[job.tile(Operand.A)], w[job.tile(Operand.W)]).ravel().tolist()
        for lanes in ports.results.elements(job):
            used = lanes[lanes >= 0].tolist()
            results.append((_beat_label(Operand.D, job, used), [d[e] for e in used]))
    return streams, results


def _beat_label(operand: Operand, job: Job, used: list[int]) -> str:
    """``A[0,3:5]`` for a beat along row 0, ``A[0:3,1]`` for one down column 1."""
    row_dim, col_dim = operand.dims
    places = [divmod(element, job.size(col_dim)) for element in used]
    row = _span({place[0] + job.offset(row_dim) for place in places})
    col = _span({place[1] + job.offset(col_dim) for place in places})
    return f"{operand.value.upper()}[{row},{col}]"


def _span(indices: set[int]) -> str:
    first, end = min(indices), max(indices) + 1
    return f"{first}:{end}" if end > first + 1 else f"{first}"


def _result(ctx: Any, engine: Engine, run: _Run) -> str:
    if not ctx.get(engine.results.valid):
        return IDLE
    label, codes = run.results.pop(0)
    got = [ctx.get(engine.results.payload[lane]) for lane in range(len(codes))]
    if got != codes:
        raise AssertionError(f"{label} came as {got}, expected {codes}")
    return label


def _element(matrix: np.ndarray, value: int) -> tuple[int, int]:
    ((row, col),) = np.argwhere(matrix == value).tolist()
    return row, col


class _WeightStationary:
    """Products of every element, and the shadow registers of column 0."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._active: dict[tuple[int, int], int] = {}
        self._live = [False] * run.params.rows

    def head(self) -> list[str]:
        params = self._run.params
        shadows = [f"s{row}" for row in range(params.rows)]
        return ["cycle", "job", "weights", *shadows, "activations", *_names(params), "results"]

    def see(self, get: Callable[[Any], int], moved: dict[str, str]) -> list[str]:
        run = self._run
        rows, cols = run.params.rows, run.params.cols
        shadows = []
        for row in range(rows):
            pe = run.pe(row, 0)
            place = _element(run.w, get(pe.below)) if self._live[row] else None
            shadows.append("W{}{}".format(*place) if place else IDLE)
            if get(pe.load):
                self._live[row] = True
            elif get(pe.swap):
                self._live[row] = False
        products = [self._product(get, row, col) for row in range(rows) for col in range(cols)]
        return [
            moved["job"],
            moved["weights"],
            *shadows,
            moved["activations"],
            *products,
            moved["results"],
        ]

    def _product(self, get: Callable[[Any], int], row: int, col: int) -> str:
        run, pe = self._run, self._run.pe(row, col)
        text = IDLE
        if value := get(pe.moving):
            m, k = _element(run.a, value)
            if _element(run.w, self._active[row, col]) != (k, col):
                raise AssertionError(f"A[{m},{k}] met the wrong weight in ({row},{col})")
            text = f"A{m}{k}"
        if get(pe.swap):
            self._active[row, col] = get(pe.below)
        return text


class _OutputStationary:
    """Products of every element, and the drain registers of column 0."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._sums = run.a.astype(int) @ run.w.astype(int)
        if len(np.unique(self._sums)) != self._sums.size:
            raise AssertionError("two results are equal: the picture would not tell them apart")
        self._live = [False] * run.params.rows

    def head(self) -> list[str]:
        params = self._run.params
        drains = [f"d{row}" for row in range(params.rows)]
        return ["cycle", "job", "activations", "weights", *_names(params), *drains, "results"]

    def see(self, get: Callable[[Any], int], moved: dict[str, str]) -> list[str]:
        run = self._run
        rows, cols = run.params.rows, run.params.cols
        products = [self._product(get, row, col) for row in range(rows) for col in range(cols)]
        column = [run.pe(row, 0) for row in range(rows)]
        drains = []
        for row, pe in enumerate(column):
            place = _element(self._sums, get(pe.drain_below)) if self._live[row] else None
            drains.append("D{}{}".format(*place) if place else IDLE)
        before = [*self._live]
        for row, pe in enumerate(column):
            copied = row == rows - 1 or get(column[row + 1].shift)
            if get(pe.shift):
                self._live[row] = before[row - 1]
            elif get(pe.last):
                self._live[row] = True
            elif copied:
                self._live[row] = False
        return [
            moved["job"],
            moved["activations"],
            moved["weights"],
            *products,
            *drains,
            moved["results"],
        ]

    def _product(self, get: Callable[[Any], int], row: int, col: int) -> str:
        run, pe = self._run, self._run.pe(row, col)
        value = get(pe.activation)
        if not value:
            return IDLE
        m, k = _element(run.a, value)
        if _element(run.w, get(pe.weight)) != (k, col):
            raise AssertionError(f"A[{m},{k}] met the wrong weight in ({row},{col})")
        return f"A{m}{k}"


def _names(params: Params) -> list[str]:
    return [f"{row},{col}" for row in range(params.rows) for col in range(params.cols)]


def _align(rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
