"""Rules in C, translated from their own source: for the benchmark, and for devices that run many of them at once."""
