"""The accelerator: its description, its instruction set, and what programs mean."""
