"""Post-training quantization of networks to narrow weights."""
