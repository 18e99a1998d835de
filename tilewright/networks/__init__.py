"""Small trained networks that ship with Tilewright."""
