"""Cycles of the programmable accelerator, instruction by instruction."""
