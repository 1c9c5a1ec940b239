"""Every page that ships points only at files that ship, and at headings that are in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MADE = ROOT / "docs" / "reference" / "generated"
PAGES = sorted(
    {
        page
        for pattern in ("*.md", "docs/**/*.md", "*/README.md", "scenarios/**/*.md", ".github/**/*.md")
        for page in ROOT.glob(pattern)
        if MADE not in page.parents and not any(part.startswith(".venv") for part in page.parts)
    }
)
LINK = re.compile(r"\]\((?![a-z]+:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
FENCE = re.compile(r"^ *```.*?^ *```\s*?$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)


def prose(text: str) -> str:
    """Leave out blocks of code, in which brackets are no links and signs no headings."""
    return FENCE.sub("", text)


def anchors(text: str) -> set[str]:
    """Give the anchors of a page's headings, as hosts of repositories and the site make them."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in HEADING.findall(prose(text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


def astray(page: Path) -> Iterator[str]:
    """Give every link of a page that leads nowhere."""
    for link in LINK.finditer(prose(page.read_text(encoding="utf-8"))):
        target = page.parent / link["path"] if link["path"] else page
        if not target.exists():
            yield f"{link['path']}: there is no such file"
        elif link["anchor"] and link["anchor"] not in anchors(target.read_text(encoding="utf-8")):
            yield f"{link['path']}#{link['anchor']}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert list(astray(page)) == []


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# Two words: `x`\n\n## Again\n\n## Again\n\n```\n# no heading\n```\n")
    page.write_text(
        "[a](other.md) [b](other.md#two-words-x) [c](other.md#again-1) [d](#here)\n# Here\n```\n[e](gone.md)\n```\n"
    )
    assert list(astray(page)) == []
    page.write_text("[a](gone.md)\n[b](other.md#no-heading)\n[c](#again)\n")
    assert list(astray(page)) == [
        "gone.md: there is no such file",
        "other.md#no-heading: there is no such heading",
        "#again: there is no such heading",
    ]


def test_the_readme_shows_the_comparison() -> None:
    shown = [link["path"] for link in LINK.finditer((ROOT / "README.md").read_text(encoding="utf-8"))]
    assert "docs/figures/cost-argument.png" in shown
