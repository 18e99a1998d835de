import pytest

from hw.bench.accelerator.rules import Held, RuleError, WriteOrder, check_burst

BUS = 8
GOOD = {"address": 4032, "beats": 8, "size": 3, "kind": 1}


def test_an_offer_that_stays_is_transferred_once():
    held = Held("ar")
    steps = [(0, 1, ()), (1, 0, (7,)), (1, 0, (7,)), (1, 1, (7,)), (1, 1, (8,)), (0, 0, ())]
    assert [held.step(*step) for step in steps] == [False, False, False, True, True, False]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ((False, True, ()), "ar: valid fell before ready"),
        ((True, True, (8,)), r"ar: the payload changed from \(7,\) to \(8,\)"),
    ],
)
def test_an_offer_that_changes_is_an_error(step, said):
    held = Held("ar")
    held.step(True, False, (7,))
    with pytest.raises(RuleError, match=said):
        held.step(*step)


def test_a_burst_may_end_with_its_page():
    check_burst("ar", **GOOD, bus_bytes=BUS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": 2}, "beats of 4 bytes on a bus of 8"),
        ({"kind": 0}, "a burst of type 0"),
        ({"address": 4028}, "0xfbc is not a multiple of 8"),
        ({"beats": 9}, "9 beats from 0xfc0 on cross a page"),
    ],
)
def test_a_burst_that_is_not_allowed(change, said):
    with pytest.raises(RuleError, match=said):
        check_burst("aw", **{**GOOD, **change}, bus_bytes=BUS)


@pytest.mark.parametrize("order", ["AbLAL", "bLALA", "ALAbL", "AbbLAL"])
def test_beats_that_match_their_addresses(order):
    """A is an address, L a last beat, b another."""
    lengths = [len(part) + 1 for part in order.replace("A", "").split("L")[:-1]]
    writes = WriteOrder("w")
    for letter in order:
        if letter == "A":
            writes.address(lengths.pop(0))
        else:
            writes.beat(letter == "L")


@pytest.mark.parametrize(
    ("beats", "order", "said"),
    [
        (2, "AL", "a burst of 2 beats had 1"),
        (2, "Abb", "beat 2 of a burst was not its last"),
        (2, "bbA", "beat 2 of a burst was not its last"),
        (1, "bLA", "a burst of 1 beats had 2"),
    ],
)
def test_beats_that_do_not_match_their_addresses(beats, order, said):
    writes = WriteOrder("w")

    def play():
        for letter in order:
            if letter == "A":
                writes.address(beats)
            else:
                writes.beat(letter == "L")

    with pytest.raises(RuleError, match=said):
        play()
