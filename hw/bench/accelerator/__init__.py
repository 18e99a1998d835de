"""Test bench of the accelerator."""
