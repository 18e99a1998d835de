"""Synthesis of emitted Verilog: area, flip-flops, delay, with Yosys and ABC from ``pyosys``."""
