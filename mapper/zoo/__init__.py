"""Published networks as graphs of sizes: built from shapes, without weights."""
