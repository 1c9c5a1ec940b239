"""The site of the documentation: what is generated is whole, links lead on, and nothing outside is asked for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest
import typer

import r2psim
from r2psim.cli import app
from r2psim.declarations.channels import CHANNELS, MANDATES
from r2psim.declarations.columns import TABLES
from r2psim.ensemble.measures import METRICS, SERIES
from r2psim.scenario.catalogue import catalogue
from r2psim.scenario.loading import load
from r2psim.scenario.parameters import PARAMETERS
from r2psim.scenario.shipped import shipped_names

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def pages() -> Iterator[ModuleType]:
    """Give the module that makes the generated pages: it lies beside them and not in the package."""
    sys.path.insert(0, str(DOCS))
    try:
        import pages

        yield pages
    finally:
        sys.path.remove(str(DOCS))
        sys.modules.pop("pages", None)


@pytest.fixture(scope="module")
def made(pages: ModuleType) -> dict[str, str]:
    """Make the generated pages; pictures of notebooks left out."""
    return {name: text for name, text in pages.generated().items() if isinstance(text, str)}


def verbs(command: object, name: str) -> Iterator[str]:
    """Give the words by which each verb is called."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name
        return
    for word, verb in inner.items():
        if not verb.hidden:
            yield from verbs(verb, f"{name} {word}")


def test_every_verb_stands_on_the_page_with_each_of_its_options(made: dict[str, str]) -> None:
    page = made["command-line.md"]
    names = list(verbs(typer.main.get_command(app), "r2psim"))
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == names
    compare = page.partition("## r2psim compare\n")[2].partition("\n## ")[0]
    assert {"`--policies A,B,...`", "`--json`"} <= set(re.findall(r"`--[^`]+`", compare))


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("parameters.md", list(PARAMETERS)),
        ("metrics.md", [*METRICS, *SERIES]),
        ("catalogue.md", list(catalogue())),
        ("channels.md", list(CHANNELS)),
        ("columns.md", [column.name for table in TABLES.values() for column in table.columns]),
        ("bodies.md", [*MANDATES, *(body for name in shipped_names() for body in load(name).bodies)]),
        ("policies.md", [policy for name in shipped_names() for policy in load(name).policies]),
        ("scenarios.md", list(shipped_names())),
        ("schema.md", ["extends", "real_names", "neighbours", "status", "mandates", "budget"]),
    ],
)
def test_every_name_that_is_declared_stands_on_its_page(page: str, names: list[str], made: dict[str, str]) -> None:
    assert [name for name in names if f"`{name}`" not in made[page]] == []


def test_every_public_name_has_a_page(made: dict[str, str]) -> None:
    shown = {Path(name).stem for name in made if re.match(r"api/(functions|classes)/", name)}
    assert shown == {name for name in dir(r2psim) if not name.startswith("_")}
    # There are file systems for which capitals make no difference.
    assert len({name.lower() for name in made}) == len(made)


def test_links_lead_to_pages_of_the_site_or_are_names_of_files(pages: ModuleType) -> None:
    source = ROOT / "README.md"
    text = (
        "[a](docs/ODD.md#x) [scenarios/](scenarios/) [tests](tests/golden.py) [the tests](tests/) "
        "[e](https://x.y) ![f](docs/figures/a.png)"
    )
    assert pages.relinked(text, source, pages.GENERATED / "overview.md") == (
        "[a](../../ODD.md#x) [scenarios/](shipped-scenarios.md) `tests/golden.py` the tests (`tests/`) "
        "[e](https://x.y) ![f](../../figures/a.png)"
    )
    block = "```python\nfigure[0](docs/ODD.md)\n```"
    assert pages.relinked(block, source, pages.GENERATED / "overview.md") == block


def test_a_text_is_not_taken_for_marks(pages: ModuleType) -> None:
    assert pages.words("[default: 1] <int> *a_b*") == r"\[default: 1\] \<int\> \*a\_b\*"
    assert pages.table(("a", "b"), [("x|y", "two\nlines")]).splitlines()[-1] == r"| x\|y | two lines |"


# -- built -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, with warnings as errors; ``R2PSIM_SITE`` names one that `make site` has just built."""
    built = os.environ.get("R2PSIM_SITE")
    if built:
        return Path(built)
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site")
    # Whoever asks anybody outside is sent to a port on which nothing listens.
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", "-d", f"{folder}/trees"]
    done = subprocess.run(
        [*command, str(DOCS), f"{folder}/html"],
        capture_output=True,
        text=True,
        env=os.environ | nowhere | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


class Loaded(HTMLParser):
    """What a page has a browser load, and where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "srcset", "poster", "data") or (name == "href" and tag == "link"):
                self.loads.append(value or "")
            elif name == "href":
                self.leads.append(value or "")


@pytest.mark.slow
def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        found = Loaded(page.read_text(encoding="utf-8"))
        assert not [address for address in found.loads if re.match(r"(?!data:)(?:[a-z]+:)?//", address)], page
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*['\"]?\s*(?:https?:)?//", style.read_text(encoding="utf-8")), style


@pytest.mark.slow
def test_every_link_between_pages_leads_somewhere(site: Path) -> None:
    ids: dict[Path, set[str]] = {}
    for page in sorted(site.rglob("*.html")):
        for address in Loaded(page.read_text(encoding="utf-8")).leads:
            path, _, anchor = address.partition("#")
            if re.match(r"[a-z]+:", path):
                continue
            target = (page.parent / path).resolve() if path else page.resolve()
            assert target.exists(), f"{page.relative_to(site)} leads to {address}"
            if anchor and target.suffix == ".html":
                if target not in ids:
                    ids[target] = set(re.findall(r'\bid="([^"]+)"', target.read_text(encoding="utf-8")))
                assert anchor in ids[target], f"{page.relative_to(site)} leads to {address}"


@pytest.mark.slow
def test_every_document_is_in_the_site(site: Path) -> None:
    documents = [file for file in DOCS.rglob("*.md") if not {"generated", "figures"} & set(file.parts)]
    assert len(documents) > 15
    assert [str(f) for f in documents if not (site / f.relative_to(DOCS).with_suffix(".html")).exists()] == []
