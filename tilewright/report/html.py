"""HTML and SVG from functions; all text is escaped."""

from html import escape
from typing import Final

__all__ = ["Markup", "join", "tag"]


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


_VOID: Final = frozenset({"meta", "br"})


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """An element.

    Parameters
    ----------
    name : str
    *children : object
        `Markup` stays as it is; anything else is text. None is left out.
    **attributes : object
        By name, ``_`` for ``-``, and ``class_``; None is left out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{join(*children)}</{name}>")


def join(*children: object) -> Markup:
    """Elements and text, one after the other."""
    return Markup(
        "".join(
            child if isinstance(child, Markup) else escape(str(child))
            for child in children
            if child is not None
        )
    )


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
