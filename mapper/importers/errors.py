"""What importers raise."""

from golden.errors import UserError

__all__ = ["ModelError"]


class ModelError(UserError):
    """A model or workload that cannot be read; the message says where, and what is expected."""
