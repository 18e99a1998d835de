"""Engines: params, jobs, layout and arithmetic, one module for each engine."""
