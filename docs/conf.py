"""How the site is built: ``make site``. Nothing is fetched while it is built, and nothing when it is read."""

from __future__ import annotations

import inspect
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import pages
from docutils import nodes

import r2psim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx.application import Sphinx

project = "r2psim"
author = "The r2psim developers"
project_copyright = author
version = release = r2psim.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "sphinx_copybutton"]
root_doc = "index"
exclude_patterns = ["figures", "_static"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
# Only what is written as a link is one: names of files stand in the text without being addresses.
myst_linkify_fuzzy_links = False

# A name in single backticks is a link where there is such an object, else code.
default_role = "py:obj"
# What is copied out of a page must be what the program takes.
smartquotes = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
add_module_names = False
maximum_signature_line_length = 90
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "furo"
pygments_dark_style = "github-dark"
html_title = f"r2psim {release}"
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
# Fonts are those of the reader's system: no page asks anybody else for anything.
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {"color-brand-primary": "#0b5394", "color-brand-content": "#0b5394"},
    "dark_css_variables": {"color-brand-primary": "#7fb8f0", "color-brand-content": "#7fb8f0"},
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def _relinked(app: Sphinx, name: str, source: list[str]) -> None:
    """Have links lead to pages of the site, wherever in the repository their file lies."""
    file = Path(app.env.doc2path(name))
    if file.suffix == ".md" and pages.GENERATED not in file.parents:
        source[0] = pages.relinked(source[0], file, file)


PROSE = 30
"""Characters of a cell from which its column is read and not only looked up."""


def _prose(app: Sphinx, tree: nodes.document) -> None:
    """Mark the columns of tables that hold sentences: they are given room, and the table scrolls instead.

    A head without a word, which Markdown cannot leave out, is taken away.
    """
    for head in list(tree.findall(nodes.thead)):
        if not head.astext().strip():
            head.parent.remove(head)
    for table in tree.findall(nodes.table):
        rows = [[entry for entry in row if isinstance(entry, nodes.entry)] for row in table.findall(nodes.row)]
        for column in zip(*rows, strict=False):
            if max(len(entry.astext()) for entry in column) > PROSE and not _all_code(column[1:]):
                for entry in column:
                    entry["classes"].append("prose")


def _all_code(column: Sequence[nodes.entry]) -> bool:
    return all(len(entry.astext().split()) <= 1 for entry in column)


def _signature(
    app: Sphinx, what: str, name: str, found: object, options: object, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Leave out how a result is put together: functions do that, and its attributes are told."""
    if what == "class" and signature and "Parameters\n" not in (inspect.getdoc(found) or ""):
        return "", None
    return signature, returned


def _no_empty_glob(record: logging.LogRecord) -> bool:
    """Pass on all warnings but one: which pages a folder will hold is not known here, and none is no fault."""
    return getattr(record, "subtype", None) != "empty_glob"


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the generated pages before any is read."""
    logging.getLogger("sphinx.sphinx.directives.other").addFilter(_no_empty_glob)
    pages.write(pages.GENERATED)
    app.connect("source-read", _relinked)
    app.connect("doctree-read", _prose)
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True}
