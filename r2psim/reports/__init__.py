"""A report: one page of HTML, made of what studies wrote, that needs nothing else to be read.

`kinds.py` has the table of kinds of directories; a kind is a function that makes a `Part` of a directory, and one line
of that table. `page.py` puts parts together. Nothing is simulated here, and every number is told as the command line
tells it.
"""

from r2psim.reports.page import CAVEAT, html, report

__all__ = ["CAVEAT", "html", "report"]
