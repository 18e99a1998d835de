"""Exact timing, one module for each engine."""
