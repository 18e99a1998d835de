"""Processes that come along, a TOML file each."""
