"""The ``tilewright`` command.

Each verb is a module in ``tilewright.verbs``, imported when it is used, so that help is quick.
"""

import argparse
import importlib
import json
import os
import shlex
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, Protocol, cast

from golden.errors import UserError

__all__ = ["VERBS", "main"]

SCHEMA = 1

VERBS = {
    "engines": "list engines, their params, presets and accelerators",
    "generate": "write Verilog and a manifest, with a test bench if asked",
    "verify": "run the Verilog of an engine against golden model and timing",
    "simulate": "cycles of a workload from its shapes alone",
    "run": "run a network: values, cycles, and with --rtl the Verilog too",
    "compare": "what differs between two results of run or simulate",
    "map": "schedule a network in a scratchpad, with the fewest bytes moved",
    "allocate": "offsets of buffers in a memory, from their lifetimes",
    "quantize": "quantize a network's weights to few bits",
    "synth": "area and delay, with or without a library of standard cells",
    "sweep": "explore a design space, resumable, on this machine or a cluster",
    "program": "assemble, disassemble or check a program",
    "init": "write the description of an accelerator, or a study, to start from",
    "cache": "show or clear what is kept to save time",
}
"""Every verb, with the line that help has for it."""

FAILED, MISUSED, INTERRUPTED, TERMINATED = 1, 2, 130, 143


class _Verb(Protocol):
    """A module of ``tilewright.verbs``."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add arguments and an example."""

    def execute(self, arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
        """Do it; the result as JSON values, and whether it succeeded."""

    def show(self, result: dict[str, Any]) -> str:
        """The result as text for a terminal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status.

    0: done. 1: done, and the answer is a failure. 2: the user's mistake, told in a sentence.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    name = next((word for word in given if not word.startswith("-")), None)
    try:
        parser = _parser(name)
        options = parser.parse_args(given)
        if options.verb is None:
            parser.print_help()
            return MISUSED
        options.command = shlex.join(["tilewright", *given])
        with _terminable():
            return _execute(options)
    except BrokenPipeError:
        # The reader has seen enough; keep the interpreter from flushing again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except _Terminated:
        print("tilewright: terminated", file=sys.stderr)
        return TERMINATED
    except KeyboardInterrupt:
        print("tilewright: interrupted", file=sys.stderr)
        return INTERRUPTED


class _Terminated(KeyboardInterrupt):
    """An interrupt by a time limit or the scheduler of a cluster, not by a user."""


@contextmanager
def _terminable() -> Iterator[None]:
    """Inside, a SIGTERM is an interrupt, so that nothing is left behind."""

    def stop(number: int, frame: object) -> NoReturn:
        raise _Terminated

    # Other threads can not say what signals do.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _execute(options: argparse.Namespace) -> int:
    # Imported here, so that help is quick.
    from hw.bench.simulators import SimulatorError
    from hw.synth.options import SynthesisError

    verb = _load(options.verb)
    try:
        result, succeeded = verb.execute(options)
    except BrokenPipeError:
        raise
    except (UserError, SimulatorError, SynthesisError, OSError) as error:
        if options.traceback:
            traceback.print_exc()
        print(f"tilewright {options.verb}: {_sentence(error)}", file=sys.stderr)
        return MISUSED
    if options.json:
        head = {"schema": SCHEMA, "verb": options.verb, "command": options.command}
        print(json.dumps({**head, **result}))
    else:
        print(verb.show(result))
    sys.stdout.flush()
    return 0 if succeeded else FAILED


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


class _Parser(argparse.ArgumentParser):
    """A parser that tells a mistake in a sentence and leaves the usage to ``--help``."""

    def error(self, message: str) -> NoReturn:
        self.exit(MISUSED, f"{self.prog}: {message} (see {self.prog} --help)\n")


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: that takes longer than help."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"tilewright {version('tilewright')}")
        parser.exit()


def _parser(name: str | None) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tilewright",
        description="Design tensor engines for quantized neural networks.",
        epilog="example: tilewright verify systolic --set rows=8 --set cols=8",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for verb, line in VERBS.items():
        own = verbs.add_parser(
            verb,
            help=line,
            description=f"{line[0].upper()}{line[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        own.add_argument("--json", action="store_true", help="one JSON object on standard output")
        own.add_argument("--traceback", action="store_true", help="show where an error came from")
        if verb == name:
            _load(verb).configure(own)
    return parser


def _load(verb: str) -> _Verb:
    return cast(_Verb, importlib.import_module(f"tilewright.verbs.{verb}"))


if __name__ == "__main__":
    sys.exit(main())
