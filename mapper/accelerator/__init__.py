"""Lowering: from a network to a program for the accelerator."""
