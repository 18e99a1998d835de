"""A design that a sweep found: its description and its Verilog."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golden.params import to_plain
from tilewright.accelerator import describe
from tilewright.files import write_bytes
from tilewright.sweeps.designs import AcceleratorDesign, Design, resolve
from tilewright.sweeps.records import Record
from tilewright.sweeps.study import Study

if TYPE_CHECKING:
    from tilewright.verification import Verification

__all__ = ["ChosenDesign", "chosen_design"]


@dataclass(frozen=True, kw_only=True)
class ChosenDesign:
    """A trial's design.

    Parameters
    ----------
    name : str
        Of the study and the trial; an accelerator's Verilog module has it.
    trial : int
    params : mapping
        The dimensions of the study.
    metrics : mapping of str to float
    design : Design
    """

    name: str
    trial: int
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    design: Design

    def description(self) -> str:
        """TOML of an accelerator, as ``--accelerator`` takes it, or of the params of an engine."""
        if not isinstance(self.design, AcceleratorDesign):
            return _toml({"engine": self.design.engine, "params": to_plain(self.design.params)})
        return _toml({**describe(self.design.accelerator), "name": self.name})

    def generate(
        self, output: Path | str, *, testbench: bool = False, seed: int = 0
    ) -> dict[str, Any]:
        """Write the Verilog, and beside it the description as ``NAME.toml``.

        Parameters
        ----------
        output, testbench, seed
            As for `tilewright.generate`.

        Returns
        -------
        dict
            The manifest.
        """
        # Imported late: only the Verilog needs Amaranth.
        from tilewright.generation import generate

        folder = Path(output)
        folder.mkdir(parents=True, exist_ok=True)
        file = write_bytes(folder / f"{self.name}.toml", self.description().encode())
        if isinstance(self.design, AcceleratorDesign):
            return generate(str(file), output=folder, testbench=testbench, seed=seed)
        params = to_plain(self.design.params)
        return generate(self.design.engine, params, output=folder, testbench=testbench, seed=seed)

    def verify(self, **options: Any) -> "Verification":
        """Run the Verilog of the engine, an accelerator's too; see `tilewright.verify`."""
        from tilewright.verification import verify

        if isinstance(self.design, AcceleratorDesign):
            accelerator = self.design.accelerator
            return verify(accelerator.engine, to_plain(accelerator.params), **options)
        return verify(self.design.engine, to_plain(self.design.params), **options)


def chosen_design(study: Study, record: Record) -> ChosenDesign:
    """The design of a trial."""
    stem = re.sub(r"\W", "_", study.name, flags=re.ASCII)
    return ChosenDesign(
        name=f"{stem if re.match('[A-Za-z_]', stem) else f'study_{stem}'}_{record.number}",
        trial=record.number,
        params=record.point.shown,
        metrics=record.metrics,
        design=resolve(study.space, record.point),
    )


def _toml(facts: Mapping[str, Any]) -> str:
    """Values, then tables of values."""
    plain = {key: value for key, value in facts.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in facts.items() if isinstance(value, Mapping)}
    lines = _lines(plain)
    for key, table in tables.items():
        lines += ["", f"[{key}]", *_lines(table)]
    return "\n".join(lines) + "\n"


def _lines(values: Mapping[str, Any]) -> list[str]:
    # JSON's texts, numbers and booleans are TOML's too; nothing is "none" to params.
    return [
        f"{key} = {json.dumps('none' if value is None else value, ensure_ascii=False)}"
        for key, value in values.items()
    ]
