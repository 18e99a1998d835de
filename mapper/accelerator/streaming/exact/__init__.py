"""Cycles, bounds and the search over plans, compiled: plans are numbers here.

What the simulator works out of instructions as objects is worked out here of plans as rows of
numbers, so that millions of plans can be looked at: the same busy cycles, the same schedule of all
instructions. Memory is ideal or fixed. Tests hold all of it against the simulator.
"""

from pathlib import Path

import golden.accelerator.encoding
import golden.accelerator.interpreter
import mapper.accelerator.streaming.fields
import sim.accelerator.execute
import sim.accelerator.fetch
import sim.accelerator.load
import sim.accelerator.simulation
import sim.accelerator.store

__all__: list[str] = []

_FROM = (
    golden.accelerator.encoding,
    golden.accelerator.interpreter,
    mapper.accelerator.streaming.fields,
    sim.accelerator.execute,
    sim.accelerator.fetch,
    sim.accelerator.load,
    sim.accelerator.simulation,
    sim.accelerator.store,
)
"""Modules whose constants are compiled in."""


def _forget_stale(folder: Path) -> None:
    """Remove compiled code that is older than the source of anything that it may contain.

    The cache of compiled code looks only at the file of the function itself.
    """
    sources = [*folder.glob("*.py"), *(Path(str(module.__file__)) for module in _FROM)]
    newest = max(source.stat().st_mtime for source in sources)
    for index in folder.glob("__pycache__/*.nbi"):
        try:
            if index.stat().st_mtime < newest:
                index.unlink()
        except OSError:
            continue


_forget_stale(Path(__file__).parent)
