"""Test benches for the emitted Verilog of any engine and any accelerator.

The modules here need cocotb, NumPy and a simulator, and nothing else of Tilewright: they are
copied beside generated Verilog so that its bench runs anywhere.
"""
