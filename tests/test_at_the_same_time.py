"""Agents of a phase can act at the same time: none touches what another writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

SHARED_NOTES = """
from r2psim.rules import decision
decision.first_note_of = lambda rows, b, place: 0
"""
"""All bodies note what they decide in the same rows, and clear them again: one after the other, nobody would see it."""


def told(before: str = "") -> list[str]:
    """Look on in a new process, without the compiler, once ``before`` has run there."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\nimport sys, traced_rows\nprint('\\n'.join(traced_rows.main()))"],
        env={**os.environ, "PYTHONPATH": path, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


def test_no_agent_touches_what_another_of_its_phase_writes() -> None:
    assert told() == []


def test_notes_that_bodies_share_are_seen() -> None:
    found = told(SHARED_NOTES)
    assert {"bodies_act: note.slot", "bodies_act: note.own"} <= set(found), found
