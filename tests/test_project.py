"""What surrounds the program says the same as the program: version, citation, changelog, documents that ship."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import r2psim
from r2psim.cli import app
from r2psim.verbs import docs as module
from r2psim.verbs.docs import documents

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

KEYS = {
    "abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi", "identifiers", "keywords",
    "license", "license-url", "message", "preferred-citation", "references", "repository", "repository-artifact",
    "repository-code", "title", "type", "url", "version",
}  # fmt: skip
"""What the Citation File Format 1.2.0 knows."""


def citation() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    found: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    return found


def test_one_version_everywhere() -> None:
    newest = re.search(r"^## (\S+?),? ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert {r2psim.__version__, PROJECT["project"]["version"], str(citation()["version"]), newest[1]} == {
        r2psim.__version__
    }


def test_the_citation_is_in_its_format() -> None:
    found = citation()
    assert {"authors", "cff-version", "message", "title"} <= set(found) <= KEYS
    assert found["cff-version"] == "1.2.0" and found["type"] == "software"
    assert found["license"] == PROJECT["project"]["license"]
    assert str(date.fromisoformat(found["date-released"])) == found["date-released"]
    assert [author["name"] for author in found["authors"]] == [a["name"] for a in PROJECT["project"]["authors"]]


def test_the_source_distribution_names_files_that_there_are() -> None:
    named = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert [path for path in named if not (ROOT / path.lstrip("/")).exists()] == []
    # Whatever stands at the top of the repository for people goes with it.
    assert {f"/{file.name}" for file in ROOT.glob("*.md")} <= set(named)


def test_documents_are_found_by_name_wherever_they_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = documents()
    assert {"ODD", "TRACE", "tutorials/index", "notebooks/first-world"} <= set(found)
    assert all(file.is_file() for file in found.values())
    # As in an installed package: within it.
    (tmp_path / "shipped" / "docs").mkdir(parents=True)
    (tmp_path / "shipped" / "docs" / "ODD.md").write_text("# Title\n")
    monkeypatch.setattr(module, "_PACKAGE", tmp_path)
    assert documents() == {"ODD": tmp_path / "shipped" / "docs" / "ODD.md"}


def test_the_verb_docs_prints_paths_and_knows_the_nearest_name() -> None:
    run = CliRunner().invoke
    assert run(app, ["docs", "ODD"]).stdout.strip() == str(ROOT / "docs" / "ODD.md")
    assert json.loads(run(app, ["docs", "--json"]).stdout)["notebooks/first-world"].endswith("first-world.ipynb")
    assert "A first world" in run(app, ["docs"]).stdout
    wrong = run(app, ["docs", "ODDD"])
    assert wrong.exit_code == 2 and "did you mean ODD?" in wrong.output
