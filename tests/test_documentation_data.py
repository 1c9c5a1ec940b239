"""``docs/DATA.md`` says what the importer's declarations say now, and its commands are those that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from r2psim.documentation.data import main, tables
from r2psim.documentation.odd import refresh
from r2psim.world.layouts import import_data

FILE = Path(__file__).parents[1] / "docs" / "DATA.md"
TEXT = FILE.read_text("utf-8")


def test_the_document_is_fresh() -> None:
    assert refresh(TEXT, tables()) == TEXT, "run python -m r2psim.documentation.data docs/DATA.md"
    assert main([str(FILE), "--check"]) == 0


def test_a_stale_document_is_noticed_and_renewed(tmp_path: Path) -> None:
    file = tmp_path / "DATA.md"
    file.write_text(TEXT.replace("| `mk_ever` |", "| `mk_never` |"), encoding="utf-8")
    assert main([str(file), "--check"]) == 1
    assert main([str(file)]) == 0
    assert file.read_text("utf-8") == TEXT
    assert main([str(tmp_path / "nothing.md")]) == 2


def test_every_column_of_the_importer_is_there() -> None:
    mapping = import_data()
    for column in mapping["predictors"]:
        assert f"| `{column}` " in TEXT
    for column in mapping["optional"]:
        assert all(f"`{name.strip()}`" in TEXT for name in column.split(","))


def test_every_other_name_code_and_number_of_the_importer_is_there() -> None:
    for names in import_data()["aliases"].values():
        assert all(f"`{name}`" in TEXT for name in names)
    assert (
        "| Germany | DEU | 255 until 1944, 260 from 1955 until 1989, 255 from 1990 | 255 until 1944, 260 from 1949 |"
        in TEXT
    )
    assert "| `XKS` | Kosovo | `XKX` | any |" in TEXT
    assert "| `SUN` | Soviet Union | `RUS` | until 1990 |" in TEXT


@pytest.mark.parametrize("option", sorted(set(re.findall(r"(--[a-z][a-z-]+)", TEXT))))
def test_options_of_the_text_exist(option: str) -> None:
    from typer.main import get_command

    from r2psim.cli import app

    known = {name for verb in get_command(app).commands.values() for p in verb.params for name in p.opts}  # type: ignore[attr-defined]
    assert option in known
