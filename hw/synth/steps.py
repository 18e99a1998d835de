"""From Verilog to gates, step by step."""

from pathlib import Path

from hw.synth.liberty import Library
from hw.synth.options import PORT_LOAD_FF, Options
from hw.synth.specialise import specialise
from hw.synth.yosys import Session

__all__ = ["map_to_gates", "map_to_library", "prepare"]

_LIBRARY = "library.lib"

_OPTIMIZE = "strash; &get -n; &fraig -x; &put; scorr; dc2; strash; &get -n; &dch -f; &nf {D}; &put"
"""ABC: simplifies logic and maps it to cells, as Yosys's own script does."""

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


def map_to_library(session: Session, library: Library, options: Options) -> None:
    """Map to the cells of a library; works in the current folder."""
    Path(_LIBRARY).write_text(library.text())
    Path("constraints").write_text(
        f"set_driving_cell {library.buffer.name}\nset_load {PORT_LOAD_FF}\n"
    )
    size = _SMALLEST if options.clock_ns is None else _IN_TIME
    Path("script").write_text(f"{_OPTIMIZE}; {size}\n")
    target = f" -D {options.clock_ns * 1000}" if options.clock_ns is not None else ""
    session.run(
        f"dfflibmap -liberty {_LIBRARY}",
        "opt -fast -nodffe -nosdff",
        f"abc -liberty {_LIBRARY} -constr constraints -script script{target}",
        "opt_clean -purge",
    )
