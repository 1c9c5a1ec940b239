"""Run the notebooks from top to bottom and keep what they give: ``python notebooks/rerun.py``.

Times and process numbers are not kept, so that a notebook that gives the same has no difference.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbclient
import nbformat

HOME = Path(__file__).parent


def rerun(path: Path) -> bool:
    """Run one notebook in its folder and write it where its outputs differ; tells whether they did."""
    before = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(before, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", record_timing=False, coalesce_streams=True
    )
    client.execute(cwd=str(HOME))
    after = nbformat.writes(notebook)
    if not after.endswith("\n"):
        after += "\n"
    if before != after:
        path.write_text(after, encoding="utf-8")
    return before != after


if __name__ == "__main__":
    chosen = [Path(name) for name in sys.argv[1:]] or sorted(HOME.glob("*.ipynb"))
    for path in chosen:
        print(f"{path.name}: {'written anew' if rerun(path) else 'as it was'}", flush=True)
