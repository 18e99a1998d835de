"""What synthesis needs to know of a standard-cell library."""

import gzip
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from golden.errors import UserError
from hw.synth.functions import IDENTITY, INVERSE, NAND2, truth_table
from hw.synth.liberty_text import REST_OF_GROUP, Group, parse_groups, without_comments
from hw.synth.tables import Table, read_table

__all__ = ["Cell", "Library", "library_text", "read_library"]

_SPECIAL = ("always_on", "dont_use", "is_isolation_cell", "is_level_shifter", "pad_cell")
"""Attributes of cells that need more than logic: other supplies, or the edge of a chip."""

_STATE = ("ff", "ff_bank", "latch", "latch_bank", "statetable")

_POWER_GROUPS = ("leakage_power", "internal_power")

_POWER = re.compile(
    rf"\b(?:{'|'.join(_POWER_GROUPS)})\s*\([^(){{}}]*\)\s*\{{{REST_OF_GROUP.pattern}"
)

_DELAYS = ("cell_rise", "cell_fall")
"""Tables of the time from an input to an output."""

_TIME_UNITS = {"ps": 1e-3, "ns": 1.0, "us": 1e3}
_LOAD_UNITS = {"ff": 1e-3, "pf": 1.0}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell.

    Parameters
    ----------
    name : str
    area_um2 : float
    inputs : tuple of str
    loads_pf : mapping of str to float
        Of inputs.
    functions : mapping of str to str
        Of outputs, as Liberty writes them; empty where it has none.
    sequential : bool
        Flip-flops, latches and gates of clocks.
    usable : bool
        Whether logic can be mapped to it without more: it has a single supply, and outputs whose
        delays are told.
    clock : str or None
        Pin of a flip-flop's clock.
    clock_to_output : tuple of Table
        ns over transition of the clock (ns) and load (pF); of flip-flops.
    setup : tuple of Table
        ns over transitions of clock and data (ns), of flip-flops.
    """

    name: str
    area_um2: float
    inputs: tuple[str, ...]
    loads_pf: Mapping[str, float]
    functions: Mapping[str, str]
    sequential: bool
    usable: bool
    clock: str | None = None
    clock_to_output: tuple[Table, ...] = ()
    setup: tuple[Table, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Library:
    """A library.

    Parameters
    ----------
    name : str
    cells : mapping of str to Cell
    nand2, buffer : Cell
        The smallest NAND of two inputs, and the smallest buffer that is larger than another
        (or the only one).
    shared : str
        Liberty text of what is not a cell.
    texts : mapping of str to str
        Liberty text of each cell.
    """

    name: str
    cells: Mapping[str, Cell]
    nand2: Cell
    buffer: Cell
    shared: str
    texts: Mapping[str, str]

    def text(self, names: Collection[str] | None = None) -> str:
        """The library as a Liberty file, with no more than some cells, and without power.

        Large libraries take tools seconds to read.

        Parameters
        ----------
        names : collection of str, optional
            Of cells; all that logic can be mapped to, where it is not given.
        """
        chosen = [name for name, cell in self.cells.items() if cell.usable]
        return _POWER.sub("", self.text_with_power(chosen if names is None else names))

    def text_with_power(self, names: Collection[str]) -> str:
        """The library as a Liberty file, with some cells.

        Parameters
        ----------
        names : collection of str
            Of cells.
        """
        cells = (self.texts[name] for name in sorted(names))
        return "\n".join([self.shared.rstrip().removesuffix("}"), *cells, "}\n"])


def library_text(file: Path) -> str:
    """Text of a Liberty file, which may be compressed by gzip.

    Raises
    ------
    UserError
        If it is no text.
    OSError
        If it can not be read.
    """
    octets = file.read_bytes()
    try:
        return (gzip.decompress(octets) if octets[:2] == b"\x1f\x8b" else octets).decode()
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise UserError(f"{file} is no Liberty file: {error}") from None


def read_library(text: str, name: str) -> Library:
    """Read a library.

    Parameters
    ----------
    text : str
    name : str
        Of the file, for messages.

    Raises
    ------
    UserError
        If it is none, or lacks what synthesis needs.
    """
    text = without_comments(text)
    outermost = parse_groups(text, name, skipped=_POWER_GROUPS)
    try:
        cells = dict(_cells(outermost))
    except (KeyError, ValueError, IndexError) as error:
        raise UserError(f"{name} can not be used: {_reason(error)}") from None
    buffers = _with_table(cells, IDENTITY)
    nands = _with_table(cells, NAND2)
    registers = [cell for cell in cells.values() if cell.clock and cell.usable]
    needed = {
        "NAND of two inputs": nands,
        "buffer": buffers,
        "inverter": _with_table(cells, INVERSE),
        "flip-flop": registers,
    }
    for what, found in needed.items():
        if not found:
            raise UserError(f"{name} can not be used: it has no {what} with timing")
    if not nands[0].area_um2 > 0:
        raise UserError(f"{name} can not be used: its {nands[0].name} has no area")
    least = buffers[0].area_um2
    groups = list(outermost.inner("cell"))
    edges = [0, *(edge for group in groups for edge in (group.begin, group.end)), outermost.end]
    return Library(
        name=outermost.args[0],
        cells=cells,
        nand2=nands[0],
        buffer=next((cell for cell in buffers if cell.area_um2 > least), buffers[0]),
        shared="".join(text[begin:end] for begin, end in zip(edges[::2], edges[1::2], strict=True)),
        texts={group.args[0]: text[group.begin : group.end] for group in groups},
    )


def _reason(error: Exception) -> str:
    """What is missing or wrong, in words."""
    if isinstance(error, KeyError):
        return f"it lacks or has an unknown {error.args[0]!r}"
    if isinstance(error, IndexError):
        return "a group in it has no name"
    return f"{str(error).rpartition(': ')[2]} in it is no number"


def _with_table(cells: Mapping[str, Cell], table: tuple[bool, ...]) -> list[Cell]:
    """Usable cells with one output of that truth table, the smallest first."""
    found = [
        cell
        for cell in cells.values()
        if cell.usable
        and not cell.sequential
        and len(cell.functions) == 1
        and 1 << len(cell.inputs) == len(table)
        and truth_table(next(iter(cell.functions.values())), cell.inputs) == table
    ]
    return sorted(found, key=lambda cell: (cell.area_um2, cell.name))


def _cells(outermost: Group) -> Iterator[tuple[str, Cell]]:
    unit = outermost.values.get("time_unit", "1ns")
    time = float(unit.rstrip("pnus")) * _TIME_UNITS[unit.lstrip("0123456789. ")]
    number, unit = outermost.lists.get("capacitive_load_unit", ("1", "pf"))
    load = float(number) * _LOAD_UNITS[unit.lower()]
    templates = {group.args[0]: group for group in outermost.inner("lu_table_template")}
    for group in outermost.inner("cell"):
        yield group.args[0], _cell(group, templates, time, load)


def _cell(group: Group, templates: Mapping[str, Group], time: float, load: float) -> Cell:
    pins = [(pin.args[0], pin) for pin in group.inner("pin")]
    outputs = {name: pin for name, pin in pins if pin.values.get("direction") == "output"}
    inputs = tuple(name for name, pin in pins if pin.values.get("direction") == "input")
    special = any(group.values.get(name, "false").lower() == "true" for name in _SPECIAL)
    clock = _clock(group, inputs)
    timed = any(
        table.kind in _DELAYS
        for pin in outputs.values()
        for timing in pin.inner("timing")
        for table in timing.groups
    )
    arcs = [timing for _, pin in pins for timing in pin.inner("timing")]
    clocked = [arc for arc in arcs if clock and arc.values.get("related_pin") == clock]

    def tables(types: tuple[str, ...], kinds: tuple[str, ...]) -> tuple[Table, ...]:
        return tuple(
            read_table(values, templates, time, load)
            for arc in clocked
            if arc.values.get("timing_type") in types
            for kind in kinds
            for values in arc.inner(kind)
        )

    return Cell(
        name=group.args[0],
        area_um2=float(group.values.get("area", "0")),
        inputs=inputs,
        loads_pf={
            name: float(pin.values.get("capacitance", "0")) * load
            for name, pin in pins
            if name in inputs
        },
        functions={name: pin.values.get("function", "") for name, pin in outputs.items()},
        sequential=any(inner.kind in _STATE for inner in group.groups)
        or "clock_gating_integrated_cell" in group.values,
        usable=timed and bool(inputs) and not special,
        clock=clock,
        clock_to_output=tables(("rising_edge", "falling_edge"), _DELAYS),
        setup=tables(("setup_rising", "setup_falling"), ("rise_constraint", "fall_constraint")),
    )


def _clock(group: Group, inputs: Sequence[str]) -> str | None:
    """The pin that clocks a flip-flop."""
    for flop in group.groups:
        if flop.kind in ("ff", "ff_bank"):
            words = re.findall(r"\w+", flop.values["clocked_on"])
            return next((name for name in inputs if name in words), None)
    return None
