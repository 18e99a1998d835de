"""Tables and pictures that the manual takes from the code.

A page holds them between two comments::

    <!-- generated: params systolic -->
    …
    <!-- end -->

The first word names a function here, the others are its arguments. What stands between must be
what the function returns; ``python -m tests.docs.generated`` writes it there.
"""

import argparse
import importlib
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.hdl import Fragment
from amaranth.lib import wiring

from golden.accelerator.encoding import MAGIC, instruction_set_hash
from golden.accelerator.fields import operand_fields
from golden.accelerator.instructions import INSTRUCTIONS
from golden.accelerator.registers import (
    COUNTERS,
    REGISTERS,
    Control,
    ErrorCode,
    Status,
    find_register,
)
from golden.contract import Job, PortLayout
from golden.formats import Format, IntFormat, parse_format
from golden.params import ParamInfo
from hw.accelerator.top import Top
from hw.generate import design_ports
from tests.docs import precision
from tests.docs.pages import pages
from tests.docs.systolic_trace import picture
from tilewright.accelerator import find_accelerator
from tilewright.catalog import Engine, find_engine
from tilewright.cli import VERBS

__all__ = ["PAGE", "RENDERERS", "interface", "regions", "render", "update"]

_FIRST_FIELD_BIT = 10
"""Opcode and tokens come before."""

_REGION = re.compile(
    r"(?P<head><!-- generated: (?P<call>[^>]+) -->\n)(?P<body>.*?)(?P<tail><!-- end -->)",
    re.DOTALL,
)

PAGE = """\
# {name}

{summary}.

## Params

<!-- generated: params {name} -->
<!-- end -->

## Ports

<!-- generated: ports {name} -->
<!-- end -->
"""
"""What a new engine's page begins with, before `update`."""


def regions(text: str) -> list[tuple[str, str]]:
    """Call and content of every generated part of a page."""
    return [(match["call"], match["body"]) for match in _REGION.finditer(text)]


def render(call: str) -> str:
    """Content of the part ``call``.

    Raises
    ------
    KeyError
        If there is no such function.
    """
    name, *words = call.split()
    return "\n" + RENDERERS[name](*words).strip("\n") + "\n\n"


def update(text: str) -> str:
    """A page with all of its generated parts written anew."""
    return _REGION.sub(lambda match: match["head"] + render(match["call"]) + match["tail"], text)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def params_table(name: str) -> str:
    """Params of an engine: name, default, meaning."""
    return table(
        ["param", "default", "meaning"],
        [
            [f"`{info.name}`", _default(info), _meaning(info)]
            for info in find_engine(name).describe()
        ],
    )


def _default(info: ParamInfo) -> str:
    if info.default is None:
        return "auto"
    text = str(info.default)
    return f"`{text.lower() if isinstance(info.default, bool) else text}`"


def _meaning(info: ParamInfo) -> str:
    choices = ", ".join(f"`{choice}`" for choice in info.choices)
    return f"{info.doc} ({choices})" if choices else info.doc


def ports_table(name: str, *given: str) -> str:
    """Verilog ports of an engine, from the metadata of its component.

    ``clk`` and ``rst`` are not part of the metadata; every design has them.
    """
    engine, params = _design(name, given)
    rows: list[list[object]] = [["`clk`", "in", 1], ["`rst`", "in", 1]]
    rows += _port_rows(_flatten(interface(engine.component(params))["members"]))
    return table(["port", "direction", "bits"], rows)


def accelerator_ports_table(name: str) -> str:
    """Verilog ports of an accelerator that comes along."""
    rows: list[list[object]] = [["`clk`", "in", 1], ["`rst`", "in", 1]]
    rows += _port_rows(_flatten(interface(Top(find_accelerator(name)))["members"]))
    return table(["port", "direction", "bits"], rows)


def _port_rows(ports: Sequence[Mapping[str, Any]]) -> list[list[object]]:
    return [[f"`{port['name']}`", port["dir"], port["width"]] for port in ports]


def interface(component: wiring.Component) -> Mapping[str, Any]:
    """Metadata of a component."""
    # Amaranth warns of a component that is made and never elaborated.
    Fragment.get(component, None)
    return design_ports(component)


