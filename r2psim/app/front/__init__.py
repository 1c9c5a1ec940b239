"""What a browser shows before a page is there, and instead of it: icon, loading page, a page without scripts.

``assets`` is served beside the framework's own files and before them; ``templates`` holds what stands around each page.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r2psim.declarations.columns import STAGES
from r2psim.markup import Markup, element, join

if TYPE_CHECKING:
    import jinja2

__all__ = ["ASSETS", "LOADER", "dress", "without_scripts"]

HERE = Path(__file__).parent
ASSETS = HERE / "assets"
LOADER = "r2psim"
"""Name of the loading page: ``loader-r2psim`` in ``templates``."""

PAGE = "solara.html.j2"
"""The framework's page, which ``index.html.j2`` of ``templates`` extends."""

MENDED = {
    "<html>": '<html lang="en">',
    ", maximum-scale=1, user-scalable=no, minimal-ui": "",
}
"""What the framework's page says, and what it should say: which language it is in, and that it may be enlarged."""

COMMANDS = (
    ("Watch one world", "r2psim run seminar --policy late-response --seed 7",
     "what happened in a world of invented states, and why, in plain sentences"),
    ("Argue about money", "r2psim compare seminar --policies late-response,prevention --runs 1000 --out study",
     "what prevention brings against late response under the same luck, with intervals"),
    ("Take it home", "r2psim report study",
     "the same in one file with its figures, which any browser shows without scripts"),
    ("Hold a seminar", "r2psim seminar-kit seminar --out kit",
     "the exercise on paper: roles, state sheets, map and script to print"),
)  # fmt: skip
"""What the pages do, where no script runs: purpose, command line, what it gives."""


def without_scripts() -> Markup:
    """Write what is shown where a browser runs no scripts: why it needs them, and what can be done without."""
    ways = [
        join((element("dt", title), element("dd", element("code", line), element("br"), f"{gives}.")))
        for title, line, gives in COMMANDS
    ]
    return element(
        "div",
        element("h1", "r2psim"),
        element(
            "p",
            "A simulation of what early assistance to states at risk of atrocity crimes buys against late response, in "
            "invented worlds. It explains mechanisms; it forecasts no country.",
        ),
        element(
            "p",
            "These pages draw worlds and comparisons as you change them; for that they run scripts, which this browser "
            "does not. The scripts come from this server alone, and nothing is sent to any other: allow them for this "
            "address, or use the command line, which computes the same.",
        ),
        element("h2", "The same on the command line"),
        element("dl", *ways),
        element("h2", "The five stages"),
        element("p", "Every group stands at one of them: ", ", ".join(f"{k} {n}" for k, n in enumerate(STAGES)), "."),
        class_="r2p-without",
    )


def _page(name: str) -> str | None:
    """Give the framework's page as it should be; None for any other template."""
    import solara.server.server

    if name != PAGE:
        return None
    text = (Path(solara.server.server.directory) / "templates" / PAGE).read_text(encoding="utf-8")
    for said, wanted in MENDED.items():
        text = text.replace(said, wanted)
    return text


@lru_cache(maxsize=1)
def _templates(app_name: str) -> jinja2.Environment:
    """Give the templates of pages, ours before the framework's."""
    import jinja2
    import solara.server.server

    own = jinja2.FileSystemLoader(HERE / "templates")
    framework = jinja2.FileSystemLoader(Path(solara.server.server.directory) / "templates")
    loader = jinja2.ChoiceLoader([own, jinja2.FunctionLoader(_page), framework])
    made = jinja2.Environment(loader=loader, autoescape=True)
    made.globals["without_scripts"] = without_scripts
    return made


def dress() -> None:
    """Have every page that this process serves begin with our icon and our loading page."""
    import solara.server.server
    import solara.server.settings

    settings: Any = solara.server.settings
    settings.theme.loader = LOADER
    if str(ASSETS) not in settings.assets.extra_locations:
        settings.assets.extra_locations = [*settings.assets.extra_locations, str(ASSETS)]
    vars(solara.server.server)["get_jinja_env"] = _templates
