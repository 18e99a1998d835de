"""The whole idea in a few minutes: ``python -m tilewright.demo``.

Writes the Verilog of a systolic array, checks it against golden model and timing, and runs a
trained network on it, values and cycles, in simulation and on the Verilog.
"""

import sys
from pathlib import Path

from golden.errors import UserError
from hw.bench.simulators import SimulatorError
from tilewright.generation import generate
from tilewright.running import run
from tilewright.verbs import generate as generate_verb
from tilewright.verbs import run as run_verb
from tilewright.verbs import verify as verify_verb
from tilewright.verification import verify

__all__ = ["main"]

FOLDER = Path("demo")
NETWORK = Path(__file__).parent / "networks" / "digits"
ARRAY = {"rows": 16, "cols": 16, "dataflow": "ws"}
RTL_SAMPLES = 100
LEAST_ACCURACY = 0.98


def main() -> int:
    """Run the demonstration; the exit status, as that of the command."""
    try:
        return _demonstrate()
    except (UserError, SimulatorError, OSError) as error:
        print(f"\ntilewright.demo: {error}", file=sys.stderr)
        return 2


def _demonstrate() -> int:
    print(f"1. Verilog of a 16x16 weight-stationary array, in {FOLDER}/\n")
    manifest = generate("systolic", ARRAY, output=FOLDER, testbench=True)
    files = [str(FOLDER / name) for name in (*manifest["files"], "manifest.json")]
    print(generate_verb.show({"files": files}))

    print("\n2. The Verilog against the golden model (bits) and the timing (cycles)\n")
    verification = verify("systolic", ARRAY)
    print(verify_verb.show(verification.to_json()))

    print("\n3. A network that reads handwritten digits, on this array\n")
    network = run(
        NETWORK / "digits.onnx",
        params=ARRAY,
        inputs=NETWORK / "test.npz",
        labels=NETWORK / "labels.npy",
        rtl=True,
        rtl_samples=RTL_SAMPLES,
        output=FOLDER / "run",
    )
    print(run_verb.show(network.to_json()))

    accurate = network.accuracy is not None and network.accuracy >= LEAST_ACCURACY
    if not accurate:
        print(f"\nThe accuracy is below {LEAST_ACCURACY:.0%}.", file=sys.stderr)
    agree = verification.passed and network.passed
    if agree:
        print("\nVerilog, golden model and simulator agree in every bit and every cycle.")
    return 0 if agree and accurate else 1


if __name__ == "__main__":
    sys.exit(main())
