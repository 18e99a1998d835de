"""What a design costs: area, clock, and with cycles the time and energy of an inference.

Logic is synthesized; memories and energies come from a model of the process, `sim.technology`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from golden.accelerator.description import Accelerator
from golden.errors import UserError
from hw.synth.options import Options
from sim.technology import Storage, Technology, memory_period_ns, store
from tilewright.caching import Cache, default_cache
from tilewright.emission import Emitted, emitted_accelerator, emitted_verilog
from tilewright.progress import counting
from tilewright.synthesis import liberty_text, synthesized
from tilewright.technology import DEFAULT_TECHNOLOGY, find_technology

__all__ = ["Costs", "costs_of"]

_UM2_PER_MM2 = 1e6
_NS_PER_S = 1e9


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Area and clock of a design.

    Parameters
    ----------
    technology : str
    node : str
    library : str or None
        Name that the Liberty file gives itself.
    nand2_equivalents : float
        Of logic and flip-flops.
    logic_mm2, memory_mm2 : float
    memory_bits : int
    clock_ns : float or None
        The shortest period; None where it is not known, in very large designs.
    clock_by : str
        What limits it, and who said so.
    """

    technology: str
    node: str
    library: str | None
    nand2_equivalents: float
    logic_mm2: float
    memory_mm2: float
    memory_bits: int
    clock_ns: float | None
    clock_by: str

    @property
    def area_mm2(self) -> float:
        """Of logic and memories, wires and empty space not among it."""
        return self.logic_mm2 + self.memory_mm2

    def time_ns(self, cycles: int) -> float | None:
        """How long so many cycles take."""
        return None if self.clock_ns is None else cycles * self.clock_ns

    def per_second(self, cycles: int) -> float | None:
        """How often what takes so many cycles is done in a second."""
        time = self.time_ns(cycles)
        return None if not time else _NS_PER_S / time

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"area_mm2": self.area_mm2, **asdict(self)}

    def priced(self, cycles: int, energy_pj: float) -> dict[str, Any]:
        """With what an inference takes, as JSON values.

        Parameters
        ----------
        cycles : int
        energy_pj : float

        Returns
        -------
        dict
            That of `to_json`, ``time_ns``, ``inferences_per_second``, ``energy_pj``, and
            ``power_mw``, the energy over the time.
        """
        time = self.time_ns(cycles)
        return {
            **self.to_json(),
            "time_ns": time,
            "inferences_per_second": self.per_second(cycles),
            "energy_pj": energy_pj,
            "power_mw": energy_pj / time if time else None,
        }


def costs_of(
    design: str | Path | Accelerator,
    params: Mapping[str, Any] | None = None,
    *,
    technology: str | Path | Technology = DEFAULT_TECHNOLOGY,
    liberty: str | Path | None = None,
    clock_ns: float | None = None,
    cache: Cache | None = None,
) -> Costs:
    """What an engine or an accelerator costs; it is synthesized, unless that was done before.

    Parameters
    ----------
    design : str, path or Accelerator
        Engine, preset, accelerator, or TOML file of one.
    params : mapping, optional
        Params to set, as text or values; of an accelerator, fields.
    technology : str, path or Technology
        Name, or TOML file.
    liberty : path, optional
        Library of standard cells, which tells area and delay of logic; memories are scaled to it,
        by its NAND of two inputs. Without it both come from gates and the technology.
    clock_ns : float, optional
        Period to size cells of the library for.
    cache : Cache, optional

    Raises
    ------
    UserError
        If the name, a param, the technology or the library is wrong.
    OSError
        If the library can not be read.
    SynthesisError
        If a tool fails.
    """
    process = technology if isinstance(technology, Technology) else find_technology(technology)
    if clock_ns is not None and liberty is None:
        raise UserError("a clock needs a library: give one with --liberty FILE")
    kept = cache or default_cache()
    text = liberty_text(liberty)
    emitted = _emitted(design, params, kept)
    with counting("synthesis, step") as tell:
        found = synthesized(
            emitted,
            text,
            kept,
            Options(clock_ns=clock_ns),
            report=lambda _, *step: tell(*step),
        )
    return _costs(found, process)


def _emitted(
    design: str | Path | Accelerator, params: Mapping[str, Any] | None, cache: Cache
) -> Emitted:
    if not isinstance(design, Accelerator):
        return emitted_verilog(str(design), params or {}, cache)
    if params:
        raise UserError("a description has its params: none can be set beside it")
    return emitted_accelerator(design, cache)


def _costs(found: Mapping[str, Any], technology: Technology) -> Costs:
    """From a synthesis; see `hw.synth.process.synthesize`."""
    nand2 = found["nand2_equivalents"]
    if found["library"] is not None:
        technology = technology.scaled(found["area_um2"] / nand2)
    storages = tuple(
        Storage(
            bits=memory["width_bits"] * memory["depth"],
            read_ports=memory["read_ports"],
            write_ports=memory["write_ports"],
        )
        for memory in found["memories"]
        for _ in range(memory["count"])
    )
    logic_ns, told_by = _logic_ns(found, technology)
    memory_ns = memory_period_ns(technology, storages)
    if logic_ns is not None and memory_ns > logic_ns:
        told_by = f"memories, {technology.name}"
    return Costs(
        technology=technology.name,
        node=technology.node,
        library=found["library"],
        nand2_equivalents=nand2,
        logic_mm2=nand2 * technology.logic.nand2_um2 / _UM2_PER_MM2,
        memory_mm2=sum(store(technology, storage)[0] for storage in storages) / _UM2_PER_MM2,
        memory_bits=sum(storage.bits for storage in storages),
        clock_ns=None if logic_ns is None else max(logic_ns, memory_ns),
        clock_by=told_by,
    )


def _logic_ns(found: Mapping[str, Any], technology: Technology) -> tuple[float | None, str]:
    """Period that the logic needs, and who said so."""
    if found["delay_ns"] is not None:
        return found["delay_ns"], str(found["delay_by"])
    if found["library"] is not None or found["logic_depth"] is None:
        return None, "not known: the design is too large"
    # A path without a gate still leaves one flip-flop and enters another.
    gates = max(1, found["logic_depth"])
    return gates * technology.logic.gate_delay_ns, f"{gates} gates, {technology.name}"
