"""From Verilog to gates, step by step."""

from pathlib import Path

from hw.synth.liberty import Library
from hw.synth.options import PORT_LOAD_FF, Goal, Options
from hw.synth.specialise import specialise
from hw.synth.yosys import Session

__all__ = ["map_to_gates", "map_to_library", "prepare"]

_LIBRARY = "library.lib"

_SLOPE_NS = 0.1
"""Of data at a flip-flop, where it is not known yet."""

_SIMPLIFY = "strash; &get -n; &fraig -x; &put; scorr; dc2; strash"

_MAP = {
    Goal.AREA: "&get -n; &dch -f; &nf {D}; &put",
    Goal.SPEED: "dch; map -B 0.9; topo; strash; dch; map -B 0.9 {D}",
}
"""ABC: chooses cells; for area as Yosys's own script does."""

_SMALLEST = "buffer -p; topo; dnsize"
"""ABC: parts nets with many loads, those of inputs and flip-flops too, then makes cells smaller."""

_IN_TIME = "buffer -p; topo; upsize {D}; dnsize {D}"
"""ABC: the same, with larger cells on paths that are longer than the clock's period."""


def prepare(session: Session, verilog: Path, top: str, options: Options) -> None:
    """Read a design and turn it into logic, flip-flops and memories of single bits.

    Parameters
    ----------
    session : Session
    verilog : Path
    top : str
    options : Options
    """
    session.run(f"read_verilog {verilog}", f"hierarchy -check -top {top}", "proc")
    if options.flatten:
        session.run("flatten -noscopeinfo")
    else:
        specialise(session, top)
    session.run(f"synth -top {top} -run coarse:fine", "opt -fast -full")
    if options.map_memories:
        session.run("memory_map")
    session.run("opt -undriven -fine", "techmap", "opt -fast", "opt_clean")


def map_to_gates(session: Session) -> None:
    """Map to flip-flops without enable or reset and to static CMOS gates."""
    session.run(
        "dfflegalize -cell $_DFF_P_ 01",
        "opt -fast -nodffe -nosdff",
        "abc -g cmos",
        "opt_clean -purge",
    )


def map_to_library(session: Session, library: Library, options: Options, goal: Goal) -> None:
    """Map to the cells of a library; works in the current folder.

    Parameters
    ----------
    session : Session
    library : Library
    options : Options
    goal : Goal
    """
    Path(_LIBRARY).write_text(library.text())
    Path("constraints").write_text(
        f"set_driving_cell {library.buffer.name}\nset_load {PORT_LOAD_FF}\n"
    )
    size, target = _SMALLEST, ""
    if options.clock_ns is not None:
        left_ns = options.clock_ns - _flip_flop_ns(library)
        size, target = _IN_TIME, f"-D {max(1, round(left_ns * 1000))}"
    # Yosys fills the target into its own scripts alone.
    script = f"{_SIMPLIFY}; {_MAP[goal]}; {size}".replace("{D}", target)
    Path("script").write_text(f"{script}\n")
    session.run(
        f"dfflibmap -liberty {_LIBRARY}",
        "opt -fast -nodffe -nosdff",
        f"abc -liberty {_LIBRARY} -constr constraints -script script",
        "opt_clean -purge",
    )


def _flip_flop_ns(library: Library) -> float:
    """What a flip-flop takes of a period: until its output changes, and setup."""
    flip_flops = [cell for cell in library.cells.values() if cell.usable and cell.clock_to_output]
    if not flip_flops:
        return 0.0
    least = min(flip_flops, key=lambda cell: cell.area_um2)
    output = max(table.at(0, PORT_LOAD_FF / 1000) for table in least.clock_to_output)
    return output + max((table.at(0, _SLOPE_NS) for table in least.setup), default=0.0)
