"""The C header of an accelerator: its registers, for drivers."""

from golden.accelerator.description import Accelerator
from golden.accelerator.encoding import HEADER_BYTES, INSTRUCTION_BYTES, instruction_set_hash
from golden.accelerator.registers import (
    COUNTERS,
    IDENTITY,
    REGISTERS,
    Control,
    ErrorCode,
    Status,
    find_register,
)

__all__ = ["c_header"]

_PREFIX = "TILEWRIGHT_"
_ERROR_LOW, _ERROR_BITS = 8, 0xFF


def c_header(accelerator: Accelerator) -> str:
    """Text of a C99 header.

    It has no types and no functions: only constants, all of them with the prefix ``TILEWRIGHT_``.
    """
    guard = f"{_PREFIX}{accelerator.name.upper()}_H"
    return "\n".join(
        [
            f"/* Registers of the accelerator {accelerator.name}. */",
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
            "#include <stdint.h>",
            "",
            "/* What registers of a design read as. */",
            _define("IDENTITY", f"UINT32_C({IDENTITY:#010x})"),
            _define("TARGET", _quad(accelerator.target)),
            "",
            "/* Programs: bytes of header and instruction, and the instruction set. */",
            _define("PROGRAM_ALIGNMENT", "256u"),
            _define("PROGRAM_HEADER_BYTES", f"{HEADER_BYTES}u"),
            _define("INSTRUCTION_BYTES", f"{INSTRUCTION_BYTES}u"),
            _define("INSTRUCTION_SET", _quad(instruction_set_hash())),
            "",
            "/* Offsets of registers of 32 bits, in bytes; access and meaning beside them. */",
            *(
                _define(f"{register.name}_OFFSET", f"{register.offset:#05x}u")
                + f" /* {register.access.value}: {register.doc} */"
                for register in REGISTERS
            ),
            "",
            "/* Bits. */",
            *(_define(f"CONTROL_{bit.name}", f"{bit.value:#x}u") for bit in Control),
            *(_define(f"STATUS_{bit.name}", f"{bit.value:#x}u") for bit in Status),
            _define("STATUS_ERROR_CODE(status)", f"(((status) >> {_ERROR_LOW}) & {_ERROR_BITS}u)"),
            _define("INTERRUPT_ENDED", "0x1u"),
            "",
            "/* Why a program was stopped: STATUS_ERROR_CODE(status). */",
            *(
                _define(f"ERROR_{code.name}", f"{code.value}u") + f" /* {code.meaning} */"
                for code in ErrorCode
            ),
            "",
            "/* Counters of 64 bits, by number: _LOW, then _HIGH. */",
            _define(
                "COUNTER_OFFSET(number)",
                f"({find_register(f'{COUNTERS[0].name}_LOW').offset:#05x}u + 8u * (number))",
            ),
            _define("COUNTERS", f"{len(COUNTERS)}u"),
            *(
                _define(f"COUNTER_{counter.name}", f"{number}u") + f" /* {counter.value} */"
                for number, counter in enumerate(COUNTERS)
            ),
            "",
            f"#endif /* {guard} */",
            "",
        ]
    )


def _define(name: str, value: str) -> str:
    return f"#define {_PREFIX}{name} {value}"


def _quad(octets: bytes) -> str:
    """Eight bytes as a register pair has them."""
    return f"UINT64_C({int.from_bytes(octets, 'little'):#018x})"
