"""Let a finished calibration become the defaults that ship: ``python -m r2psim.analysis.calibration.ship DIR``.

It rewrites two files of a checkout, `parameters.toml` and `posterior.csv` of `r2psim.scenario`. The golden digests and
the generated tables of the ODD document are stale afterwards: ``python tests/golden.py`` and ``make docs`` renew them.
"""

from __future__ import annotations

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


def main(directory: Path) -> None:
    """Ship the result of a calibration.

    Parameters
    ----------
    directory : Path
        Where `r2psim calibrate` wrote ``best.toml`` and ``posterior.csv``.
    """
    import r2psim.scenario.parameters
    from r2psim.scenario.posterior import SHIPPED

    declared = Path(r2psim.scenario.parameters.__file__).with_name("parameters.toml")
    best = tomllib.loads((directory / "best.toml").read_text(encoding="utf-8"))
    declared.write_text(shipped_text(declared.read_text(encoding="utf-8"), best), encoding="utf-8")
    SHIPPED.write_text((directory / "posterior.csv").read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
