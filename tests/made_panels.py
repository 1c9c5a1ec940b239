"""Panels of invented states over some years, as the files of a researcher hold them, for the hindcast of a panel."""

from __future__ import annotations

from pathlib import Path

from field_files import Row, border, country, pair, table

__all__ = ["STATES", "YEARS", "made_panel"]

STATES = [(f"XA{letter}", 2001 + k, f"Vale{letter.lower()}") for k, letter in enumerate("ABCDEFGH")]
YEARS = tuple(range(1990, 1998))


def made_panel(folder: Path, onsets: list[tuple[int, int]] | None = None) -> Path:
    """Write a panel of eight invented states in a row, the first of them worse off than the last.

    Parameters
    ----------
    folder : Path
        Existing; gets four files whose names say nothing.
    onsets : list of (int, int), optional
        State number and year of each onset.
    """
    predictors: list[Row] = []
    for year in YEARS:
        for place, (iso3, number, name) in enumerate(STATES):
            bad = place < 3
            predictors.append(
                country(
                    iso3, number, name, year=year, un_imr_sqrt=9.0 - 0.8 * place, freediscussion=0.1 + 0.1 * place,
                    pol_killing_approved=int(bad), discrimpop=0.3 if bad else 0.0, exclpop=0.4 if bad else 0.05,
                    **{"battledeaths.log2": 11 if place == 0 else 0, "wdi.popsize.new": 4_000_000 * (9 - place)},
                )
            )  # fmt: skip
    groups = [group for _, number, name in STATES for group in pair(number, name)]
    for group in groups[: 2 * 3]:
        if group["status"] == "POWERLESS":
            group["status"] = "DISCRIMINATED"
    borders = [border(2001 + k, 2002 + k) for k in range(len(STATES) - 1)]
    told = onsets if onsets is not None else [(2001, 1992), (2002, 1996), (2001, 1998), (2005, 1999)]
    (folder / "a.csv").write_text(table(predictors), encoding="utf-8")
    (folder / "b.csv").write_text(table(groups), encoding="utf-8")
    (folder / "c.csv").write_text(table(borders), encoding="utf-8")
    rows: list[Row] = [{"ccode": number, "year": year} for number, year in told]
    (folder / "d.csv").write_text(table(rows), encoding="utf-8")
    return folder
