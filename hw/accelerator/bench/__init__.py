"""Running programs on the Verilog of an accelerator."""
