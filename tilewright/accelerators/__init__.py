"""Descriptions of accelerators that come along, one TOML file each."""
