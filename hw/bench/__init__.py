"""Test bench for the emitted Verilog of any engine.

The modules here need cocotb, NumPy and a simulator, and nothing else of Tilewright: they are
copied beside generated Verilog so that its bench runs anywhere.
"""
