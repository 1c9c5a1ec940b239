"""The table of pages: where they are, what they are called, and which module has each.

To add a page: a module with ``@solara.component def Page()``, and a line in `PAGES`.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PAGES", "UNLISTED", "Entry"]


class Entry(NamedTuple):
    """A page.

    Attributes
    ----------
    path : str
        Where it is: ``/`` or a single name.
    label : str
        What it is called.
    module : str
        Has the component `Page`.
    """

    path: str
    label: str
    module: str


PAGES = (
    Entry("/", "Start", "r2psim.app.start"),
    Entry("explore", "Explore", "r2psim.app.explore"),
    Entry("compare", "Compare", "r2psim.app.compare"),
    Entry("seminar", "Seminar", "r2psim.app.seminar"),
    Entry("glossary", "Glossary", "r2psim.app.glossary"),
)
"""All pages that are offered, in their order."""

UNLISTED = (
    Entry("join", "Join", "r2psim.app.seminar_join"),
    Entry("projector", "Projector", "r2psim.app.seminar_projector_page"),
)
"""Pages that are reached by a link."""
