"""What the pages tell a reader to type is there, runs, and prints what they show."""

from __future__ import annotations

from pathlib import Path

import pytest
from snippets import LANGUAGES, ROOT, RUN, Block, Page, blocks_of, command_lines, refused

GUIDES = sorted(
    page for folder in ("tutorials", "howto") for page in (ROOT / "docs" / folder).glob("*.md") if page.stem != "index"
)
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *GUIDES]
PAGES += [ROOT / "scenarios" / "README.md", ROOT / "experiments" / "README.md"]
PAGES = [page for page in PAGES if any(block.language in RUN for block in blocks_of(page))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def run_page(page: Path, directory: Path, slow: bool) -> None:
    """Run the blocks of a page in their order; without ``slow`` those that are quick."""
    running = Page(directory)
    for block in blocks_of(page):
        if block.wants("parse") or (block.wants("slow") and not slow):
            continue
        running.run(block)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_of_a_page_is_there(page: Path) -> None:
    for block in blocks_of(page):
        assert block.language in LANGUAGES, f"{block}: nothing is known of the language {block.language}"
        wrong = [(" ".join(words), told) for words in command_lines(block) if (told := refused(words))]
        assert not wrong, f"{block}: {wrong}"
        if block.language == "python":
            compile(block.text, str(block), "exec")


def quick(page: Path) -> bool:
    return any(block.language in RUN and not {"parse", "slow"} & set(block.wishes) for block in blocks_of(page))


@pytest.mark.parametrize("page", [page for page in PAGES if quick(page)], ids=name_of)
def test_what_a_page_shows_runs(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(block.wants("slow") for block in blocks_of(page))], ids=name_of
)
def test_all_that_a_page_shows_runs(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path, slow=True)


def test_every_guide_begins_from_an_empty_directory_and_says_what_it_needs() -> None:
    assert GUIDES, "there are none"
    for page in GUIDES:
        assert any(block.language in RUN for block in blocks_of(page)), f"{page}: nothing in it is run"


def made(tmp_path: Path, text: str) -> tuple[Page, list[Block]]:
    page = ROOT / "docs" / "made-up.md"
    file = tmp_path / "page.md"
    file.write_text(text, encoding="utf-8")
    blocks = [Block(page, b.line, b.language, b.text, b.wishes) for b in blocks_of(file)]
    return Page(tmp_path), blocks


def test_output_that_is_not_printed_is_seen(tmp_path: Path) -> None:
    running, (right, wrong) = made(
        tmp_path, "```console\n$ echo a; echo b\na\n...\nb\n```\n\n```console\n$ echo a; echo b\nb\na\n```\n"
    )
    running.run(right)
    with pytest.raises(AssertionError, match="'a' is not printed"):
        running.run(wrong)


def test_a_command_that_fails_is_seen(tmp_path: Path) -> None:
    running, (first, second) = made(tmp_path, "```sh\nfalse\n```\n<!-- snippet: fails -->\n```sh\nexit 2\n```\n")
    running.run(second)
    with pytest.raises(AssertionError, match="ended with 1"):
        running.run(first)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["r2psim", "rnu", "seminar"], "no verb rnu"),
        (["r2psim", "run", "seminar", "--polcy", "x"], "polcy"),
        (["r2psim", "compare", "seminar", "--runs", "1"], "--runs"),
        (["python", "-m", "r2psim.bench.nothing"], "no module"),
        (["frobnicate"], "no program"),
    ],
)
def test_a_command_that_is_not_there_is_named(words: list[str], told: str) -> None:
    assert told in refused(words)


def test_a_command_that_is_there_is_let_through() -> None:
    assert refused(["r2psim", "compare", "seminar", "--runs", "20"]) == ""
