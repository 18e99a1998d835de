"""The programmable accelerator around an engine."""
