"""The register file: the table that RTL, C header and manual are made from."""

from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag

__all__ = [
    "COUNTERS",
    "IDENTITY",
    "REGISTERS",
    "Access",
    "Control",
    "Counter",
    "ErrorCode",
    "Register",
    "Status",
    "find_register",
]

IDENTITY = 0x54494C45
"""What the first register reads as."""

_COUNTERS_OFFSET = 0x80
_WIDE_BYTES = 8


class Access(Enum):
    """What software may do with a register."""

    READ = "read"
    WRITE = "write"
    READ_WRITE = "read and write"
    CLEAR = "read, write 1 to clear"


class Control(IntFlag):
    """Bits of ``CONTROL``."""

    START = 1
    ABORT = 2


class Status(IntFlag):
    """Bits of ``STATUS``; the code of the error is in bits 15 to 8."""

    BUSY = 1
    DONE = 2
    ERROR = 4


class ErrorCode(IntEnum):
    """Why a program was stopped."""

    NONE = 0
    ABORTED = 1
    WATCHDOG = 2
    BUS_HUNG = 3
    PROGRAM_READ = 4
    NOT_A_PROGRAM = 5
    OTHER_INSTRUCTION_SET = 6
    OTHER_ACCELERATOR = 7
    ILLEGAL_INSTRUCTION = 8
    DATA_READ = 9
    DATA_WRITE = 10
    LOCAL_MEMORY = 11

    @property
    def meaning(self) -> str:
        """One line."""
        return _MEANINGS[self]


_MEANINGS = {
    ErrorCode.NONE: "no error",
    ErrorCode.ABORTED: "software wrote ABORT",
    ErrorCode.WATCHDOG: "no instruction began or ended for WATCHDOG cycles",
    ErrorCode.BUS_HUNG: "the bus did not answer for WATCHDOG cycles after an error",
    ErrorCode.PROGRAM_READ: "a read of the program was answered with an error",
    ErrorCode.NOT_A_PROGRAM: "what PROGRAM points to does not begin as a program",
    ErrorCode.OTHER_INSTRUCTION_SET: "the program is for another version of the instruction set",
    ErrorCode.OTHER_ACCELERATOR: "the program is for another accelerator",
    ErrorCode.ILLEGAL_INSTRUCTION: "there is no such instruction",
    ErrorCode.DATA_READ: "a read of data was answered with an error",
    ErrorCode.DATA_WRITE: "a write of data was answered with an error",
    ErrorCode.LOCAL_MEMORY: "an address beyond a local memory, or two units in one port of a bank",
}


class Counter(Enum):
    """What is counted while a program runs; 64 bits each."""

    CYCLES = "cycles of the program"
    LOAD_BUSY = "cycles in which the load unit worked"
    LOAD_STALLED = "cycles in which the load unit waited for a token"
    LOAD_INSTRUCTIONS = "instructions that the load unit has begun"
    EXECUTE_BUSY = "cycles in which the execute unit worked"
    EXECUTE_STALLED = "cycles in which the execute unit waited for a token"
    EXECUTE_INSTRUCTIONS = "instructions that the execute unit has begun"
    STORE_BUSY = "cycles in which the store and vector units worked"
    STORE_STALLED = "cycles in which the store and vector units waited for a token"
    STORE_INSTRUCTIONS = "instructions that the store and vector units have begun"
    READ_BYTES = "bytes read over the data port, whole beats"
    WRITTEN_BYTES = "bytes written over the data port, whole beats"
    PROGRAM_BYTES = "bytes read over the program port"


COUNTERS = tuple(Counter)
"""In the order of their registers."""


@dataclass(frozen=True, kw_only=True)
class Register:
    """A register of 32 bits.

    Parameters
    ----------
    name : str
    offset : int
        In bytes.
    access : Access
    doc : str
    """

    name: str
    offset: int
    access: Access
    doc: str


def _wide(name: str, offset: int, access: Access, doc: str) -> list[Register]:
    """Two registers for 64 bits."""
    return [
        Register(name=f"{name}_LOW", offset=offset, access=access, doc=f"{doc}, bits 31 to 0"),
        Register(name=f"{name}_HIGH", offset=offset + 4, access=access, doc="bits 63 to 32"),
    ]


REGISTERS: tuple[Register, ...] = (
    Register(name="IDENTITY", offset=0x00, access=Access.READ, doc=f"{IDENTITY:#010x}"),
    *_wide("TARGET", 0x08, Access.READ, "what programs for this accelerator name as their target"),
    Register(
        name="CONTROL",
        offset=0x10,
        access=Access.WRITE,
        doc="bit 0 starts the program, bit 1 stops it",
    ),
    Register(
        name="STATUS",
        offset=0x14,
        access=Access.READ,
        doc="bit 0 busy, bit 1 done, bit 2 stopped by an error, bits 15 to 8 its code",
    ),
    Register(
        name="INTERRUPT_ENABLE",
        offset=0x18,
        access=Access.READ_WRITE,
        doc="bit 0: raise the interrupt when a program has ended",
    ),
    Register(
        name="INTERRUPT_STATUS",
        offset=0x1C,
        access=Access.CLEAR,
        doc="bit 0: a program has ended",
    ),
    Register(
        name="WATCHDOG",
        offset=0x20,
        access=Access.READ_WRITE,
        doc="cycles without progress after which a program is stopped; 0: never",
    ),
    *_wide("PROGRAM", 0x28, Access.READ_WRITE, "address of the program, a multiple of 256"),
    *(
        register
        for base in range(4)
        for register in _wide(
            f"BASE{base}", 0x40 + _WIDE_BYTES * base, Access.READ_WRITE, f"base register {base}"
        )
    ),
    *(
        register
        for number, counter in enumerate(COUNTERS)
        for register in _wide(
            counter.name, _COUNTERS_OFFSET + _WIDE_BYTES * number, Access.READ, counter.value
        )
    ),
)
"""Every register, by offset."""


def find_register(name: str) -> Register:
    """The register ``name``.

    Raises
    ------
    KeyError
        If there is none.
    """
    for register in REGISTERS:
        if register.name == name:
            return register
    raise KeyError(name)
