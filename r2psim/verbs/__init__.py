"""Verbs of the command line that need more than a few lines: one module for each job, and nothing that others import."""
