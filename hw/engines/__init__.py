"""RTL, one module for each engine."""
