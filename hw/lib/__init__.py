"""Components that engines and accelerators are built from."""
