"""Small studies for tests."""

from pathlib import Path

from tilewright.sweeps.reading import read_study
from tilewright.sweeps.study import Study

ENGINES = """
workloads = ["gemm:96x64x48"]
{top}

[objectives]
cycles = "minimise"
dram_bytes = "minimise"

[[designs]]
engine = "systolic"
[designs.space]
rows = {{ low = 4, high = 16, factor = 2 }}
cols = [4, 8]
dataflow = ["ws", "os"]

[[designs]]
engine = "lut"
[designs.set]
k_max = 64
[designs.space]
m = {{ low = 2, high = 6, step = 2 }}
"""


def engines_text(**top: str | int) -> str:
    """A study of bare engines, 15 points, each evaluated in milliseconds."""
    lines = (
        f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
        for key, value in top.items()
    )
    return ENGINES.format(top="\n".join(lines))


def engines_study(**top: str | int) -> Study:
    """The same, read."""
    return read_study(engines_text(**top), "engines.toml", Path())
