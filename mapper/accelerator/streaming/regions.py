"""Where tiles lie in local memories: a place or two for each kind of operand.

Each half of the room for a kind has a name: the names are the buffers that instructions wait for.
Halves are the same for all layers of an accelerator, and a single place is both. Where units share
a port of a bank, as in a memory with one bank, the port is a buffer, too.
"""

from dataclasses import dataclass

from golden.accelerator.description import Accelerator
from golden.accelerator.feeding import Streaming
from golden.accelerator.interpreter import PARAMETER_WORDS
from golden.errors import UserError
from mapper.accelerator.streaming.plan import Places

__all__ = ["Region", "Regions", "places_of", "regions_of"]

LOADED_PORT = "activation write port"
READ_PORT = "activation read port"
_PLACES = Places()


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

    def buffers(self, place: int) -> tuple[str, ...]:
        """Names of the halves that a place is."""
        halves = (0, 1) if len(self.first) == 1 else (place,)
        return tuple([f"{self.name} {half}" for half in halves])


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


def regions_of(accelerator: Accelerator, places: Places = _PLACES) -> Regions:
    """Places in the memories of an accelerator.

    Sums take a half of the accumulators each if these have banks: a product and the scaling of
    another one's sums use ports of different banks then. Outputs take banks that no input is in.

    Parameters
    ----------
    accelerator : Accelerator
    places : Places

    Raises
    ------
    UserError
        If a memory can not hold the least that a layer may need.
    """
    if isinstance(accelerator.feeding, Streaming):
        raise UserError(
            f"{accelerator.engine} is no engine at which weights rest, and loops of tiles are for"
            " these alone: map such layers as a network"
        )
    sizes, lanes = accelerator.sizes, accelerator.lanes
    halved = accelerator.accumulator_banks > 1
    results = sizes.accumulators // 2 if halved else sizes.accumulators
    banks = accelerator.activation_banks
    bank = sizes.activations // banks
    if banks == 1:
        outputs = max(1, min(results, sizes.activations // 4))
    else:
        outputs = bank * max(1, min(-(-results // bank), banks // 2))
    inputs = sizes.activations - outputs
    if inputs < 2:
        raise UserError(
            f"activation_bytes={accelerator.activation_bytes} has no room for two words of inputs"
            f" and one of outputs; it must be at least {4 * lanes}"
        )
    shared = banks == 1
    return Regions(
        inputs=_region("input", inputs, 1, places.inputs),
        outputs=Region("output", (inputs,), outputs),
        weights=_constants("weights", sizes.weights, lanes, places.weights, accelerator),
        parameters=_constants(
            "parameters", sizes.parameters, PARAMETER_WORDS, places.parameters, accelerator
        ),
        sums=_region("sums", sizes.accumulators, 1, places.sums if halved else 1),
        write_ports=(LOADED_PORT,) if shared else (),
        read_ports=(READ_PORT,) if shared else (),
    )


def places_of(regions: Regions) -> Places:
    """How many places there are of each kind."""
    return Places(
        inputs=len(regions.inputs.first),
        weights=len(regions.weights.first),
        parameters=len(regions.parameters.first),
        sums=len(regions.sums.first),
    )


def _constants(name: str, words: int, least: int, places: int, accelerator: Accelerator) -> Region:
    """Places in the memory of weights or in that of parameters."""
    if words < least:
        field = f"{name.removesuffix('s')}_bytes"
        raise UserError(
            f"{field}={getattr(accelerator, field)} has {words} words, and a layer needs {least}"
        )
    return _region(name, words, least, places)


def _region(name: str, words: int, least: int, places: int) -> Region:
    """Two places if these are wanted and not too small, or one."""
    half = words // 2
    if places == 2 and half >= least:
        return Region(name, (0, half), half)
    return Region(name, (0,), words)
