"""A report read as a browser reads it: headings, tables, figures, links and text."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["Report", "read_report"]

VOID = {"meta", "img", "br"}
LOADS = ("src", "href", "srcset", "poster", "data", "action", "background", "xlink:href")
"""Attributes by which a browser loads something, or goes somewhere."""


class Report(HTMLParser):
    """Elements of a report; checks that they are closed in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.language: str | None = None
        self.tags: set[str] = set()
        self.headings: list[tuple[int, str]] = []
        self.tables: list[list[list[str]]] = []
        self.captions: list[str] = []
        self.scopes: list[str | None] = []
        self.images: list[dict[str, str | None]] = []
        self.goes: list[str] = []
        self.ids: list[str] = []
        self.styles: list[str] = []
        self.marked: dict[str, list[str]] = {}
        self.code: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.add(tag)
        self.goes += [value or "" for key, value in attrs if key in LOADS]
        self.ids += [value or "" for key, value in attrs if key == "id"]
        self.styles += [value or "" for key, value in attrs if key == "style"]
        assert not [key for key in named if key.startswith("on")], "no page of a report runs anything"
        if tag == "html":
            self.language = named.get("lang")
        if tag == "img":
            self.images.append(named)
        if tag == "table":
            self.tables.append([])
            self.captions.append("")
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.tables[-1][-1].append("")
        if tag == "th":
            self.scopes.append(named.get("scope"))
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.headings.append((int(tag[1]), ""))
        if named.get("class") in ("caveat", "headline", "question"):
            self.marked.setdefault(str(named["class"]), []).append("")
            self.within = str(named["class"])
        if tag not in VOID:
            self.open.append(tag)

    within = ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.within = "" if tag == "p" else self.within

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            self.styles.append(data)
            return
        data = data.replace("\N{NO-BREAK SPACE}", " ")
        self.text += data
        if self.open and self.open[-1][0] == "h" and self.open[-1][1:].isdigit():
            level, told = self.headings[-1]
            self.headings[-1] = (level, told + data)
        if "caption" in self.open:
            self.captions[-1] += data
        elif "th" in self.open or "td" in self.open:
            self.tables[-1][-1][-1] += ("" if self.open[-1] in ("th", "td") else "\n") + data
        if "code" in self.open:
            self.code.append(data)
        if self.within:
            self.marked[self.within][-1] += data

    def table(self, caption: str) -> list[list[str]]:
        """Give the rows of the table whose caption begins so."""
        return next(rows for rows, own in zip(self.tables, self.captions, strict=True) if own.startswith(caption))

    @property
    def cells(self) -> set[str]:
        """Every cell of every table, its lines apart."""
        return {line for rows in self.tables for row in rows for cell in row for line in (cell, *cell.split("\n"))}


def read_report(html: str) -> Report:
    """Read a report, and insist that it is well formed."""
    page = Report()
    page.feed(html)
    page.close()
    assert not page.open
    return page
