"""Small netlists as Yosys writes them in JSON."""

from typing import Any

from hw.synth.liberty import Library, read_library
from tests.support.liberty import liberty

__all__ = ["cell", "library", "module"]


def library() -> Library:
    """The library of a few cells."""
    return read_library(liberty(), "round.lib")


def module(
    inputs: dict[str, list[Any]], outputs: dict[str, list[Any]], cells: dict[str, Any]
) -> dict[str, Any]:
    """A module whose nets have the names of its ports."""
    ports = {name: {"direction": "input", "bits": bits} for name, bits in inputs.items()}
    ports |= {name: {"direction": "output", "bits": bits} for name, bits in outputs.items()}
    names = {name: {"hide_name": 0, "bits": port["bits"]} for name, port in ports.items()}
    return {"ports": ports, "cells": cells, "netnames": names}


def cell(kind: str, **pins: Any) -> dict[str, Any]:
    """A cell, each pin with one bit or a list of them."""
    bits = {pin: net if isinstance(net, list) else [net] for pin, net in pins.items()}
    return {"type": kind, "parameters": {}, "connections": bits}
