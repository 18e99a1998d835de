"""Compilation of Python functions to machine code."""

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core import event

from mapper import clock

__all__ = ["compiled", "compiled_part", "compiled_search", "compiled_step"]

P = ParamSpec("P")
R = TypeVar("R")

_JIT: Any = numba.njit  # whose types leave options out


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function`` when it is first called, and keep the result on disk.

    It runs without the interpreter's lock, so that another thread can stop it.
    """
    return cast(Callable[P, R], _of_types(numba.njit(cache=True, nogil=True)(function)))


def compiled_part(function: Callable[P, R]) -> Callable[P, R]:
    """The same of a function that only compiled ones call, which takes half the time."""
    options = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast(Callable[P, R], _of_types(_JIT(cache=True, nogil=True, **options)(function)))


def compiled_search(function: Callable[P, R]) -> Callable[P, R]:
    """`compiled` for functions that make no arrays: references to arrays are not counted.

    Of a search over many arrays, counting is a third of the time, and what makes calls expensive.
    """
    return cast(Callable[P, R], _of_types(_JIT(cache=True, nogil=True, _nrt=False)(function)))


def compiled_step(function: Callable[P, R]) -> Callable[P, R]:
    """`compiled_part` for functions that make no arrays, as part of the code of their callers."""
    options = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "forceinline": True}
    return cast(
        Callable[P, R], _of_types(_JIT(cache=True, nogil=True, _nrt=False, **options)(function))
    )


def _of_types(dispatcher: Any) -> Any:
    """Compile once for each type of the arguments, not once more for each constant."""
    resolve = dispatcher.get_call_template

    def get_call_template(args: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        unliteral: Any = numba.types.unliteral
        return resolve(
            tuple(unliteral(kind) for kind in args),
            {name: unliteral(kind) for name, kind in named.items()},
        )

    dispatcher.get_call_template = get_call_template
    return dispatcher


class _Stopping(event.Listener):
    """Stops the clock of time limits while numba compiles."""

    def on_start(self, _: event.Event) -> None:
        clock.pause()

    def on_end(self, _: event.Event) -> None:
        clock.resume()


_register: Any = event.register
_register("numba:compile", _Stopping())
