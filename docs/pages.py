"""The pages of the site that nobody writes: made of what the package declares, each time the site is built.

``python docs/pages.py`` writes them into ``docs/reference/generated``, which is not kept in the repository.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
GENERATED = HERE / "reference" / "generated"

MODULES = {
    "r2psim.plots": "Figures",
    "r2psim.scenario": "Scenarios",
    "r2psim.agents": "The model in Mesa, and policies in Python",
}
"""Modules whose public names are documented beside those of `r2psim` itself, and what their pages are called."""

COPIED = {
    "README.md": "overview",
    "scenarios/README.md": "shipped-scenarios",
    "scenarios/samples/README.md": "shipped-samples",
    "experiments/README.md": "shipped-experiments",
    "CHANGELOG.md": "changelog",
    "CONTRIBUTING.md": "contributing",
    "CODE_OF_CONDUCT.md": "code-of-conduct",
    "SECURITY.md": "security",
}
"""Pages that lie where their files are, and the names under which the site has them too."""

Text = dict[str, str | bytes]
"""Path of a file below the folder of generated pages -> what is in it."""


# -- writing -----------------------------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table of Markdown; a bar or the end of a line inside a cell would end it."""
    lines = [head, ["---"] * len(head), *rows]
    cells = ([" ".join(str(cell).split()).replace("|", "\\|") or "-" for cell in line] for line in lines)
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)


def words(text: str) -> str:
    """Write a text that is no Markdown, so that none of its signs is taken for a mark."""
    return re.sub(r"([\\`*_<>\[\]{}$#])", r"\\\1", text)


def code(text: Any) -> str:
    """Write a piece of code."""
    return f"`{text}`"


def number(value: Any) -> str:
    """Write a number as short as it can be read back."""
    return f"{value:,.10g}" if isinstance(value, float) else str(value)


def page(title: str, *parts: str) -> str:
    """Put a page together."""
    return "\n\n".join([f"# {title}", *parts]) + "\n"


def fenced(text: str, language: str = "text") -> str:
    """Write a block as it stands."""
    return f"```{language}\n{text.rstrip()}\n```"


# -- links -------------------------------------------------------------------------------------------------------------

_FENCE = re.compile(r"(^```.*?^```\s*?$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?P<open>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<path>[^)\s#]*)(?P<anchor>#[^)\s]*)?\)")


def _page_of(target: Path) -> Path | None:
    """Find the page of the site that shows a file or a folder of the repository."""
    if target.is_dir():
        target = target / ("index.md" if (target / "index.md").exists() else "README.md")
    inside = os.path.relpath(target, ROOT).replace(os.sep, "/")
    if inside in COPIED:
        return GENERATED / f"{COPIED[inside]}.md"
    if inside == "notebooks/README.md":
        return HERE / "tutorials" / "index.md"
    if target.suffix == ".ipynb":
        return GENERATED / "notebooks" / f"{target.stem}.md"
    return target if HERE in target.parents and target.suffix in (".md", ".rst") and target.exists() else None


def relinked(text: str, source: Path, shown: Path) -> str:
    """Have the links of a page lead on where the page is shown in the site.

    Parameters
    ----------
    text : str
        Markdown.
    source : Path
        File that it is read from: links are relative to its folder.
    shown : Path
        File that the site takes it from.

    Returns
    -------
    str
        A link to a page of the site is relative to ``shown``; one to any other file of the repository, which the site
        does not have, is its path as code.
    """

    def lead(found: re.Match[str]) -> str:
        path = unquote(found["path"])
        if not path or re.match(r"[a-z]+:", path):
            return found[0]
        target = Path(os.path.normpath(source.parent / path))
        if found["open"]:
            return f"![{found['text']}]({os.path.relpath(target, shown.parent)})"
        leads = _page_of(target)
        if leads is not None:
            return f"[{found['text']}]({os.path.relpath(leads, shown.parent)}{found['anchor'] or ''})"
        inside = os.path.relpath(target, ROOT) + ("/" if target.is_dir() else "")
        name = found["text"].strip("`")
        return code(inside) if name.rstrip("/") in inside else f"{found['text']} ({code(inside)})"

    parts = _FENCE.split(text)
    return "".join(part if part.startswith("```") else _LINK.sub(lead, part) for part in parts)


def _copied() -> Iterator[tuple[str, str]]:
    for file, name in COPIED.items():
        source = ROOT / file
        shown = GENERATED / f"{name}.md"
        yield shown.name, relinked(source.read_text(encoding="utf-8"), source, shown)


# -- notebooks ---------------------------------------------------------------------------------------------------------


