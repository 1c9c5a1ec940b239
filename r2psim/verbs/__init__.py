"""Verbs of the command line that write both numbers and figures."""
