"""Systolic arrays, whatever their elements multiply."""
