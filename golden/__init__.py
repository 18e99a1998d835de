"""The specification: what every number must be."""
