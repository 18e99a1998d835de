"""Readers of models and workloads."""
