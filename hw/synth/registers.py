"""Counts the flip-flops of a design: ``python -m hw.synth.registers FOLDER``.

The folder has ``design.v`` and ``request.json``; ``result.json`` is added.
"""

import json
import os
import sys
from pathlib import Path

from hw.synth.gates import is_flip_flop
from hw.synth.options import Options
from hw.synth.order import instances
from hw.synth.steps import prepare
from hw.synth.yosys import Session

__all__ = ["count_here"]


def count_here(top: str, options: Options) -> int:
    """Bits of flip-flops in ``design.v`` of the current folder; memories are none of them."""
    session = Session()
    prepare(session, Path("design.v"), top, options)
    modules = session.modules()
    return sum(
        number * sum(is_flip_flop(cell["type"]) for cell in modules[name]["cells"].values())
        for name, number in instances(modules, top).items()
    )


def main(folder: str) -> None:
    """Do it."""
    os.chdir(folder)
    request = json.loads(Path("request.json").read_text())
    bits = count_here(request["top"], Options(**request["options"]))
    Path("result.json").write_text(json.dumps(bits))


if __name__ == "__main__":
    main(sys.argv[1])
