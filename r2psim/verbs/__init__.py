"""Verbs of the command line that need more than a few lines, one module for each job; nothing else imports them."""