def _flatten(members: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    ports: list[Mapping[str, Any]] = []
    for member in members.values():
        if member["type"] == "port":
            ports.append(member)
        else:
            ports += _flatten(member["members"])
    return ports


def layout_table(name: str, *given: str) -> str:
    """What the ports carry: operand, format, lanes, beats."""
    engine, params = _design(name, given)
    ports = engine.golden.layout(params)
    position, fields = 0, []
    for field in ports.job:
        fields.append(f"`{field.dim.value}` in bits {position + field.bits - 1} to {position}")
        position += field.bits
    rows = [["`job`", "–", "–", ", ".join(fields), "one a job"]]
    for port_name, port in ports.streams.items():
        lanes = [f"{lane.count} × {lane.dim.value}" for lane in port.lanes]
        beats = [
            f"{beat.dim.value}, {'descending' if beat.descending else 'ascending'}"
            for beat in port.beats
        ]
        if port.packing is not None:
            lanes.append(f"{port.packing.lanes} lanes in a word of {port.packing.bits} bits")
        operand, format = port.operand.value.upper(), f"`{port.format.name}`"
        if port.digit_bits is not None:
            format += f", {port.digit_bits} bit{'s' * (port.digit_bits > 1)} a lane"
        rows.append([f"`{port_name}`", operand, format, ", ".join(lanes), ", ".join(beats)])
    return table(["port", "matrix", "format", "lanes", "beats"], rows)


def beats_table(name: str, *given: str) -> str:
    """Which element is in which lane of which beat: one table a port."""
    sizes, rest = _sizes(given)
    engine, params = _design(name, rest)
    job = Job(**sizes)
    ports = engine.golden.layout(params)
    parts = []
    for port_name, port in ports.streams.items():
        _, cols = (job.size(dim) for dim in port.operand.dims)
        letter = port.operand.value.upper()
        digits = port.digits(job).tolist()
        rows = [
            [
                beat,
                *(
                    f"{letter}[{e // cols},{e % cols}]{_digit(port, d)}" if e >= 0 else "–"
                    for e, d in zip(lanes, digits[beat], strict=True)
                ),
            ]
            for beat, lanes in enumerate(port.elements(job).tolist())
        ]
        head = [f"`{port_name}` beat", *(f"lane {lane}" for lane in range(port.width))]
        parts.append(table(head, rows))
    return "\n\n".join(parts)


def _digit(port: PortLayout, digit: int) -> str:
    """Which bit or digit of an element it is, where lanes carry those."""
    if port.digit_bits is None:
        return ""
    return f" bit {digit}" if port.digit_bits == 1 else f" digit {digit}"


def cycles_picture(name: str, *given: str) -> str:
    """What happens in every cycle of a small GEMM, from the RTL."""
    sizes, rest = _sizes(given)
    _, params = _design(name, rest)
    return "```text\n" + picture(params, **sizes) + "\n```"


def format_table() -> str:
    """Integer formats, a few widths each."""
    rows = []
    for bits in (1, 2, 3, 4, 8, 12, 16, 32, 64):
        for signed in (True, False):
            format = IntFormat(bits, signed=signed)
            # Apart: NumPy has no integer dtype for a list of 0 and 2 ** 64 - 1.
            codes = [format.encode([value]) for value in (format.min, format.max)]
            low, high = (f"`0x{int(code[0]):x}`" for code in codes)
            dtype = f"`{codes[0].dtype}`"
            rows.append([f"`{format}`", bits, format.min, format.max, low, high, dtype])
    head = ["format", "bits", "min", "max", "code of min", "code of max", "dtype of codes"]
    return table(head, rows)


def format_values(*names: str) -> str:
    """Every code of small formats, and its value."""
    formats = [parse_format(name) for name in names]
    codes = range(1 << max(format.bits for format in formats))
    rows = []
    for code in codes:
        values = [_value(format, code) for format in formats]
        rows.append([f"`0b{code:0{max(f.bits for f in formats)}b}`", *values])
    return table(["code", *(f"`{name}`" for name in names)], rows)


def _value(format: Format, code: int) -> str:
    """Of a code, if it is one."""
    try:
        return str(int(np.asarray(format.decode([code]))[0]))
    except ValueError:
        return ""


def verbs_table() -> str:
    """The verbs, with the line that help has for each."""
    return table(["verb", "does"], [[f"`{verb}`", line] for verb, line in VERBS.items()])


def options_table(verb: str) -> str:
    """Arguments of a verb, and its example."""
    parser = argparse.ArgumentParser(prog=f"tilewright {verb}")
    importlib.import_module(f"tilewright.verbs.{verb}").configure(parser)
    rows = [
        [_invocation(action), (action.help or "") % {"default": action.default}]
        for action in parser._actions
        if not isinstance(action, argparse._HelpAction)
    ]
    example = (parser.epilog or "").removeprefix("example: ")
    parts = [table(["argument", "meaning"], rows)] if rows else []
    return "\n\n".join([*parts, f"Example: `{example}`"])


def _invocation(action: argparse.Action) -> str:
    choices = ",".join(map(str, action.choices or ()))
    value = f"{{{choices}}}" if choices else str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return f"`[{value}]`" if action.nargs == "?" else f"`{value}`"
    names = ", ".join(action.option_strings)
    words = names if action.nargs == 0 else f"{names} {value}"
    return f"`{words}`" + (" (required)" if action.required else "")


def _sizes(given: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """``job.m=3``, or ``m=3``, and the like as sizes, and the other words."""
    marked = any(word.startswith("job.") for word in given)
    names = r"job\.([a-z_]+)=([0-9]+)" if marked else "(m|n|k)=([0-9]+)"
    found = {word: re.fullmatch(names, word) for word in given}
    sizes = {match[1]: int(match[2]) for match in found.values() if match}
    return sizes, [word for word, match in found.items() if not match]


def _design(name: str, given: Sequence[str]) -> tuple[Engine, Any]:
    engine = find_engine(name)
    return engine, engine.params(dict(word.split("=", 1) for word in given))


def registers_table() -> str:
    """Every register but the counters: offset, name, access, meaning."""
    counters = {f"{counter.name}_{half}" for counter in COUNTERS for half in ("LOW", "HIGH")}
    rows = [
        [f"`{register.offset:#05x}`", f"`{register.name}`", register.access.value, register.doc]
        for register in REGISTERS
        if register.name not in counters
    ]
    return table(["offset", "register", "access", "meaning"], rows)


def counters_table() -> str:
    """Counters: offset of the lower half, name, meaning."""
    rows = [
        [
            f"`{find_register(f'{counter.name}_LOW').offset:#05x}`",
            f"`{counter.name}`",
            counter.value,
        ]
        for counter in COUNTERS
    ]
    return table(["offset", "counter", "counts"], rows)


def bits_table() -> str:
    """Bits of control and status."""
    rows = [
        [f"`{register}`", flag.value.bit_length() - 1, f"`{flag.name}`"]
        for register, flags in (("CONTROL", Control), ("STATUS", Status))
        for flag in flags
    ]
    return table(["register", "bit", "name"], rows)


def errors_table() -> str:
    """Error codes."""
    rows = [[code.value, f"`{code.name}`", code.meaning] for code in ErrorCode]
    return table(["code", "name", "meaning"], rows)


def opcodes_table() -> str:
    """Instructions, their opcodes and units."""
    rows = [
        [
            kind.OPCODE,
            f"[`{kind.__name__}`](#{kind.__name__.lower()})",
            kind.UNIT.value,
            _markdown(kind).partition("\n")[0].rstrip("."),
        ]
        for kind in INSTRUCTIONS
    ]
    return table(["opcode", "instruction", "unit", "does"], rows)


def header_table() -> str:
    """The header of a program, of the instruction set as it is."""
    rows = [
        ["0 to 7", f"`{MAGIC.decode()}`"],
        ["8 to 15", f"the instruction set: `{instruction_set_hash().hex(' ')}`"],
        ["16 to 23", "the target: as the registers `TARGET_LOW` and `TARGET_HIGH` have it"],
        ["24 to 31", "the number of instructions, without the one that ends the program"],
    ]
    return table(["bytes", "contents"], rows)


def instruction_page(name: str) -> str:
    """What an instruction does, and its fields."""
    (kind,) = (kind for kind in INSTRUCTIONS if kind.__name__ == name)
    position, rows = _FIRST_FIELD_BIT, []
    for info in operand_fields(kind):
        high = position + info.bits - 1
        bits = f"{high} to {position}" if info.bits > 1 else position
        values = f"{info.low} to {info.high}"
        rows.append([f"`{info.name}`", bits, values, info.offset or "–", info.doc])
        position += info.bits
    head = ["field", "bits", "values", "offset", "meaning"]
    return f"{_markdown(kind)}\n\n{table(head, rows)}"


def _markdown(documented: type[Any]) -> str:
    """A docstring with code marked as Markdown does."""
    return (inspect.getdoc(documented) or "").replace("``", "`")


def precision_table(name: str) -> str:
    """Engines side by side at one precision."""
    return table(precision.HEAD, precision.rows(name))


RENDERERS: Mapping[str, Callable[..., str]] = {
    "params": params_table,
    "ports": ports_table,
    "layout": layout_table,
    "beats": beats_table,
    "cycles": cycles_picture,
    "formats": format_table,
    "values": format_values,
    "verbs": verbs_table,
    "options": options_table,
    "accelerator-ports": accelerator_ports_table,
    "registers": registers_table,
    "counters": counters_table,
    "bits": bits_table,
    "errors": errors_table,
    "opcodes": opcodes_table,
    "header": header_table,
    "instruction": instruction_page,
    "precision": precision_table,
}


def main() -> None:
    """Write every generated part of every page anew."""
    for page in pages():
        _rewrite(page)


def _rewrite(page: Path) -> None:
    before = page.read_text(encoding="utf-8")
    after = update(before)
    if after != before:
        page.write_text(after, encoding="utf-8")
        print(f"rewrote {page}")


if __name__ == "__main__":
    main()
