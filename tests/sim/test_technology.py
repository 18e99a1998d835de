"""Areas of memories, by hand."""

from dataclasses import replace

import pytest

from sim.accelerator.energy import HOROWITZ_45NM, bare_energy
from sim.technology import Logic, Sram, Storage, Technology, memory_period_ns, store

ROUND = Technology(
    name="round",
    node="none",
    logic=Logic(nand2_um2=2.0, gate_delay_ns=0.1, source="made up"),
    sram=Sram(fixed_um2=1000.0, bit_um2=1.0, port_factor=0.5, period_ns=3.0, source="made up"),
    energy=HOROWITZ_45NM,
)


@pytest.mark.parametrize(
    ("storage", "area", "is_sram"),
    [
        (Storage(bits=10_000, read_ports=1, write_ports=0), 11_000.0, True),
        (Storage(bits=10_000, read_ports=1, write_ports=1), 16_500.0, True),
        (Storage(bits=10_000, read_ports=2, write_ports=1), 22_000.0, True),
        # A flip-flop of 6 NANDs, and two multiplexers of 3.
        (Storage(bits=10, read_ports=1, write_ports=1), 10 * 12 * 2.0, False),
        (Storage(bits=10, read_ports=3, write_ports=1), 10 * 18 * 2.0, False),
    ],
)
def test_a_memory_is_what_is_smaller(storage: Storage, area: float, is_sram: bool) -> None:
    assert store(ROUND, storage) == (pytest.approx(area), is_sram)


def test_only_srams_bound_the_clock() -> None:
    small, large = (Storage(bits=bits, read_ports=1, write_ports=1) for bits in (10, 10_000))
    assert memory_period_ns(ROUND, ()) == 0.0
    assert memory_period_ns(ROUND, (small, small)) == 0.0
    assert memory_period_ns(ROUND, (small, large)) == 3.0


def test_a_library_scales_areas_and_times() -> None:
    scaled = ROUND.scaled(8.0)
    assert scaled.logic == replace(ROUND.logic, nand2_um2=8.0, gate_delay_ns=pytest.approx(0.2))
    assert scaled.sram.period_ns == pytest.approx(6.0)
    storage = Storage(bits=10_000, read_ports=1, write_ports=1)
    assert store(scaled, storage)[0] == pytest.approx(4 * store(ROUND, storage)[0])
    assert ROUND.scaled(2.0) == ROUND


def test_a_bare_engine_takes_energy_for_products_and_bytes() -> None:
    assert bare_energy(1000, 0) == pytest.approx(1000 * (0.2 + 0.1))
    assert bare_energy(0, 80) == pytest.approx(10 * 1300)
