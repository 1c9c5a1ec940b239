"""How fast the rules run: side by side with Mesa, with C and with whole-array NumPy."""
