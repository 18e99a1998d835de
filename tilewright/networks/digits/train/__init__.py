"""How the digits network is trained and exported, in plain NumPy."""
