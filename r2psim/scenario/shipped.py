"""The scenarios that ship: in ``scenarios/`` of a checkout, inside the package once it is installed."""

from __future__ import annotations

from pathlib import Path

from .errors import Problem, ScenarioError, listing, nearest
from .plugged import plugged_file, plugged_names

__all__ = ["shipped_names", "shipped_path"]

_PACKAGE = Path(__file__).resolve().parents[1]


def _folder() -> Path:
    installed = _PACKAGE / "shipped" / "scenarios"
    return installed if installed.is_dir() else _PACKAGE.parent / "scenarios"


def shipped_names() -> tuple[str, ...]:
    """Give the names of all shipped scenarios, sorted.

    Returns
    -------
    tuple of str
        As `r2psim.load` takes them.
    """
    return tuple(sorted(path.stem for path in _folder().glob("*.toml")))


def shipped_path(name: str) -> Path:
    """Give the file of a shipped scenario, or of one that a plug-in brings.

    Parameters
    ----------
    name : str
        One of `shipped_names`.

    Returns
    -------
    Path
        Of a TOML file.

    Raises
    ------
    ScenarioError
        If none has that name; it lists those that do.
    """
    names = shipped_names()
    if name not in names:
        others = plugged_names("scenarios")
        if name in others:
            return plugged_file("scenarios", name)
        what = f"no scenario ships under this name; shipped are {listing(names, limit=30)}"
        what += f"; of plug-ins {listing(others, limit=30)}" if others else ""
        raise ScenarioError([Problem(name or '""', "", None, what, nearest(name, (*names, *others)))])
    return _folder() / f"{name}.toml"
