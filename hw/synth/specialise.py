"""Modules that differ by where they stand.

An array places one module many times, and some places need less of it: sums that begin with zero
need no adder, and what leaves at the last column goes nowhere. Flattening finds that by itself.
Without it, each module becomes as many variants as there are patterns of constant inputs and
unused outputs among its instances, from the top down, and constants are then moved inside.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hw.synth.yosys import Session

__all__ = ["base_name", "specialise"]

_MARK = "$variant"


def base_name(module: str) -> str:
    """Name of the module that a variant was made from."""
    return module.partition(_MARK)[0]


def specialise(session: Session, top: str) -> None:
    """Replace modules by variants, all instances of which have the same constants.

    Parameters
    ----------
    session : Session
        Processes are converted.
    top : str
    """
    made: Counter[str] = Counter()
    level = [top]
    while level:
        for name in level:
            session.run(f"opt_expr {name}", f"opt_clean {name}")
        modules = session.modules()
        # Not kept for deeper levels: until then constants may have moved into a module.
        variants: dict[tuple[str, Pattern], str] = {}
        for name in level:
            for cell, kind, pattern in _placed(modules, name):
                if (kind, pattern) not in variants:
                    variants[kind, pattern] = variant = f"{kind}{_MARK}{made[kind]}"
                    made[kind] += 1
                    session.clone(kind, variant)
                session.retype(name, cell, variants[kind, pattern])
        session.run(f"hierarchy -top {top}", "opt_hier")
        level = list(variants.values())


Pattern = tuple[tuple[str, str], ...]
"""For each port a letter a bit: a constant, ``u`` if it is unused, ``-`` otherwise."""


def _placed(modules: Mapping[str, Any], name: str) -> list[tuple[str, str, Pattern]]:
    """Instances of modules in a module: cell, module, and pattern of its connections."""
    module = modules[name]
    uses: Counter[int | str] = Counter()
    for port in module["ports"].values():
        if port["direction"] != "input":
            uses.update(port["bits"])
    for cell in module["cells"].values():
        directions = _directions(modules, cell)
        for port, bits in cell["connections"].items():
            if directions[port] != "output":
                uses.update(bits)
    found = []
    for cell_name, cell in module["cells"].items():
        if cell["type"] not in modules:
            continue
        directions = _directions(modules, cell)
        pattern = tuple(
            (port, "".join(_letter(bit, directions[port] == "output", uses) for bit in bits))
            for port, bits in sorted(cell["connections"].items())
        )
        found.append((cell_name, cell["type"], pattern))
    return found


def _letter(bit: int | str, driven: bool, uses: Counter[int | str]) -> str:
    if driven:
        return "-" if uses[bit] else "u"
    return bit if isinstance(bit, str) else "-"


def _directions(modules: Mapping[str, Any], cell: Mapping[str, Any]) -> Mapping[str, str]:
    """Directions of a cell's ports."""
    if cell["type"] in modules:
        ports = modules[cell["type"]]["ports"]
        return {name: port["direction"] for name, port in ports.items()}
    directions: Mapping[str, str] = cell["port_directions"]
    return directions
