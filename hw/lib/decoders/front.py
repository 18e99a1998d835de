"""An engine with a decoder in front of its weights, as one component."""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import stream, wiring

__all__ = ["Fronted"]


class Fronted(wiring.Component):
    """An engine whose weights pass through a decoder.

    Parameters
    ----------
    engine : Component
        With the ports of the engine contract.
    decoder : Component
        One of this package, made for the engine's port of weights.

    Members
    -------
    weights : In
        ``i`` of the decoder.
    side : In
        Of the decoder, if it has one.
    job, activations, results
        And all others of the engine.
    """

    weights: stream.Interface

    def __init__(self, engine: wiring.Component, decoder: wiring.Component) -> None:
        # What ports they have depends on params.
        self._engine: Any = engine
        self._decoder: Any = decoder
        members = dict(engine.signature.members)
        members["weights"] = decoder.signature.members["i"]
        if "side" in decoder.signature.members:
            members["side"] = decoder.signature.members["side"]
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.engine = engine = self._engine
        m.submodules.decoder = decoder = self._decoder
        for name in self.signature.members:
            part, inner = {"weights": (decoder, "i"), "side": (decoder, "side")}.get(
                name, (engine, name)
            )
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(part, inner))
        wiring.connect(m, decoder.o, engine.weights)
        return m
