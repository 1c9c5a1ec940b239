"""Let a finished calibration become the defaults that ship.

``python -m r2psim.analysis.calibration.install_defaults DIR`` does it.
It rewrites two files of a checkout, `parameters.toml` and `posterior.csv` of `r2psim.scenario`. The golden digests and
the generated tables of the ODD document are stale afterwards: ``python tests/golden.py`` and ``make docs`` renew them.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

__all__ = ["main", "shipped_text", "with_default"]

DIGITS = 3
"""A default is rounded to so many digits: the fit knows no more, and a person can read it."""
SOURCE = "targets"


def with_default(declaration: str, value: float) -> str:
    r"""Give a parameter's declaration with another default, said to be calibrated on the targets.

    Parameters
    ----------
    declaration : str
        A table of `parameters.toml` as text.
    value : float
        In the unit of the parameter.

    Examples
    --------
    >>> print(with_default('[a.b]\ndefault = 1.0\nlabel = "assumption"', 0.123456))
    [a.b]
    default = 0.123
    label = "calibrated"
    source = ["targets"]
    """
    text = re.sub(r"(?m)^default = .*$", f"default = {float(f'{value:.{DIGITS}g}')!r}", declaration)
    text = re.sub(r'(?m)^label = ".*"$', 'label = "calibrated"', text)
    if f'"{SOURCE}"' in text:
        return text
    if re.search(r"(?m)^source = \[", text):
        return re.sub(r"(?m)^source = \[", f'source = ["{SOURCE}", ', text)
    return f'{text}\nsource = ["{SOURCE}"]'


def shipped_text(parameters: str, best: dict[str, float]) -> str:
    r"""Give the text of `parameters.toml` with fitted defaults.

    Raises
    ------
    ValueError
        If a fitted parameter is not declared there.

    Examples
    --------
    >>> print(shipped_text('[a.b]\ndefault = 1.0\nlabel = "assumption"\n', {"a.b": 2.0}).splitlines()[1])
    default = 2.0
    """
    declarations = parameters.rstrip("\n").split("\n\n")
    place = {text.partition("]")[0].lstrip("["): i for i, text in enumerate(declarations) if text.startswith("[")}
    for path, value in best.items():
        if path not in place:
            raise ValueError(f"{path} is not declared in parameters.toml")
        declarations[place[path]] = with_default(declarations[place[path]], value)
    return "\n\n".join(declarations) + "\n"


def with_effects(text: str, best: dict[str, float], studies: dict[str, list[str]]) -> str:
    r"""Give the text of the catalogue with effects fitted to studies, the prior size kept beside.

    Parameters
    ----------
    text : str
        That of `catalogue.toml`.
    best : dict of str to float
        Size of each fitted effect, by its path.
    studies : dict of str to list of str
        Trials that say something about each; where there are none the effect stays as it is.

    Raises
    ------
    ValueError
        If a fitted effect is not declared there.

    Examples
    --------
    >>> text = '[forms.a]\neffects.killing = { size = 0.9, low = 0.5, high = 1.1, label = "assumption" }\n'
    >>> print(with_effects(text, {"forms.a.effects.killing.size": 0.81234}, {"forms.a.effects.killing.size": ["icc"]}))
    [forms.a]
    effects.killing = { size = 0.812, low = 0.5, high = 1.1, label = "fitted", prior = 0.9 }
    <BLANKLINE>
    """
    lines = text.split("\n")
    form = ""
    left = {path for path in best if studies.get(path)}
    for i, line in enumerate(lines):
        if found := re.match(r"\[forms\.([a-z0-9-]+)\]", line):
            form = found[1]
        if not (found := re.match(r"effects\.([a-z_]+) = \{ size = ([^,]+),(.*)\}(.*)$", line)):
            continue
        path = f"forms.{form}.effects.{found[1]}.size"
        if path not in left:
            continue
        left.discard(path)
        rest = re.sub(r'label = "[a-z]+"', 'label = "fitted"', found[3])
        if "prior = " not in rest:
            rest = f"{rest.rstrip()}, prior = {found[2]} "
        size = float(f"{best[path]:.{DIGITS}g}")
        lines[i] = f"effects.{found[1]} = {{ size = {size!r},{rest}}}{found[4]}"
    if left:
        raise ValueError(f"{', '.join(sorted(left))}: not declared in catalogue.toml")
    return "\n".join(lines)


def ship_effects(directory: Path) -> None:
    """Ship effects that were fitted to studies.

    Parameters
    ----------
    directory : Path
        Where `r2psim calibrate --what effects` wrote ``effects.json`` and ``effects.csv``.
    """
    import r2psim.scenario.catalogue
    from r2psim.scenario.posterior import SHIPPED_EFFECTS

    declared = Path(r2psim.scenario.catalogue.__file__).with_name("catalogue.toml")
    found = json.loads((directory / "effects.json").read_text(encoding="utf-8"))
    best = {path: entry["size"] for path, entry in found["effects"].items()}
    studies = {path: entry["informed_by"] for path, entry in found["effects"].items()}
    declared.write_text(with_effects(declared.read_text(encoding="utf-8"), best, studies), encoding="utf-8")
    SHIPPED_EFFECTS.write_text((directory / "effects.csv").read_text(encoding="utf-8"), encoding="utf-8")


def main(directory: Path) -> None:
    """Ship the result of a calibration.

    Parameters
    ----------
    directory : Path
        Where `r2psim calibrate` wrote ``best.toml`` and ``posterior.csv``, or with ``--what effects`` ``effects.json``
        and ``effects.csv``.
    """
    import r2psim.scenario.parameters
    from r2psim.scenario.posterior import SHIPPED

    if (directory / "effects.json").exists():
        ship_effects(directory)
        return
    declared = Path(r2psim.scenario.parameters.__file__).with_name("parameters.toml")
    best = tomllib.loads((directory / "best.toml").read_text(encoding="utf-8"))
    declared.write_text(shipped_text(declared.read_text(encoding="utf-8"), best), encoding="utf-8")
    SHIPPED.write_text((directory / "posterior.csv").read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
