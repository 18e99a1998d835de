"""Programs as the simulator takes them."""

from mapper.accelerator.lowered import Lowered
from sim.accelerator.steps import Layer, layers_of

__all__ = ["program_layers"]


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
