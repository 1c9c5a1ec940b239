"""The verb ``docs``: where the documents and notebooks lie that came with the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["docs", "documents"]

_PACKAGE = Path(__file__).resolve().parents[1]
_FOLDERS = {"docs": ("*.md", "*/*.md"), "notebooks": ("*.ipynb",)}
_LEFT_OUT = {"generated", "figures"}


def _folder(name: str) -> Path:
    """Give a folder of a checkout, or the one that an installed package has of it."""
    installed = _PACKAGE / "shipped" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def _title(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".ipynb":
        text = "".join(json.loads(text)["cells"][0]["source"])
    return next((line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("# ")), file.stem)


def documents() -> dict[str, Path]:
    """Find the documents and notebooks that came with the package.

    Returns
    -------
    dict of str to Path
        Name, such as ``ODD`` or ``notebooks/first-world`` -> file, documents first; none where there are none.
    """
    found = {}
    for name, patterns in _FOLDERS.items():
        home = _folder(name)
        for pattern in patterns:
            for file in sorted(home.glob(pattern)):
                if not _LEFT_OUT & set(file.relative_to(home).parts):
                    key = file.relative_to(home).with_suffix("").as_posix()
                    found[f"{name}/{key}" if name != "docs" else key] = file
    return found


def docs(
    name: Annotated[
        str | None, typer.Argument(help="One of them, such as ODD; its path is printed. All of them if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object of names and paths.")] = False,
) -> None:
    """Say where the documents and notebooks lie that came with r2psim."""
    from r2psim.scenario.errors import listing, nearest

    found = documents()
    if name is not None:
        if name not in found:
            near = nearest(name, found)
            hint = f" (did you mean {near}?)" if near else ""
            raise typer.BadParameter(f"docs: {name} is not allowed: one of {listing(found, limit=30)}{hint}")
        found = {name: found[name]}
    if as_json:
        typer.echo(json.dumps({key: str(file) for key, file in found.items()}))
        return
    if name is not None:
        typer.echo(str(found[name]))
        return
    width = max(map(len, found), default=0) + 2
    for key, file in found.items():
        typer.echo(f"{key:<{width}}{_title(file)}")
    for kind in _FOLDERS:
        if _folder(kind).is_dir():
            typer.echo(f"{kind} lie in {_folder(kind)}", err=True)
