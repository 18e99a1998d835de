"""Lowered programs as the simulator takes them, and where they lie in DRAM."""

from golden.accelerator.encoding import encode_program
from mapper.accelerator.lowered import Lowered
from sim.accelerator.steps import Layer, layers_of

__all__ = ["program_layers", "region_bases", "whole_pages"]

_PAGE = 4096


def program_layers(lowered: Lowered) -> tuple[Layer, ...]:
    """The program cut at the last instruction of each layer."""
    ends: list[tuple[str, int]] = []
    reached = 0
    for layer in lowered.layers:
        reached = max(reached, *(number + 1 for number in layer.instructions), 0)
        ends.append((layer.name, reached))
    ends[-1] = (ends[-1][0], len(lowered.program.instructions))
    macs = [layer.macs for layer in lowered.layers]
    cut = layers_of(lowered.program.instructions, ends)
    return tuple(
        Layer(name=layer.name, body=layer.body, macs=number)
        for layer, number in zip(cut, macs, strict=True)
    )


def region_bases(lowered: Lowered) -> tuple[int, ...]:
    """Base registers: the program begins at 0, and every region at a page."""
    places = []
    place = whole_pages(len(encode_program(lowered.program)))
    for octets in lowered.dram_bytes:
        places.append(place)
        place += whole_pages(octets)
    return tuple(places)


def whole_pages(octets: int) -> int:
    """Bytes of the pages that so many bytes take."""
    return -(-octets // _PAGE) * _PAGE
