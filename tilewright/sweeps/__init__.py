"""Exploring design spaces: studies, samplers, workers, results."""
