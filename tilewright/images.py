"""A lowered network in DRAM: where the program and the regions behind the base registers lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.encoding import encode_program
from golden.tensors import Array
from mapper.accelerator.lowered import CONSTANTS, INPUTS, OUTPUTS, Lowered
from mapper.accelerator.programs import region_bases, whole_pages

__all__ = ["DramImage"]


@dataclass(frozen=True)
class DramImage:
    """DRAM before and after a run.

    The program begins at 0; every region begins at a page.

    Parameters
    ----------
    lowered : Lowered
    """

    lowered: Lowered

    @cached_property
    def program(self) -> bytes:
        """The encoded program, which lies at address 0."""
        return encode_program(self.lowered.program)

    @cached_property
    def bases(self) -> tuple[int, ...]:
        """Base registers."""
        return region_bases(self.lowered)

    @cached_property
    def bytes(self) -> int:
        """Of all."""
        return self.bases[-1] + whole_pages(self.lowered.dram_bytes[-1])

    def filled(self, inputs: Mapping[str, Array]) -> NDArray[np.uint8]:
        """DRAM before a run on one sample."""
        dram = np.zeros(self.bytes, dtype=np.uint8)
        parts = (
            (0, self.program),
            (self.bases[CONSTANTS], self.lowered.constants),
            (self.bases[INPUTS], self.lowered.pack(inputs)),
        )
        for place, octets in parts:
            dram[place : place + len(octets)] = np.frombuffer(octets, dtype=np.uint8)
        return dram

    def region(self, dram: NDArray[np.uint8], base: int) -> NDArray[np.uint8]:
        """What lies behind a base register."""
        return dram[self.bases[base] :][: self.lowered.dram_bytes[base]]

    def outputs(self, dram: NDArray[np.uint8], inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs of the network after a run on ``inputs``."""
        return self.lowered.unpack(self.region(dram, OUTPUTS).tobytes(), inputs)
