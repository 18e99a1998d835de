"""What is known about an answer."""

from enum import StrEnum

__all__ = ["Status"]


class Status(StrEnum):
    """What is known about an answer.

    OPTIMAL: there is one, and a proof that none is better. FEASIBLE: there is one. INFEASIBLE:
    a proof that there is none. UNKNOWN: none was found, nor a proof that there is none.
    """

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"
