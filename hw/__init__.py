"""How it is built: Amaranth components, Verilog, test benches."""
