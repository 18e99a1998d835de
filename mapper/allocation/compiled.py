"""Compilation of Python functions to machine code."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

__all__ = ["compiled"]

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function`` when it is first called, and keep the result on disk.

    It runs without the interpreter's lock, so that another thread can stop it.
    """
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True)(function))
