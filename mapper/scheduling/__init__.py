"""When which operator runs, and where tensors lie meanwhile."""
