"""Errors that are a user's mistake."""

__all__ = ["UserError"]


class UserError(ValueError):
    """What was given can not be; the message says so in a sentence, and what is allowed."""
