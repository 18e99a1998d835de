"""Where tiles lie in local memories: two places for each, so that one is filled while one is used.

Places are named: the names are the buffers that instructions wait for. Where units share a port of
a bank, as in a memory with one bank, the port is a buffer, too.
"""

from dataclasses import dataclass

from golden.accelerator.description import Accelerator
from golden.accelerator.interpreter import PARAMETER_WORDS
from golden.errors import UserError

__all__ = ["Region", "Regions", "regions_of"]

LOADED_PORT = "activation write port"
READ_PORT = "activation read port"


@dataclass(frozen=True)
class Region:
    """Places of one kind, of equal size.

    Parameters
    ----------
    name : str
    first : tuple of int
        First word of each place.
    words : int
        Of a place.
    """

    name: str
    first: tuple[int, ...]
    words: int

    def buffer(self, place: int) -> str:
        """Name of the buffer that a place is."""
        return f"{self.name} {place}"


@dataclass(frozen=True, kw_only=True)
class Regions:
    """Places of all kinds.

    Parameters
    ----------
    inputs, outputs : Region
        In activation memory. There is one place for outputs: one unit writes and reads it.
    weights, parameters, sums : Region
    write_ports, read_ports : tuple of str
        Buffers that instructions which write to or read from activation memory write.
    """

    inputs: Region
    outputs: Region
    weights: Region
    parameters: Region
    sums: Region
    write_ports: tuple[str, ...] = ()
    read_ports: tuple[str, ...] = ()


def regions_of(accelerator: Accelerator) -> Regions:
    """Places in the memories of an accelerator.

    Sums take a half of the accumulators each if these have banks: a product and the scaling of
    another one's sums use ports of different banks then. Outputs take banks that no input is in.

    Raises
    ------
    UserError
        If a memory can not hold the least that a layer may need.
    """
    sizes, lanes = accelerator.sizes, accelerator.lanes
    sums = sizes.accumulators if accelerator.accumulator_banks == 1 else sizes.accumulators // 2
    banks = accelerator.activation_banks
    bank = sizes.activations // banks
    if banks == 1:
        outputs = max(1, min(sums, sizes.activations // 4))
    else:
        outputs = bank * max(1, min(-(-sums // bank), banks // 2))
    inputs = (sizes.activations - outputs) // 2
    if inputs < 1:
        raise UserError(
            f"activation_bytes={accelerator.activation_bytes} has no room for two words of inputs"
            f" and one of outputs; it must be at least {4 * lanes}"
        )
    shared = banks == 1
    return Regions(
        inputs=Region("input", (0, inputs), inputs),
        outputs=Region("output", (sizes.activations - outputs,), outputs),
        weights=_halves("weights", sizes.weights, lanes, accelerator.weight_bytes),
        parameters=_halves(
            "parameters", sizes.parameters, PARAMETER_WORDS, accelerator.parameter_bytes
        ),
        sums=Region("sums", tuple(range(0, sizes.accumulators, sums))[:2], sums),
        write_ports=(LOADED_PORT,) if shared else (),
        read_ports=(READ_PORT,) if shared else (),
    )


def _halves(name: str, words: int, least: int, octets: int) -> Region:
    """Two places, or one where two would be too small."""
    if words < least:
        raise UserError(
            f"{name.removesuffix('s')}_bytes={octets} has {words} words, and a layer needs {least}"
        )
    half = words // 2
    return Region(name, (0, half), half) if half >= least else Region(name, (0,), words)
