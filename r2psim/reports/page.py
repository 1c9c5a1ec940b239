"""A page of parts: two pages for whoever decides, the rest for whoever checks; one file that needs nothing else."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from r2psim.ensemble.output import check_file, fill_file
from r2psim.markup import Markup, element, join, table
from r2psim.reports.kinds import part_of
from r2psim.reports.parts import Figure, Part, Table

__all__ = ["CAVEAT", "html", "report"]

CAVEAT = "A model's world: it explains mechanisms, it forecasts no country."
HOW_TO_READ = (
    "A run is one course of an invented world, as chance has it; numbers are means over runs, and in brackets stand "
    "intervals. Not told apart: the interval reaches over zero, no difference. The null line is what the same study "
    "shows where assistance has no effect, so that nothing can be gained."
)
FILE = "report.html"

_STYLE = Path(__file__).with_name("style.css")
_FEW = 4
"""Sentences of where it fails, and of what is not known, in the pages for a decision; all of them stand further on."""


def report(directories: str | Path | Sequence[str | Path], out: str | Path | None = None, force: bool = False) -> Path:
    """Make one page of HTML of what studies wrote: question, world, verdict with interval and null line, how to redo.

    The page needs no network and no other file: figures are in it. It prints on A4. Numbers are those of the
    directories, written as the command line writes them; nothing is simulated.

    Parameters
    ----------
    directories : str, Path, or sequence of them
        Of ``--out`` of a verb of `r2psim.reports.kinds.KINDS`, such as ``compare``, ``batch`` or ``break-even``; a part
        of the page each, in this order.
    out : str or Path, optional
        File; ``report.html`` in the first directory if not given.
    force : bool
        Replace the file if it is there.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputError
        If a directory is none of these, is unfinished or damaged, or the file cannot be written or is there; nothing is
        written then.
    ValueError
        If no directory is given, or one is given twice.
    """
    paths = [Path(directories)] if isinstance(directories, str | Path) else [Path(one) for one in directories]
    if not paths:
        raise ValueError("a directory is needed")
    for path in paths:
        if sum(path.resolve() == other.resolve() for other in paths) > 1:
            raise ValueError(f"{path} is not allowed: each directory once")
    file = paths[0] / FILE if out is None else Path(out)
    parts = [part_of(path) for path in paths]
    check_file(file, force)
    text = html(parts)
    fill_file(file, lambda aside: aside.write_text(text, encoding="utf-8"), force)
    return file


def html(parts: Sequence[Part]) -> str:
    """Put parts together.

    Parameters
    ----------
    parts : sequence of Part
        At least one.

    Returns
    -------
    str
        A whole document, with its style and figures in it.
    """
    release = version("r2psim")
    title = parts[0].title if len(parts) == 1 else f"{parts[0].title}, and what it depends on"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        # Ours, and no markup in it.
        element("style", Markup(_STYLE.read_text(encoding="utf-8"))),
    )
    body = element(
        "body",
        element(
            "header",
            element("p", CAVEAT, class_="caveat"),
            element("h1", title),
            element("p", f"A report of r2psim {release}. ", _scope(parts), class_="by"),
            element("p", HOW_TO_READ, class_="by"),
        ),
        element("main", _short(parts), _full(parts)),
        element("footer", element("p", CAVEAT, class_="caveat")),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _scope(parts: Sequence[Part]) -> Markup:
    """Say how the page is made up, with links to where each directory is told in full."""
    links = [element("a", _label(part), href=f"#part-{k}") for k, part in enumerate(parts, 1)]
    lead = "First what a decision needs; then everything, for whoever checks it: "
    return join([lead, Markup(", ").join(links), "."])


def _label(part: Part) -> str:
    return f"{part.kind} ({part.name})"


# -- for a decision ----------------------------------------------------------------------------------------------------


def _short(parts: Sequence[Part]) -> Markup:
    alone = len(parts) == 1
    told: list[Markup] = []
    said: set[str] = set()
    for part in parts:
        told.append(_decision(part, alone, [each for each in part.unknown if each not in said]))
        said.update(part.unknown)
    first = next((part for part in parts if part.policies), None)
    if first is not None and not alone:
        # What they were run in stands with each of them further on.
        told.append(element("section", element("h2", "The policies"), _terms([*first.world[:1], *first.policies])))
    return element("section", *told, id="short", class_="short")


def _background(part: Part) -> list[Markup]:
    made = []
    for heading, terms in (("The policies", part.policies), ("The world", part.world)):
        made += [element("h3", heading), _terms(terms)] if terms else []
    return made


def _decision(part: Part, alone: bool, unknown: Sequence[str]) -> Markup:
    """Tell what a decision needs; where several directories are told, each in short."""
    inside = [
        element("h2", "What was asked, and what was found" if alone else part.title),
        element("p", part.question, class_="question"),
        element("p", _text(part.headline), class_="headline"),
        element("h3", "The null line: with nothing to be gained"),
        _said(part.null),
    ]
    if part.table is not None and alone:
        inside.append(_table(part.table))
    if part.verdict:
        inside += [element("h3", "What else was found"), _said(part.verdict)] if alone else []
    inside += [
        element("h3", "Where it fails"),
        _few(part.fails, "Nothing was found where it fails; what was not looked at is no finding."),
        element("h3", "What is not known"),
        _few(unknown, "Nothing beyond what is said above."),
    ]
    if alone:
        inside += _background(part)
        if part.figure is not None:
            inside.append(_figure(part.figure))
    return element("section", *inside, class_="decision")


def _few(sentences: Sequence[str], otherwise: str) -> Markup:
    if not sentences:
        return element("p", otherwise)
    left = len(sentences) - _FEW
    more = [f"{left} more further on."] if left > 0 else []
    return element("ul", *(element("li", _text(each)) for each in [*sentences[:_FEW], *more]))


# -- in full -----------------------------------------------------------------------------------------------------------


def _full(parts: Sequence[Part]) -> Markup:
    return element(
        "section",
        element("h2", "For whoever checks it"),
        *(_in_full(part, k, len(parts) == 1) for k, part in enumerate(parts, 1)),
        id="full",
        class_="full",
    )


def _in_full(part: Part, number: int, alone: bool) -> Markup:
    inside = [element("h3", f"{_label(part)}: {part.title}")]
    if not alone:
        for heading, terms in (("The world", part.world), ("The policies", part.policies)):
            inside += [element("h4", heading), _terms(terms)] if terms else []
        if part.verdict:
            inside += [element("h4", "What was found"), element("p", _text(part.headline)), _said(part.verdict)]
        inside += [_table(part.table)] if part.table is not None else []
        inside += [_figure(part.figure)] if part.figure is not None else []
    for heading, sentences in (("All that fails", part.fails), ("All that is not known", part.unknown)):
        if len(sentences) > _FEW:
            inside += [element("h4", heading), element("ul", *(element("li", _text(each)) for each in sentences))]
    if part.tables:
        inside += [element("h4", "Tables"), *(_table(each) for each in part.tables)]
    if part.figures:
        inside += [element("h4", "Figures"), *(_figure(each) for each in part.figures)]
    if part.notes:
        inside += [element("h4", "In the words of the command line"), _notes(part.notes)]
    inside += [element("h4", "How to make it again"), _again(part)]
    return element("section", *inside, id=f"part-{number}", class_="part")


def _notes(lines: Sequence[str]) -> Markup:
    """Set lines as paragraphs and lists: a line that begins with a hyphen is of a list."""
    made: list[Markup] = []
    items: list[Markup] = []
    for line in [*(line.strip() for line in lines), ""]:
        if line.startswith("- "):
            items.append(element("li", _text(line.removeprefix("- "))))
            continue
        if items:
            made.append(element("ul", *items))
            items = []
        if line:
            made.append(element("p", _text(line)))
    return join(made)


def _again(part: Part) -> Markup:
    said = [element("pre", element("code", part.again.command), tabindex="0")] if part.again.command else []
    return join([*said, _terms(part.again.facts)])


_TIED = re.compile(r"(?<=US\$) (?=[\d-])|(?<=\d) (?=(?:%|bn|m|trn|million|billion)(?!\w))")


def _text(text: str) -> str:
    """Keep numbers and their units on one line."""
    return _TIED.sub("\N{NO-BREAK SPACE}", text)


# -- elements ----------------------------------------------------------------------------------------------------------


def _said(sentences: Iterable[str]) -> Markup:
    return join(element("p", _text(each)) for each in sentences)


def _terms(terms: Iterable[tuple[str, str]]) -> Markup:
    return element("dl", *(element("div", element("dt", term), element("dd", _text(said))) for term, said in terms))


_LIMITS = re.compile(r"(?P<mean>\S.*?) (?P<limits>[(\[][^()\[\]]* to [^()\[\]]*[)\]])")


def _cell(text: str) -> Markup | str:
    """Set the lines of a cell one below the other, those after the first in smaller type; limits below their mean."""
    if (found := _LIMITS.fullmatch(text)) is not None:
        text = f"{found['mean']}\n{found['limits']}"
    first, *rest = _text(text).split("\n")
    return join([first, *(element("span", each, class_="below") for each in rest)]) if rest else first


def _table(found: Table) -> Markup:
    rows = [[_cell(cell) for cell in row] for row in found.rows]
    return table(found.heads, rows, found.caption, found.numbers)


def _figure(found: Figure) -> Markup:
    width, height = found.size
    source = f"data:image/png;base64,{base64.b64encode(found.png).decode('ascii')}"
    size: dict[str, Any] = {"width": width, "height": height}
    image = element("img", src=source, alt=found.alt, **size)
    # A drawing that is wider than a small screen is moved within its own frame, by keys too.
    frame = element("div", image, class_="frame", tabindex="0", role="group", aria_label=f"Figure: {found.caption}")
    return element("figure", frame, element("figcaption", found.caption))
