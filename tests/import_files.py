"""The sample files of the importer, and copies of them with something changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from r2psim.world.importing import Imported, import_countries

__all__ = ["ONSETS", "SAMPLES", "Files", "files", "imported", "with_cell", "with_cells", "with_column"]

SAMPLES = Path(__file__).parents[1] / "scenarios" / "samples"
ONSETS = SAMPLES / "onsets.csv"
NAMES = {"predictors": "country_state.csv", "groups": "epr_groups.csv", "contiguity": "contiguity.csv"}

Files = dict[str, Path]
Change = Callable[[str], str | bytes]


def files(folder: Path | None = None, **changes: Change) -> Files:
    """Give the sample files, those named in `changes` as changed copies in a folder."""
    found = {key: SAMPLES / name for key, name in NAMES.items()}
    for key, change in changes.items():
        assert folder is not None
        text = change(found[key].read_text("utf-8"))
        found[key] = folder / NAMES[key]
        found[key].write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return found


def imported(found: Files, year: int = 2014, seed: int = 1, group_names: bool = False) -> Imported:
    """Import files."""
    return import_countries(found["predictors"], found["groups"], found["contiguity"], year, seed, group_names)


def with_cell(line: int, column: str, value: str) -> Change:
    """Put a value into a cell; lines are counted from 1, the first names the columns."""

    def change(text: str) -> str:
        lines = text.split("\n")
        place = lines[0].split(",").index(column)
        cells = lines[line - 1].split(",")
        cells[place] = value
        lines[line - 1] = ",".join(cells)
        return "\n".join(lines)

    return change


def with_cells(line: int, **cells: str) -> Change:
    """Put values into cells of one line."""

    def change(text: str) -> str:
        for column, value in cells.items():
            text = str(with_cell(line, column, value)(text))
        return text

    return change


def with_column(column: str, values: Callable[[int], str]) -> Change:
    """Put a column in front; values by line from 2 on."""

    def change(text: str) -> str:
        lines = text.rstrip("\n").split("\n")
        made = [f"{column},{lines[0]}", *(f"{values(k)},{line}" for k, line in enumerate(lines[1:], 2))]
        return "\n".join(made) + "\n"

    return change
