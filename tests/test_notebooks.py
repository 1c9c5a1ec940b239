"""The notebooks run from top to bottom, and the outputs kept in them are what they give today."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HOME = Path(__file__).parents[1]
NOTEBOOKS = sorted((HOME / "notebooks").glob("*.ipynb"))
NAMED: dict[str, Any] = {"argnames": "path", "argvalues": NOTEBOOKS, "ids": [path.stem for path in NOTEBOOKS]}
LARGEST = 10**6
"""Bytes of a notebook, at most: figures are kept, and what is kept stays in the history of the repository."""


def read(path: Path) -> Any:
    """Read a notebook."""
    nbformat = pytest.importorskip("nbformat")
    return nbformat.read(path, as_version=4)


def code_of(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown_by(cell: Any) -> list[str]:
    """Give what a cell shows: words as they are, a figure by its kind alone, whose bytes depend on fonts."""
    told = []
    for output in cell.outputs:
        data = output.get("data", {})
        told.append("a figure" if "image/png" in data else data.get("text/plain", output.get("text", "")))
    return told


@pytest.mark.parametrize(**NAMED)
def test_a_notebook_is_kept_as_it_was_run_and_says_what_it_is_not(path: Path) -> None:
    notebook = read(path)
    cells = code_of(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 2
    words = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "forecast" in words and "invented" in words
    assert path.stat().st_size < LARGEST
    assert not re.search(r"/home/|/work/|/tmp/|/usr/", "".join(text for cell in cells for text in shown_by(cell)))


@pytest.mark.slow
@pytest.mark.parametrize(**NAMED)
def test_a_notebook_gives_today_what_is_kept_in_it(path: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    kept, notebook = (read(path) for _ in range(2))
    # What a cell prints comes in as many pieces as the machine is busy: they are joined.
    client = nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", coalesce_streams=True)
    client.execute(cwd=str(path.parent))
    assert len(kept.cells) == len(notebook.cells)
    for before, after in zip(code_of(kept), code_of(notebook), strict=True):
        assert shown_by(after) == shown_by(before), before.source


def test_there_are_notebooks() -> None:
    assert {path.stem for path in NOTEBOOKS} >= {"first-world", "prevention-or-late-response"}


def ready(venv: Path, python: str) -> Path:
    """Make an environment that is set up already, in which programs only say how they were called."""
    (venv / "bin").mkdir(parents=True)
    for name, does in (("python", python), ("jupyter", 'echo "jupyter $@"')):
        program = venv / "bin" / name
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)
    (venv / ".ready").touch()
    return venv


def make_notebook(venv: Path) -> subprocess.CompletedProcess[str]:
    words = ["make", "-s", "notebook", f"VENV={venv}", "JUPYTER_OPTIONS=--no-browser"]
    return subprocess.run(words, cwd=HOME, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_notebook_opens_them_or_says_what_to_install(tmp_path: Path) -> None:
    venv = ready(tmp_path / "with", 'echo "python $@"')
    done = make_notebook(venv)
    assert (done.returncode, done.stderr) == (0, "")
    installed, opened = done.stdout.splitlines()
    assert installed.startswith("python -m pip install") and installed.endswith(".[notebook]")
    assert opened == "jupyter lab --no-browser notebooks"
    assert make_notebook(venv).stdout.splitlines() == [opened]  # once is enough
    done = make_notebook(ready(tmp_path / "without", "exit 1"))
    assert done.returncode == 2 and "jupyter lab" not in done.stdout
    assert "JupyterLab cannot be installed" in done.stderr and '.[notebook]"' in done.stderr
