"""Tables of delays in a Liberty file."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hw.synth.liberty_text import Group

__all__ = ["Table", "read_table"]

_LOAD = "total_output_net_capacitance"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Times over two quantities, with straight lines between the points.

    Parameters
    ----------
    rows, columns : tuple of float
        Ascending: a transition in ns, and a second one or a load in pF.
    values_ns : tuple of tuple of float
        A tuple for each row.
    """

    rows: tuple[float, ...]
    columns: tuple[float, ...]
    values_ns: tuple[tuple[float, ...], ...]

    def at(self, row: float, column: float) -> float:
        """Time in ns; beyond the points that of the nearest."""
        i, x = _between(self.rows, row)
        j, y = _between(self.columns, column)
        lines = self.values_ns[i], self.values_ns[i + (x > 0)]
        below, above = (line[j] * (1 - y) + line[j + (y > 0)] * y for line in lines)
        return below * (1 - x) + above * x


def read_table(group: Group, templates: Mapping[str, Group], time: float, load: float) -> Table:
    """A table of times.

    Parameters
    ----------
    group : Group
        The table, of kind ``cell_rise`` and the like.
    templates : mapping of str to Group
        By name.
    time, load : float
        ns and pF in the library's units.

    Raises
    ------
    ValueError, KeyError, IndexError
        If it is not as Liberty has it.
    """
    template = templates.get(group.args[0]) if group.args else None
    axes = {**(template.lists if template else {}), **group.lists}
    kinds = template.values if template else {}
    values = [_numbers(row, time) for row in group.lists["values"]]
    units = [load if kinds.get(f"variable_{axis}") == _LOAD else time for axis in (1, 2)]
    first, second = (
        _numbers(axes[f"index_{axis}"][0], unit) if f"index_{axis}" in axes else (0.0,)
        for axis, unit in zip((1, 2), units, strict=True)
    )
    if len(values) == 1 and len(first) > 1:
        values = [values[0][i : i + len(second)] for i in range(0, len(values[0]), len(second))]
    table = Table(rows=first, columns=second, values_ns=tuple(values))
    if kinds.get("variable_1") == _LOAD and len(second) > 1:
        return Table(rows=second, columns=first, values_ns=tuple(zip(*values, strict=True)))
    return table


def _numbers(text: str, unit: float) -> tuple[float, ...]:
    return tuple(float(word) * unit for word in text.replace(",", " ").split())


def _between(points: Sequence[float], value: float) -> tuple[int, float]:
    """Index of the point before, and the part of the way to the next one."""
    if value <= points[0]:
        return 0, 0.0
    if value >= points[-1]:
        return len(points) - 1, 0.0
    index = bisect_right(points, value) - 1
    return index, (value - points[index]) / (points[index + 1] - points[index])
