"""Python environments and processes that see only what a test lets them see."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.requirements import Requirement

__all__ = [
    "PACKAGES",
    "ROOT",
    "checkout_copy",
    "layered",
    "link_distribution",
    "linked",
    "run",
    "site_packages",
]

ROOT = Path(__file__).parents[2]

PACKAGES = ("golden", "hw", "mapper", "sim", "tilewright")
"""What the wheel holds."""

_NOT_IN_A_CLONE = ("__pycache__", "*.egg-info", "build", "dist", "site", "demo", ".*")
_FROM_THE_CALLER = (
    *("MAKEFLAGS", "MAKELEVEL", "MFLAGS"),
    *("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"),
    "PYTEST_CURRENT_TEST",  # cocotb behaves otherwise where it is set
)


def checkout_copy(folder: Path) -> Path:
    """A copy of what a clone holds, in a new folder."""
    ignore = shutil.ignore_patterns(*_NOT_IN_A_CLONE)
    return Path(shutil.copytree(ROOT, folder, ignore=ignore))


def site_packages(environment: Path) -> Path:
    """Where packages of a virtual environment lie."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return environment / "lib" / version / "site-packages"


def layered(folder: Path, *also: Path) -> Path:
    """A new environment that sees the packages of this one, and ``also`` some folders.

    What is installed there comes first. Editable installations are not seen.

    Returns
    -------
    Path
        Its Python.
    """
    below = dict.fromkeys(sysconfig.get_paths()[kind] for kind in ("purelib", "platlib"))
    _create(folder)
    lines = "".join(f"{path}\n" for path in (*also, *below))
    (site_packages(folder) / "below.pth").write_text(lines)
    return folder / "bin" / "python"


def linked(folder: Path, distributions: Sequence[str]) -> Path:
    """A new environment with ``distributions`` of this one and what they require, nothing else.

    Returns
    -------
    Path
        Its Python.
    """
    _create(folder)
    for name in sorted(_closure(distributions)):
        link_distribution(folder, name)
    return folder / "bin" / "python"


def link_distribution(environment: Path, name: str) -> None:
    """Add one distribution of this environment to another, without what it requires."""
    found = importlib.metadata.distribution(name)
    tops = {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}
    for top in sorted(tops):
        (site_packages(environment) / top).symlink_to(Path(str(found.locate_file(top))).resolve())


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Run a command without what this process inherited from a make or an environment."""
    inherited = {name: value for name, value in os.environ.items() if name not in _FROM_THE_CALLER}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**inherited, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def _closure(distributions: Sequence[str]) -> set[str]:
    """``distributions`` and what they require, optional parts apart."""
    found: set[str] = set()
    open_names = list(distributions)
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            requirements = map(Requirement, importlib.metadata.requires(name) or ())
            open_names += [
                requirement.name
                for requirement in requirements
                if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            ]
    return found


def _create(folder: Path) -> None:
    venv.create(folder, symlinks=True, with_pip=False)
