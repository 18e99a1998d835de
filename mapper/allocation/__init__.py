"""Static allocation: offsets of buffers whose lifetimes are known."""
