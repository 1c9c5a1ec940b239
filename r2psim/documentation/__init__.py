"""Documents, or parts of them, that are generated from what the package declares."""
