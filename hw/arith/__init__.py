"""Arithmetic: combinational, without control."""
