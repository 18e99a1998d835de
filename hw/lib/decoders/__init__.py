"""Decoders in front of an engine: from what is stored to what it multiplies."""
