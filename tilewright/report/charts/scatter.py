"""Trials by two objectives, to be chosen by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tilewright.report.charts.frame import framed, line, tip
from tilewright.report.html import Markup, join, tag
from tilewright.report.numbers import short, ticks

__all__ = ["Dot", "scatter_chart"]

_HEIGHT = 300


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A trial.

    Parameters
    ----------
    trial : int
        Its number.
    across, up : float
    on_front : bool
    told : str
        When it is pointed at.
    """

    trial: int
    across: float
    up: float
    on_front: bool
    told: str


def scatter_chart(
    dots: Sequence[Dot], *, across_label: str, up_label: str, stair_first: bool
) -> Markup:
    """Dots between two axes that begin at or near the least values.

    Parameters
    ----------
    dots : sequence of Dot
        Those on the front are those of these two objectives.
    across_label, up_label : str
    stair_first : bool
        Whether the front goes across first and then up or down, as where less is better across.
    """
    x, y = _scale([dot.across for dot in dots]), _scale([dot.up for dot in dots])
    front = sorted((dot for dot in dots if dot.on_front), key=lambda dot: dot.across)
    marks: list[Markup] = []
    for one, other in pairwise(front):
        left, right = x.share(one.across) * 100, x.share(other.across) * 100
        begin, end = _down(y, one.up), _down(y, other.up)
        level, place = (begin, right) if stair_first else (end, left)
        marks.append(line(left, level, right, level, class_="stair"))
        marks.append(line(place, begin, place, end, class_="stair"))
    # The front is drawn last, so that nothing hides it.
    marks += [
        tag(
            "circle",
            tip(dot.told),
            cx=f"{100 * x.share(dot.across):.4g}%",
            cy=_down(y, dot.up),
            r=6,
            class_=f"trial{' front' if dot.on_front else ''}",
            data_trial=dot.trial,
        )
        for dot in sorted(dots, key=lambda dot: dot.on_front)
    ]
    return join(
        tag("p", up_label, class_="upright"),
        tag(
            "div",
            framed(
                *marks,
                height=_HEIGHT,
                across=[(100 * x.share(at), short(at)) for at in x.marks],
                up=[(_down(y, at), short(at)) for at in y.marks],
                across_label=across_label,
            ),
            class_="selectable",
        ),
    )


@dataclass(frozen=True)
class _Scale:
    """Linear."""

    low: float
    high: float
    marks: Sequence[float]

    def share(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)


def _scale(values: Sequence[float]) -> _Scale:
    """From 0 where the least value is near it, compared with how far values lie apart."""
    least, most = min(values), max(values)
    spread = (most - least) or abs(most) or 1.0
    low = 0.0 if 0 <= least <= spread else least - 0.08 * spread
    high = most + 0.05 * spread
    step = ticks(high - low)[1]
    first = -(-low // step)
    count = int((high - first * step) // step) + 1
    return _Scale(low, high, [(first + number) * step for number in range(count)])


def _down(scale: _Scale, value: float) -> float:
    return _HEIGHT * (1 - scale.share(value))
