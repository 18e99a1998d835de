"""Activities of a trace that was written by hand."""

import pytest

from hw.synth.activity import Activity, read_activities

HEADER = """\
$timescale 1ps $end
$scope module bench $end
$scope module top $end
$var wire 1 ! clk $end
$var wire 1 " rst $end
$var reg 2 # word [1:0] $end
$scope module \\inner.one $end
$var reg 1 $ flag $end
$var wire 1 ! clk $end
$upscope $end
$upscope $end
$upscope $end
$enddefinitions $end
"""

BODY = """\
#0
0!
1"
b11 #
x$
#5
1!
b0 #
#10
0!
0"
#15
1!
b1 #
1$
#20
0!
#25
1!
b10 #
#30
0!
#35
1!
0$
#40
0!
#45
1!
#50
"""
"""Four edges of the clock after the reset, which ends at 10."""


def test_changes_count_by_cycle_after_the_reset() -> None:
    found = read_activities((HEADER + BODY).splitlines(), "top", clock="clk", reset="rst")
    assert found["word[0]"] == Activity(changes=2 / 4, duty=10 / 40)
    assert found["word[1]"] == Activity(changes=1 / 4, duty=25 / 40)
    assert found["inner.one.flag"] == Activity(changes=2 / 4, duty=20 / 40)
    # The last change at 45 is of the clock, whose level lasts to the end at 50.
    assert found["clk"].changes == 7 / 4
    assert found["inner.one.clk"] == found["clk"]
    assert found["rst"] == Activity(changes=0.0, duty=0.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER.replace("rst", "reset") + BODY, "the trace has no clk or no rst in a module top"),
        (HEADER, "the trace has no cycle after its reset"),
    ],
)
def test_a_trace_of_something_else_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_activities(text.splitlines(), "top", clock="clk", reset="rst")
