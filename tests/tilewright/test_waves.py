"""Traces that ``verify --waves`` writes open, and show the design."""

import struct
import zlib
from pathlib import Path

import pytest

from golden.errors import UserError
from tests.tilewright.conftest import SMALL
from tilewright.caching import Cache
from tilewright.cli import main
from tilewright.verification import verify

PORTS = {
    "clk",
    "rst",
    *(
        f"{port}__{signal}"
        for port in ("job", "activations", "weights", "results")
        for signal in ("payload", "valid", "ready")
    ),
}

HEADER, GEOMETRY, HIERARCHY_GZIP, HIERARCHY_LZ4 = 0, 3, 4, 6
VALUES = (5, 8)


def trace(path: Path, simulator: str) -> bytes:
    arguments = ["verify", "systolic", *SMALL, "--cases", "1", "--simulator", simulator]
    assert main([*arguments, "--waves", str(path)]) == 0
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    return path.read_bytes()


def lz4(block: bytes) -> bytes:
    """Decompress a block."""
    out, at = bytearray(), 0

    def length(nibble: int) -> int:
        nonlocal at
        total = nibble
        while nibble == 15 and (total == 15 or block[at - 1] == 255):
            total += block[at]
            at += 1
        return total

    while at < len(block):
        token = block[at]
        at += 1
        literals = length(token >> 4)
        out += block[at : at + literals]
        at += literals
        if at < len(block):
            offset = int.from_bytes(block[at : at + 2], "little")
            at += 2
            for _ in range(4 + length(token & 15)):
                out.append(out[-offset])
    return bytes(out)


def blocks(content: bytes) -> list[tuple[int, bytes]]:
    """Kind and content of every block of an FST file."""
    found, at = [], 0
    while at < len(content):
        kind, length = struct.unpack_from(">BQ", content, at)
        found.append((kind, content[at + 9 : at + 1 + length]))
        assert len(found[-1][1]) == length - 8
        at += 1 + length
    return found


def hierarchy(kind: int, content: bytes) -> bytes:
    (size,) = struct.unpack_from(">Q", content)
    text = zlib.decompress(content[8:], wbits=31) if kind == HIERARCHY_GZIP else lz4(content[8:])
    assert len(text) == size
    return text


def test_fst_opens(simulator: str, own_cache: Cache, tmp_path: Path) -> None:
    found = blocks(trace(tmp_path / "trace.fst", simulator))
    kind, header = found[0]
    assert (kind, len(header)) == (HEADER, 321)
    begin, end, two_point_seven = struct.unpack_from("<QQd", header.ljust(24))
    assert two_point_seven == pytest.approx(2.718281828459045)
    begin, end = struct.unpack_from(">QQ", header)
    assert begin == 0
    assert end > 10_000
    kinds = [kind for kind, _ in found]
    assert kinds.count(GEOMETRY) == 1
    assert any(kind in VALUES for kind in kinds)
    (names,) = (
        hierarchy(kind, content)
        for kind, content in found
        if kind in (HIERARCHY_GZIP, HIERARCHY_LZ4)
    )
    for port in (*PORTS, "systolic"):
        assert port.encode() in names


@pytest.mark.parametrize(
    "simulator", ["icarus", pytest.param("verilator", marks=pytest.mark.slow)], indirect=True
)
def test_vcd_opens(simulator: str, own_cache: Cache, tmp_path: Path) -> None:
    text = trace(tmp_path / "trace.vcd", simulator).decode()
    declarations, _, changes = text.partition("$enddefinitions $end")
    variables = {
        words[4] for line in declarations.splitlines() if (words := line.split())[:1] == ["$var"]
    }
    assert variables >= PORTS
    assert "$scope module systolic $end" in declarations
    assert changes.count("\n#") > 10_000


@pytest.mark.parametrize("name", ["trace", "trace.txt", "trace.FST.gz", ".vcd"])
def test_other_formats_are_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["verify", "systolic", *SMALL, "--waves", str(tmp_path / name)]
    assert main(arguments) == 2
    assert f"a trace is named .fst or .vcd, not '{name}'" in capsys.readouterr().err
    with pytest.raises(UserError, match=r"a trace is named \.fst or \.vcd"):
        verify("systolic", waves=str(tmp_path / name))
    assert not any(tmp_path.iterdir())
