"""Files of invented states, as researchers have them, to be changed row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from r2psim.scenario.errors import ScenarioError
from r2psim.world.importing import Imported, import_countries

__all__ = ["NAMES", "PEOPLE", "STATES", "Files", "Row", "border", "country", "pair", "states", "table", "told"]

NAMES = ("predictors", "groups", "contiguity")
STATES = [("XAA", 1501, "Aldmoor"), ("XAB", 1502, "Brisk"), ("XAC", 1503, "Corvane"), ("XAD", 1504, "Dellow")]
PEOPLE = {"XAA": 5_100_000, "XAB": 12_000_000, "XAC": 800_000, "XAD": 31_000_000}

Row = dict[str, Any]


def country(iso3: str, number: int, name: str, **changes: Any) -> Row:
    """Give a row of predictors of an invented state."""
    row = {
        "ccode": number, "iso3c": iso3, "ewp_name": name, "wdi.popsize.new": PEOPLE.get(iso3, 9_000_000),
        "wdi.gdppc.new": 3000 + number % 7, "un_imr_sqrt": 4.5, "exclpop": 0.1, "discrimpop": 0.0,
        "battledeaths.log2": 0, "coup.try.5yr": 0, "pol_killing_approved": 0, "freediscussion": 0.6,
        "judicialreform": 1, "even_civilrights": 0, "minorityrule": 0, "partyban.new.1": 0, "mk_ever": 0,
        "mk_ongoing_count": 0, "gdppcgrowth": 2.0,
    }  # fmt: skip
    return {key: value for key, value in (row | changes).items() if value is not ...}


def pair(number: int, name: str, first: Any = 1960, last: Any = 2020, share: float = 0.55) -> list[Row]:
    """Give two groups of a state."""
    return [
        {"gwid": number, "statename": name, "from": first, "to": last, "group": f"{name} {where}", "groupid": k,
         "size": size, "status": status}
        for k, (where, size, status) in enumerate(
            [("valley", share, "SENIOR PARTNER"), ("coast", 0.25, "POWERLESS")], 1)
    ]  # fmt: skip


def border(one: int, other: int, kind: int = 1, **more: Any) -> Row:
    """Give a pair of neighbours."""
    return {"ccode1": one, "ccode2": other, "conttype": kind, **more}


def table(rows: list[Row], separator: str = ",") -> str:
    """Write rows as a table."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [separator.join(columns)]
    lines += [separator.join(str(row.get(column, "")) for column in columns) for row in rows]
    return "\n".join(lines) + "\n"


class Files:
    """Three files in a folder, of four invented states in a row; tests change their rows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.predictors = [country(*state) for state in STATES]
        self.groups = [group for iso3, number, name in STATES for group in pair(number, name)]
        self.contiguity = [border(1501, 1502), border(1502, 1503), border(1503, 1504)]

    def add(self, iso3: str, number: int, name: str, numbers: tuple[int, int] | None = None, **changes: Any) -> None:
        """Add a state, next to the first one; `numbers` are those of the other two files."""
        in_groups, in_borders = numbers or (number, number)
        self.predictors.append(country(iso3, number, name, **changes))
        self.groups += pair(in_groups, name)
        self.contiguity.append(border(in_borders, 1501))

    def paths(self) -> dict[str, Path]:
        """Write what is still rows, and give the files."""
        for key in NAMES:
            rows = getattr(self, key)
            if isinstance(rows, list):
                (self.folder / f"{key}.csv").write_text(table(rows), encoding="utf-8")
            elif isinstance(rows, bytes):
                (self.folder / f"{key}.csv").write_bytes(rows)
            else:
                (self.folder / f"{key}.csv").write_text(rows, encoding="utf-8")
        return {key: self.folder / f"{key}.csv" for key in NAMES}

    def world(self, year: int = 2014, **options: Any) -> Imported:
        """Import them; every account must add up."""
        found = import_countries(*self.paths().values(), year, **options)
        for account in found.accounts.values():
            data = account.as_data()
            assert data["rows"] == data["used"] + sum(data["dropped"].values())
        return found

    def refused(self, year: int = 2014, **options: Any) -> str:
        """Give the message with which they are refused."""
        with pytest.raises(ScenarioError) as caught:
            self.world(year, **options)
        return str(caught.value)


def states(world: Imported) -> dict[str, Any]:
    """Give the states of a world."""
    found: dict[str, Any] = world.tables["states"]
    return found


def told(world: Imported) -> str:
    """Give all that was told, in one line."""
    return " ".join([*world.notes, *(account.told() for account in world.accounts.values())])