def _notebooks() -> Iterator[tuple[str, str | bytes]]:
    """Show the notebooks with the outputs that are kept in them."""
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        shown = GENERATED / "notebooks" / f"{file.stem}.md"
        parts = []
        pictures = 0
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
            text = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                parts.append(relinked(text, file, shown))
                continue
            parts.append(fenced(text, "python"))
            for output in cell["outputs"]:
                data = output.get("data", {})
                if "image/png" in data:
                    pictures += 1
                    name = f"{file.stem}-{pictures}.png"
                    yield f"notebooks/{name}", base64.b64decode(data["image/png"])
                    about = words(" ".join("".join(data.get("text/plain", "a figure")).strip("<>").split()))
                    parts.append(f"![{about}]({name})")
                elif told := "".join(output.get("text") or data.get("text/plain", "")):
                    parts.append(fenced(told))
        path = os.path.relpath(file, shown.parent)
        parts.insert(1, f"The notebook itself: {{download}}`{file.name} <{path}>`; `make notebook` opens it.")
        yield f"notebooks/{file.stem}.md", "\n\n".join(parts) + "\n"


# -- the command line --------------------------------------------------------------------------------------------------


def _commands(command: Any, above: Any, name: str) -> Iterator[tuple[Any, Any]]:
    """Give every verb with its context, and those of groups within groups."""
    context = command.context_class(command, info_name=name, parent=above)
    if not hasattr(command, "commands"):
        yield command, context
        return
    for inner, verb in command.commands.items():
        if not verb.hidden:
            yield from _commands(verb, context, inner)


def _verb(command: Any, context: Any) -> str:
    path = context.command_path
    records = [(kind, p.get_help_record(context)) for p in command.params for kind in (p.param_type_name,)]
    parts = [f"## {path}", _help(command.help or ""), fenced(command.get_usage(context).removeprefix("Usage: "), "sh")]
    for kind, title in (("argument", "argument"), ("option", "option")):
        rows = [(code(record[0]), words(record[1])) for of, record in records if of == kind and record is not None]
        if rows:
            parts.append(table((title, "what it does"), rows))
    # What the help says below its options, whoever wrote it there.
    _, heading, below = command.get_help(context).partition("\nExamples:\n")
    return "\n\n".join([*parts, *([fenced(f"{heading}{below}".strip())] if heading else [])])


def _help(text: str) -> str:
    r"""Write a help text: paragraphs, with examples that a ``\b`` or an indent keeps as they stand."""
    parts = []
    for paragraph in re.split(r"\n\s*\n", text.replace("\f", "").strip()):
        lines = paragraph.splitlines()
        kept = lines[0].strip() == "\b" or all(line.startswith("  ") for line in lines)
        lines = [line for line in lines if line.strip() != "\b"]
        parts.append(fenced("\n".join(lines), "text") if kept else words("\n".join(lines)))
    return "\n\n".join(parts)


def _command_line() -> str:
    import typer

    from r2psim.cli import app

    command = typer.main.get_command(app)
    verbs = [_verb(*found) for found in _commands(command, None, "r2psim")]
    about = "Every verb, with what `r2psim VERB --help` says of it."
    return page("Command line", about, _help(command.help or ""), *verbs)


# -- files -------------------------------------------------------------------------------------------------------------


def _kind(schema: Mapping[str, Any]) -> str:
    """Say in a few words what a value may be."""
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "$ref" in schema:
        return _named(schema["$ref"].rsplit("/", 1)[1])
    if "const" in schema or "enum" in schema:
        values = [code(json.dumps(value)) for value in schema.get("enum", [schema.get("const")])]
        return f"one of {', '.join(values)}" if len(values) > 1 else values[0]
    items = schema.get("items")
    if schema.get("type") == "array":
        return f"list of {_kind(items)}" if items else "list"
    for inner in (schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()):
        if isinstance(inner, Mapping) and inner:
            return f"table by name, of {_kind(inner)}"
    return _scalar(schema)


def _named(table_name: str) -> str:
    if table_name.startswith("Parameters") or table_name == "Overrides":
        return "table of [parameters](parameters.md)"
    shown = table_name.lstrip("_")
    return f"[table {shown}](#table-{shown.lower()})"


def _scalar(schema: Mapping[str, Any]) -> str:
    if "minimum" in schema and schema["minimum"] == schema.get("maximum"):
        return code(schema["minimum"])
    bounds = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    kind = schema.get("type", "any value")
    ends = [f"{word} {number(schema[key])}" for key, word in bounds.items() if key in schema]
    return " ".join([kind if isinstance(kind, str) else " or ".join(kind), *ends])


