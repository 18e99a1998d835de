"""Jobs: the tiles that an engine does one after the other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Axis", "Dim", "Group", "Job", "Jobs", "Operand", "Width"]


class Dim(Enum):
    """A dimension of ``D[m, n] += A[m, k] W[k, n]``."""

    M = "m"
    N = "n"
    K = "k"


class Width(Enum):
    """Bits of an operand's codes, where a job says how many: planes of digits run along it."""

    ACTIVATION = "activation_bits"
    WEIGHT = "weight_bits"


class Group(Enum):
    """Elements along K that share a scale and a zero point: how many, and how many such groups."""

    SIZE = "group_size"
    COUNT = "groups"


Axis: TypeAlias = Dim | Width | Group
"""What lanes and beats run along, and what a job tells the length of."""


class Operand(Enum):
    """A matrix: of the product, or the scales S and the zero points Z of groups of weights."""

    A = "a"
    W = "w"
    C = "c"
    D = "d"
    S = "s"
    Z = "z"

    @property
    def dims(self) -> tuple[Dim | Group, Dim]:
        """Row and column dimension, in row-major order."""
        match self:
            case Operand.A:
                return Dim.M, Dim.K
            case Operand.W:
                return Dim.K, Dim.N
            case Operand.C | Operand.D:
                return Dim.M, Dim.N
            case Operand.S | Operand.Z:
                return Group.COUNT, Dim.N


@dataclass(frozen=True, kw_only=True)
class Job:
    """One tile: what an engine does at one go.

    Parameters
    ----------
    m, n, k : int
        Size of the tile, each at least 1.
    m0, n0, k0 : int
        Where the tile begins in its GEMM.
    activation_bits, weight_bits : int
        Of the operands' codes, for engines whose jobs say so; 0 for the others.
    group_size : int
        Elements along K that share a scale, for engines that apply scales; 0 for the others. The
        last group of a tile may be shorter.
    """

    m: int
    n: int
    k: int
    m0: int = 0
    n0: int = 0
    k0: int = 0
    activation_bits: int = 0
    weight_bits: int = 0
    group_size: int = 0

    @property
    def groups(self) -> int:
        """Groups of the tile: one where nothing says how long they are."""
        return -(-self.k // self.group_size) if self.group_size else 1

    def size(self, dim: Axis) -> int:
        """Length of the tile along ``dim``, bits of an operand's codes, or size of a group."""
        return int(getattr(self, dim.value))

    def offset(self, dim: Dim | Group) -> int:
        """Where the tile begins along ``dim``; it never begins inside of a group."""
        if dim is Group.COUNT:
            return self.k0 // self.group_size if self.group_size else 0
        return int(getattr(self, f"{dim.value}0"))

    def tile(self, operand: Operand) -> tuple[slice, slice]:
        """Index of the tile in the whole matrix ``operand``."""
        row, col = (
            slice(self.offset(dim), self.offset(dim) + self.size(dim)) for dim in operand.dims
        )
        return row, col


def _unsaid() -> NDArray[np.int64]:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Jobs:
    """An ordered list of jobs, held as columns so that long lists stay cheap.

    Parameters
    ----------
    m, n, k, m0, n0, k0, activation_bits, weight_bits, group_size : ndarray of int64, shape (jobs,)
        As in `Job`; bits and sizes of groups are 0 where they are left out.
    """

    m: NDArray[np.int64]
    n: NDArray[np.int64]
    k: NDArray[np.int64]
    m0: NDArray[np.int64]
    n0: NDArray[np.int64]
    k0: NDArray[np.int64]
    activation_bits: NDArray[np.int64] = field(default_factory=_unsaid)
    weight_bits: NDArray[np.int64] = field(default_factory=_unsaid)
    group_size: NDArray[np.int64] = field(default_factory=_unsaid)

    def __post_init__(self) -> None:
        """Fill in what is left out."""
        for setting in (*Width, Group.SIZE):
            if not len(getattr(self, setting.value)):
                object.__setattr__(self, setting.value, np.zeros_like(self.m))

    def __len__(self) -> int:
        return len(self.m)

    def __iter__(self) -> Iterator[Job]:
        names = [field.name for field in fields(self)]
        columns = [getattr(self, name).tolist() for name in names]
        for row in zip(*columns, strict=True):
            yield Job(**dict(zip(names, row, strict=True)))

    @property
    def macs(self) -> int:
        """Multiply-accumulates that the jobs ask for."""
        return int(np.sum(self.m * self.n * self.k))

    @classmethod
    def of(cls, *jobs: Job) -> "Jobs":
        """The list of the given jobs."""
        return cls(
            **{
                field.name: np.array([getattr(job, field.name) for job in jobs], dtype=np.int64)
                for field in fields(cls)
            }
        )

    @classmethod
    def concatenate(cls, *lists: "Jobs") -> "Jobs":
        """The jobs of all ``lists``, one list after the other."""
        return cls(
            **{
                field.name: np.concatenate([getattr(jobs, field.name) for jobs in lists])
                for field in fields(cls)
            }
        )

    def moved(self, m0: int, n0: int) -> "Jobs":
        """The same tiles in a product whose block begins at row ``m0`` and column ``n0``."""
        return replace(self, m0=self.m0 + m0, n0=self.n0 + n0)

    def with_bits(self, width: Width, bits: int) -> "Jobs":
        """The same tiles, with operands of so many bits."""
        return replace(self, **{width.value: np.full_like(self.m, bits)})

    def with_groups(self, size: int) -> "Jobs":
        """The same tiles, with a scale for each ``size`` elements along K."""
        return replace(self, group_size=np.full_like(self.m, size))

    def repeated(self, count: int) -> "Jobs":
        """The list ``count`` times over."""
        return Jobs(
            **{field.name: np.tile(getattr(self, field.name), count) for field in fields(self)}
        )

    @classmethod
    def grid(
        cls, order: tuple[Dim, Dim, Dim], size: Mapping[Dim, int], tile: Mapping[Dim, int]
    ) -> "Jobs":
        """Cut a GEMM into tiles.

        Parameters
        ----------
        order : tuple of Dim
            Outermost loop first.
        size : mapping of Dim to int
            Size of the GEMM.
        tile : mapping of Dim to int
            Size of a full tile; those at the far edges may be smaller.
        """
        starts = np.meshgrid(
            *(np.arange(0, size[dim], tile[dim], dtype=np.int64) for dim in order), indexing="ij"
        )
        columns: dict[str, NDArray[np.int64]] = {}
        for dim, start in zip(order, starts, strict=True):
            columns[f"{dim.value}0"] = start.ravel()
            columns[dim.value] = np.minimum(tile[dim], size[dim] - start.ravel())
        return cls(**columns)
