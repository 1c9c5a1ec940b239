"""Batches: an experiment becomes points and runs, done by any number of workers into a directory that survives."""