def _keys(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = []
    for key, value in schema.get("properties", {}).items():
        default = code(json.dumps(value["default"])) if "default" in value else "-"
        default = "must be given" if key in required else default
        rows.append((code(key), _kind(value), default, words(value.get("description", ""))))
    return table(("key", "value", "default", "meaning"), rows) if rows else "Keys are names of your own."


def _schema(title: str, about: str, schema: Mapping[str, Any], command: str) -> str:
    parts = [
        f"{about} `{command}` prints the same as JSON Schema, for editors.",
        "## The file",
        words(schema.get("description", "")),
        _keys(schema),
    ]
    for name, inner in schema.get("$defs", {}).items():
        if name.startswith("Parameters") or name == "Overrides":
            continue  # a page of its own
        parts += [f"## Table {name.lstrip('_')}", words(inner.get("description", "")), _keys(inner)]
    return page(title, *(part for part in parts if part))


def _schemas() -> Iterator[tuple[str, str]]:
    from r2psim.ensemble.batch.schema import json_schema as of_experiments
    from r2psim.scenario import json_schema as of_scenarios
    from r2psim.scenario.trials import json_schema as of_trials

    yield (
        "schema.md",
        _schema(
            "Scenario files",
            "What a scenario file may hold. The tables `parameters` and `overrides` take the paths of "
            "[all parameters](parameters.md).",
            of_scenarios(),
            "r2psim schema",
        ),
    )
    about = "What an experiment file may hold; [Experiments](../../EXPERIMENTS.md) says what it does."
    yield (
        "schema-experiments.md",
        _schema("Experiment files", about, of_experiments(), "r2psim schema --experiment"),
    )
    about = "What a file of trials may hold: studies on which the model is tried."
    yield "schema-trials.md", _schema("Files of trials", about, of_trials(), "r2psim schema --trials")


# -- declarations ------------------------------------------------------------------------------------------------------


@cache
def _blocks() -> Mapping[str, str]:
    from r2psim.documentation.odd import tables

    return tables()


def _block(name: str) -> str:
    """Give a generated block of the model's description, with its headings as those of a page of its own."""
    return re.sub(r"^####", "##", _blocks()[name], flags=re.MULTILINE)


def _listed(name: str, scenario: str | None = None, without: Sequence[str] = ()) -> str:
    """Write a table of `r2psim list`."""
    from r2psim.analysis.listings import TABLES, table_of

    columns = [column for column in TABLES[name].columns if column not in without]
    rows = [
        [code(row[column]) if place == 0 else words(number(row[column])) for place, column in enumerate(columns)]
        for row in table_of(name, scenario)
    ]
    return table(columns, rows)


def _parameters() -> str:
    return page(
        "Parameters",
        "Every number of the model, by the path that `--set`, a scenario's tables and the factors of a study take. "
        "Labels say what a number is known by; sources stand [at the end](#sources).",
        "## Labels",
        _block("evidence labels"),
        _block("parameters"),
        "## Sources",
        _block("bibliography"),
    )


def _columns() -> str:
    from r2psim.declarations.columns import TABLES
    from r2psim.world.codebook import KEYS

    parts = []
    for kind in TABLES:
        parts += [f"## Variables of a {kind}", _block(f"state variables: {kind}")]
    keys = [(code(name), about.unit, words(about.description)) for name, about in KEYS.items()]
    return page(
        "Columns",
        "Every variable of the model; `History` has a series of each. In tables that leave the model money is in US$, "
        "and each column says its unit, meaning and source itself.",
        "## Tables",
        _block("entities"),
        "## Roles",
        _block("roles of variables"),
        *parts,
        "## Codes",
        _block("codes"),
        "## Keys of tables of results",
        table(("column", "unit", "meaning"), keys),
    )


def _metrics() -> str:
    about = "What is measured of every run, and the monthly series that a run can keep."
    return page("Metrics and series", about, "## Metrics", _listed("metrics"), "## Monthly series", _listed("series"))


def _catalogue() -> str:
    from r2psim.analysis.catalogue_text import form_page
    from r2psim.scenario.catalogue import CATEGORIES, catalogue

    parts = []
    for category, title in CATEGORIES.items():
        parts.append(f"## {title[0].upper()}{title[1:]}")
        for form in catalogue().values():
            if form.category == category:
                parts += [f"### {form.name} (`{form.key}`)", fenced(form_page(form).partition("\n")[2])]
    return page(
        "Catalogue of assistance",
        "The forms of assistance, each as `r2psim catalogue FORM` prints it. [Evidence](../../EVIDENCE.md) holds their "
        "effects against published studies.",
        "## All forms",
        _block("catalogue: forms"),
        *parts,
    )


def _channels() -> str:
    return page("Channels", "What a form of assistance can act on.", _block("channels"))


def _bodies() -> str:
    from r2psim.scenario import load, shipped_names

    parts = []
    for name in shipped_names():
        if load(name).bodies:
            parts += [f"## Bodies of `{name}`", _listed("bodies", name)]
    return page(
        "Bodies and mandates",
        "Bodies decide on assistance. Each holds mandates, and may provide the forms that one of these allows.",
        "## Mandates",
        _block("mandates"),
        "## Bodies of a generated world",
        _block("generator: bodies"),
        *parts,
    )


def _policies() -> str:
    from r2psim.scenario import shipped_names

    parts = []
    for name in shipped_names():
        parts += [f"## Policies of `{name}`", _listed("policies", name)]
    return page(
        "Policies",
        "A policy is a named overlay of a scenario: parameters, budgets, priorities and shares.",
        "## Policies of every scenario",
        _block("policies"),
        "## Kinds of State",
        "Priorities and shares may go to States of a kind.",
        _block("kinds of state"),
        *parts,
    )


def _scenarios() -> str:
    about = "[Scenarios that ship](shipped-scenarios.md) says what each is for."
    return page("Scenarios", about, _block("scenarios"))


def _schedule() -> str:
    about = "The order of a month; `r2psim schedule` prints the same."
    return page("Order of a month", about, _block("schedule"), "## Purposes of chance", _block("purposes of chance"))


# -- the interface of Python -------------------------------------------------------------------------------------------


def _directive(module: str, name: str) -> str:
    found = getattr(importlib.import_module(module), name)
    if not isinstance(found, type):
        return f".. autofunction:: {module}.{name}" if callable(found) else f".. autodata:: {module}.{name}"
    members = "" if issubclass(found, Exception) else "\n   :members:"
    return f".. autoclass:: {module}.{name}{members}"


def _says(module: str, name: str) -> str:
    found = getattr(importlib.import_module(module), name)
    return (found.__doc__ or "").strip().partition("\n")[0]


def public_names() -> list[str]:
    """Name what `r2psim` exports, the functions first."""
    import r2psim

    names = {name for name in dir(r2psim) if not name.startswith("_")}
    return sorted(names, key=lambda name: (isinstance(getattr(r2psim, name), type), name.lower()))


def _home(name: str) -> str:
    """Say in which folder a name has its page: there are file systems that take `Marginal` and `marginal` for one."""
    import r2psim

    return "classes" if isinstance(getattr(r2psim, name), type) else "functions"


def _api() -> Iterator[tuple[str, str]]:
    import r2psim

    lists: dict[str, list[str]] = {"functions": [], "classes": []}
    for name in public_names():
        title = f"r2psim.{name}"
        lists[_home(name)].append(f"   * - :py:obj:`{name} <{title}>`\n     - {_says('r2psim', name)}")
        yield f"api/{_home(name)}/{name}.rst", f"{name}\n{'=' * len(name)}\n\n{_directive('r2psim', name)}\n"
    for module, title in MODULES.items():
        ours = importlib.import_module(module)
        names = [name for name in ours.__all__ if getattr(r2psim, name, None) is not getattr(ours, name)]
        about = (ours.__doc__ or "").strip().partition("\n\n")[0]
        heading = f"{title} ({module})"
        parts = [heading + "\n" + "=" * len(heading), about]
        parts += [_directive(module, name) for name in names]
        yield f"api/modules/{module}.rst", "\n\n".join(parts) + "\n"
    parts = ["Python\n======", "What ``import r2psim`` gives; names are loaded when they are first used."]
    for kind, rows in lists.items():
        heading = kind.capitalize()
        parts += [f"{heading}\n{'-' * len(heading)}", ".. list-table::\n   :widths: 30 70\n\n" + "\n".join(rows)]
        parts.append(f".. toctree::\n   :hidden:\n   :glob:\n\n   {kind}/*")
    parts += ["Modules\n-------", ".. toctree::\n   :maxdepth: 1\n   :glob:\n\n   modules/*"]
    yield "api/index.rst", "\n\n".join(parts) + "\n"


# -- all ---------------------------------------------------------------------------------------------------------------

PAGES: Mapping[str, Callable[[], str]] = {
    "command-line.md": _command_line,
    "parameters.md": _parameters,
    "columns.md": _columns,
    "metrics.md": _metrics,
    "catalogue.md": _catalogue,
    "channels.md": _channels,
    "bodies.md": _bodies,
    "policies.md": _policies,
    "scenarios.md": _scenarios,
    "schedule.md": _schedule,
}


def generated() -> Text:
    """Make every generated page.

    Returns
    -------
    dict of str to str or bytes
        Path below `GENERATED` -> content.
    """
    made: Text = {name: make() for name, make in PAGES.items()}
    for several in (_schemas, _copied, _notebooks, _api):
        made.update(several())
    return made


def write(folder: Path) -> None:
    """Write the generated pages where they differ, and take away those that are no longer made."""
    made = generated()
    for name, content in made.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        told = content.encode() if isinstance(content, str) else content
        if not file.exists() or file.read_bytes() != told:
            file.write_bytes(told)
    for file in folder.rglob("*"):
        if file.is_file() and file.relative_to(folder).as_posix() not in made:
            file.unlink()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    write(GENERATED)
