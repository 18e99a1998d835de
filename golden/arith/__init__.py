"""Arithmetic that engines and operators share."""
