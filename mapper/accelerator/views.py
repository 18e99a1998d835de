"""Where tensors of a graph are: Reshape and Transpose only change how a value is looked at."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from golden.tensors import Shape
from mapper.accelerator.layers import Image, Value, View

__all__ = ["NotInHardwareError", "Views"]


class NotInHardwareError(Exception):
    """Why an operator is left to the host; a clause of a sentence."""


class Views:
    """Values, and the tensors that are views of them.

    How an input of the network lies in memory is open until a layer reads it.

    Parameters
    ----------
    lanes : int
        Channels of a word.
    """

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.values: list[Value] = []
        self.views: dict[str, View] = {}
        self._open: set[int] = set()

    def __contains__(self, name: str) -> bool:
        return name in self.views

    def add_input(self, name: str, shape: Shape, offset: int) -> None:
        """An input of the network."""
        size = int(np.prod(shape))
        self._open.add(len(self.values))
        self.views[name] = View(
            value=len(self.values), index=np.arange(size).reshape(shape), offset=offset
        )
        self.values.append(Value(name=name, image=Image(1, 1, size), is_input=True))

    def add_image(
        self, name: str, image: Image, shape: Shape, offset: int, *, channels_first: bool
    ) -> int:
        """A value that a layer makes: (1, channels, *spatial), or rows of channels."""
        index: NDArray[np.int64] = np.arange(image.size)
        if channels_first:
            index = np.moveaxis(index.reshape(image.height, image.width, image.channels), -1, 0)
        return self.add_like(name, image, View(value=0, index=index.reshape(shape), offset=offset))

    def add_like(self, name: str, image: Image, view: View) -> int:
        """A value whose numbers lie as ``view`` says."""
        number = len(self.values)
        self.views[name] = replace(view, value=number)
        self.values.append(Value(name=name, image=image))
        return number

    def alias(self, name: str, index: NDArray[np.int64], source: str) -> None:
        """Another tensor of the value that holds ``source``."""
        self.views[name] = replace(self.views[source], index=index)

    def image_of(self, name: str) -> tuple[int, Image]:
        """Value and shape of a tensor (1, channels, *spatial), if it lies as an image does.

        Raises
        ------
        NotInHardwareError
            If its numbers lie otherwise.
        """
        view = self.views[name]
        shape = view.index.shape
        if len(shape) not in (3, 4):
            raise NotInHardwareError(f"has {len(shape) - 2} spatial axes, not 1 or 2")
        if shape[0] != 1:
            raise NotInHardwareError(f"has a batch of {shape[0]}, not 1")
        image = Image(shape[2] if len(shape) == 4 else 1, shape[-1], shape[1])
        return self._as_image(name, image, np.moveaxis(view.index[0], 0, -1))

    def rows_of(self, name: str) -> tuple[int, Image] | None:
        """Value and shape of a tensor as rows of channels, one pixel each; None if it is not."""
        index = self.views[name].index
        image = Image(index.size // index.shape[-1], 1, index.shape[-1])
        try:
            return self._as_image(name, image, index)
        except NotInHardwareError:
            return None

    def _as_image(self, name: str, image: Image, order: NDArray[np.int64]) -> tuple[int, Image]:
        number = self.views[name].value
        if number in self._open:
            self._settle(number, image, order.reshape(-1))
            return number, image
        value = self.values[number]
        same = value.image.channels == image.channels or not (
            value.image.channels % self.lanes or image.channels % self.lanes
        )
        if not same or not np.array_equal(order.reshape(-1), np.arange(value.image.size)):
            raise NotInHardwareError("needs its input in another order than it has in memory")
        return number, image

    def settle(self, name: str, like: str | None = None) -> tuple[int, Image]:
        """Value and its shape; one that is still open lies as ``like`` does, or as an image."""
        view = self.views[name]
        number = view.value
        if number in self._open and like is not None and self.views[like].value not in self._open:
            other = self.views[like]
            order = np.empty(view.index.size, dtype=np.int64)
            order[other.index.reshape(-1)] = view.index.reshape(-1)
            self._settle(number, self.values[other.value].image, order)
        elif number in self._open:
            index = view.index
            if index.ndim in (3, 4) and index.shape[0] == 1:
                self.image_of(name)
            else:
                image = Image(index.size // index.shape[-1], 1, index.shape[-1])
                self._settle(number, image, index.reshape(-1))
        return number, self.values[number].image

    def _settle(self, number: int, image: Image, order: NDArray[np.int64]) -> None:
        """Decide that place j of an input holds its number ``order[j]``."""
        place = np.full(image.size, -1, dtype=np.int64)
        place[order] = np.arange(len(order))
        self._open.discard(number)
        self.values[number] = replace(self.values[number], image=image)
        for name, view in self.views.items():
            if view.value == number:
                self.views[name] = replace(view, index=place[view.index])
