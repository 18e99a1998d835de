"""What an engine publishes about itself: jobs, and which element travels where.

Everything here is data. Benches and address generation read these descriptions and nothing
else about an engine.
"""

from golden.contract.engine import EngineParams, GoldenEngine
from golden.contract.jobs import Axis, Dim, Group, Job, Jobs, Operand, Width
from golden.contract.layout import Beat, Fusing, JobField, Lane, Layout, PortLayout

__all__ = [
    "Axis",
    "Beat",
    "Dim",
    "EngineParams",
    "Fusing",
    "GoldenEngine",
    "Group",
    "Job",
    "JobField",
    "Jobs",
    "Lane",
    "Layout",
    "Operand",
    "PortLayout",
    "Width",
]
