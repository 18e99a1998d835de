"""Places what lies in a folder on an FPGA: ``python -m hw.synth.fpga_run FOLDER``.

The folder has ``design.v`` and ``request.json``; ``result.json`` is added. Steps and mistakes are
told as `hw.synth.run` does.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from golden.errors import UserError
from hw.synth.fpga import DEVICE, OPTIONS, Nextpnr, Placement, find_nextpnr, read_placement
from hw.synth.options import SynthesisError
from hw.synth.yosys import Session, yosys_version

__all__ = ["place_here"]

_STEPS = ("reading", "mapping", "placing")
_LOG_LINES = 5


def place_here(top: str, nextpnr: Nextpnr) -> Placement:
    """Place ``design.v`` of the current folder.

    Parameters
    ----------
    top : str
    nextpnr : Nextpnr

    Raises
    ------
    UserError
        If it does not fit.
    SynthesisError
        If nextpnr fails.
    """
    _tell(0)
    session = Session()
    session.run("read_verilog design.v")
    _tell(1)
    session.run(f"synth_ecp5 -top {top} -json mapped.json")
    _tell(2)
    done = subprocess.run(
        [*nextpnr.command, *OPTIONS, "--json", "mapped.json", "--report", "report.json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    errors = [line for line in done.stdout.splitlines() if line.startswith("ERROR: ")]
    lacking = next((line for line in errors if "nable to" in line), None)
    if lacking is not None:
        raise UserError(f"{top} does not fit an {DEVICE}: {lacking.removeprefix('ERROR: ')}")
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-_LOG_LINES:])
        raise SynthesisError(f"nextpnr failed:\n{tail}")
    return read_placement(json.loads(Path("report.json").read_text()))


def _tell(step: int) -> None:
    print(f"@step {step + 1} {len(_STEPS)} {_STEPS[step]}", file=sys.stderr, flush=True)


def main(folder: str) -> int:
    """Do it; 2 is a user's mistake."""
    os.chdir(folder)
    top = json.loads(Path("request.json").read_text())["top"]
    try:
        nextpnr = find_nextpnr()
        placement = place_here(top, nextpnr)
    except UserError as error:
        Path("mistake.txt").write_text(str(error))
        return 2
    tools = {"yosys": yosys_version(), "nextpnr": nextpnr.version}
    Path("result.json").write_text(json.dumps({**asdict(placement), "tools": tools}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
