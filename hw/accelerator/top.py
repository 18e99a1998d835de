"""The accelerator as it is generated: AXI ports by their usual names."""

from typing import Any

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.accelerator.description import Accelerator
from golden.accelerator.encoding import INSTRUCTION_BYTES
from hw.accelerator.control import Control
from hw.accelerator.core import Core
from hw.accelerator.ports import ADDRESS_BITS, REGISTER_ADDRESS_BITS
from hw.accelerator.program_port import ProgramPort
from hw.emit import place

__all__ = ["Top"]

_INCREMENTING = 1
"""AXI burst type."""


class Top(wiring.Component):
    """Core and register file.

    Parameters
    ----------
    accelerator : Accelerator

    Members
    -------
    s_axil_* : AXI4-Lite subordinate
        The register file.
    m_axi_* : AXI4 manager
        Data.
    m_axi_program_* : AXI4 manager, read channels
        The program.
    irq : Out(1)
    """

    irq: Signal

    def __init__(self, accelerator: Accelerator) -> None:
        self._accelerator = accelerator
        super().__init__(
            {
                **_lite("s_axil"),
                **_read("m_axi", accelerator.bus_bytes),
                **_write("m_axi", accelerator.bus_bytes),
                **_read("m_axi_program", INSTRUCTION_BYTES),
                "irq": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        accelerator = self._accelerator
        m.submodules.control = control = Control(accelerator.target)
        m.submodules.program_port = program = ProgramPort()
        clear = Signal()
        m.submodules.core = core = place(platform, Core, accelerator, reset=clear)
        m.d.comb += [
            clear.eq(control.clear),
            program.clear.eq(control.clear),
            self.irq.eq(control.interrupt),
            core.program.eq(control.program),
            Value.cast(core.bases).eq(Value.cast(control.bases)),
            core.halt.eq(control.halt),
            control.quiet.eq(core.quiet),
            control.finished.eq(core.finished),
            control.fault.eq(core.fault),
            control.progress.eq(core.progress),
            Value.cast(control.counts).eq(Value.cast(core.counts)),
        ]
        wiring.connect(m, core.program_bus, program.fetch)
        self._connect_lite(m, control.bus)
        self._connect_read(m, "m_axi", core.read_bus, accelerator.bus_bytes)
        self._connect_read(m, "m_axi_program", program.bus, INSTRUCTION_BYTES)
        self._connect_write(m, core.write_bus, accelerator.bus_bytes)
        return m

    def _port(self, name: str) -> Any:
        return getattr(self, name)

    def _connect_lite(self, m: Module, bus: Any) -> None:
        port = self._port
        for name in ("aw", "ar"):
            channel = getattr(bus, name)
            m.d.comb += channel.payload.eq(port(f"s_axil_{name}addr"))
        m.d.comb += [
            bus.w.payload.eq(port("s_axil_wdata")),
            port("s_axil_rdata").eq(bus.r.payload),
        ]
        for name in ("aw", "w", "ar"):
            channel = getattr(bus, name)
            m.d.comb += [
                channel.valid.eq(port(f"s_axil_{name}valid")),
                port(f"s_axil_{name}ready").eq(channel.ready),
            ]
        for name in ("b", "r"):
            channel = getattr(bus, name)
            m.d.comb += [
                port(f"s_axil_{name}valid").eq(channel.valid),
                channel.ready.eq(port(f"s_axil_{name}ready")),
            ]

    def _connect_address(self, m: Module, channel: str, stream: Any, bus_bytes: int) -> None:
        port = self._port
        m.d.comb += [
            port(f"{channel}addr").eq(stream.payload.address),
            port(f"{channel}len").eq(stream.payload.beats - 1),
            port(f"{channel}size").eq(bus_bytes.bit_length() - 1),
            port(f"{channel}burst").eq(_INCREMENTING),
            port(f"{channel}valid").eq(stream.valid),
            stream.ready.eq(port(f"{channel}ready")),
        ]

    def _connect_read(self, m: Module, prefix: str, bus: Any, bus_bytes: int) -> None:
        port = self._port
        self._connect_address(m, f"{prefix}_ar", bus.ar, bus_bytes)
        m.d.comb += [
            Value.cast(bus.r.payload.data).eq(port(f"{prefix}_rdata")),
            bus.r.payload.error.eq(port(f"{prefix}_rresp") != 0),
            bus.r.valid.eq(port(f"{prefix}_rvalid")),
            port(f"{prefix}_rready").eq(bus.r.ready),
        ]

    def _connect_write(self, m: Module, bus: Any, bus_bytes: int) -> None:
        port = self._port
        self._connect_address(m, "m_axi_aw", bus.aw, bus_bytes)
        m.d.comb += [
            port("m_axi_wdata").eq(Value.cast(bus.w.payload.data)),
            port("m_axi_wstrb").eq(bus.w.payload.strobe),
            port("m_axi_wlast").eq(bus.w.payload.last),
            port("m_axi_wvalid").eq(bus.w.valid),
            bus.w.ready.eq(port("m_axi_wready")),
            bus.b.payload.error.eq(port("m_axi_bresp") != 0),
            bus.b.valid.eq(port("m_axi_bvalid")),
            port("m_axi_bready").eq(bus.b.ready),
        ]


def _address(channel: str) -> dict[str, wiring.Member]:
    return {
        f"{channel}addr": Out(ADDRESS_BITS),
        f"{channel}len": Out(8),
        f"{channel}size": Out(3),
        f"{channel}burst": Out(2),
        f"{channel}valid": Out(1),
        f"{channel}ready": In(1),
    }


def _read(prefix: str, bus_bytes: int) -> dict[str, wiring.Member]:
    return {
        **_address(f"{prefix}_ar"),
        f"{prefix}_rdata": In(8 * bus_bytes),
        f"{prefix}_rresp": In(2),
        f"{prefix}_rlast": In(1),
        f"{prefix}_rvalid": In(1),
        f"{prefix}_rready": Out(1),
    }


def _write(prefix: str, bus_bytes: int) -> dict[str, wiring.Member]:
    return {
        **_address(f"{prefix}_aw"),
        f"{prefix}_wdata": Out(8 * bus_bytes),
        f"{prefix}_wstrb": Out(bus_bytes),
        f"{prefix}_wlast": Out(1),
        f"{prefix}_wvalid": Out(1),
        f"{prefix}_wready": In(1),
        f"{prefix}_bresp": In(2),
        f"{prefix}_bvalid": In(1),
        f"{prefix}_bready": Out(1),
    }


def _lite(prefix: str) -> dict[str, wiring.Member]:
    members: dict[str, wiring.Member] = {}
    for channel in ("aw", "ar"):
        members |= {
            f"{prefix}_{channel}addr": In(REGISTER_ADDRESS_BITS),
            f"{prefix}_{channel}valid": In(1),
            f"{prefix}_{channel}ready": Out(1),
        }
    return {
        **members,
        f"{prefix}_wdata": In(32),
        f"{prefix}_wstrb": In(4),
        f"{prefix}_wvalid": In(1),
        f"{prefix}_wready": Out(1),
        f"{prefix}_bresp": Out(2),
        f"{prefix}_bvalid": Out(1),
        f"{prefix}_bready": In(1),
        f"{prefix}_rdata": Out(32),
        f"{prefix}_rresp": Out(2),
        f"{prefix}_rvalid": Out(1),
        f"{prefix}_rready": In(1),
    }
