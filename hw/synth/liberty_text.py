"""The text of a Liberty file as nested groups."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from golden.errors import UserError

__all__ = ["REST_OF_GROUP", "Group", "parse_groups", "without_comments"]

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_STATEMENT = re.compile(
    r"""[\s;]*(?:
        (?P<close>\})
        | (?P<name>[\w.\[\]]+) \s* (?:
            \( (?P<args>(?:"[^"]*"|[^"()])*) \) \s* (?P<open>\{)?
            | : \s* (?P<value>"[^"]*"|[^;\n}]*)
        )
    )""",
    re.VERBOSE,
)

REST_OF_GROUP = re.compile(r"[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
"""What follows the brace that opens a group, with groups in it that hold none."""


@dataclass
class Group:
    """A group: ``kind (args) { attributes, groups }``.

    Parameters
    ----------
    kind : str
    args : tuple of str
        Without their quotes.
    values : dict of str to str
        Simple attributes, without quotes.
    lists : dict of str to tuple of str
        Attributes with arguments in parentheses.
    groups : list of Group
    begin, end : int
        Where it is in the text.
    """

    kind: str
    args: tuple[str, ...]
    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: list["Group"] = field(default_factory=list)
    begin: int = 0
    end: int = 0

    def inner(self, kind: str) -> Iterator["Group"]:
        """Groups of one kind, in order."""
        return (group for group in self.groups if group.kind == kind)


def without_comments(text: str) -> str:
    """Text without comments, and with lines that go on joined."""
    return _COMMENT.sub("", text).replace("\\\n", " ")


def parse_groups(text: str, name: str, skipped: Collection[str] = ()) -> Group:
    """The outermost group of a Liberty file.

    Parameters
    ----------
    text : str
        From `without_comments`.
    name : str
        Of the file, for messages.
    skipped : collection of str
        Kinds of groups that are left out where they hold no more than one level of others.

    Raises
    ------
    UserError
        If the text is not one whole ``library`` group.
    """
    begun = re.match(r"\s*library\s*\([^(){}]*\)\s*\{", text)
    if begun is None:
        raise UserError(f"{name} is no Liberty file: it does not begin with library (NAME)")
    open_groups: list[Group] = []
    position = 0
    while True:
        match = _STATEMENT.match(text, position)
        if match is None:
            line = text.count("\n", 0, position) + 1
            raise UserError(f"{name} is no whole Liberty file: it can not be read near line {line}")
        position = match.end()
        if match["close"]:
            group = open_groups.pop()
            group.end = position
            if not open_groups:
                if text[position:].strip("; \t\r\n"):
                    raise UserError(f"{name} can not be used: something follows its library")
                return group
        elif match["name"] in skipped and (rest := REST_OF_GROUP.match(text, position)):
            position = rest.end()
        elif match["open"]:
            group = Group(match["name"], _arguments(match["args"]), begin=match.start("name"))
            if open_groups:
                open_groups[-1].groups.append(group)
            open_groups.append(group)
        elif match["args"] is not None:
            open_groups[-1].lists[match["name"]] = _arguments(match["args"])
        else:
            open_groups[-1].values[match["name"]] = match["value"].strip().strip('"')


def _arguments(text: str) -> tuple[str, ...]:
    """Arguments in parentheses, quoted ones without their quotes."""
    found = re.findall(r'"([^"]*)"|([^\s,"]+)', text)
    return tuple(quoted or bare for quoted, bare in found)
