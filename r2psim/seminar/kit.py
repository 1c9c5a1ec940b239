"""The printed material of a seminar: five files that need no other, for participants and for the facilitator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from r2psim.seminar.kit_cards import cards
from r2psim.seminar.kit_guide import guide_pages
from r2psim.seminar.kit_page import document
from r2psim.seminar.kit_setting import Setting
from r2psim.seminar.kit_units import SEED, Worked, answer_pages, unit_pages
from r2psim.seminar.kit_world import world_pages
from r2psim.seminar.seeds import Seeds

__all__ = ["FOR_PARTICIPANTS", "kit_files", "write_kit"]

FOR_PARTICIPANTS = ("role-cards.html", "world.html", "units.html")
"""Files that participants get; the others are for the facilitator."""


def kit_files(setting: Setting, worked: Worked, seeds: Seeds) -> dict[str, str]:
    """Write all documents.

    Parameters
    ----------
    setting : Setting
        What is held.
    worked : Worked
        What was run for the answers.
    seeds : Seeds
        Looked at over the years of the seminar.

    Returns
    -------
    dict of str to str
        Name of a file -> HTML.
    """
    parts: dict[str, tuple[str, Callable[[], list]]] = {
        "role-cards.html": ("role_cards", lambda: cards(setting)),
        "world.html": ("world", lambda: world_pages(setting)),
        "facilitator.html": ("facilitator", lambda: guide_pages(setting, seeds)),
        "units.html": ("units", lambda: unit_pages(setting, worked)),
        "answers.html": ("answers", lambda: answer_pages(setting, worked)),
    }
    words = setting.words
    of = words.of(setting.scenario.title)
    return {
        name: document(words, words("kit.title", part=words(f"kit.{part}"), title=of), pages())
        for name, (part, pages) in parts.items()
    }


def write_kit(setting: Setting, worked: Worked, seeds: Seeds, directory: Path) -> None:
    """Write the material.

    Parameters
    ----------
    setting, worked, seeds
        As `kit_files` takes them.
    directory : Path
        Existing; gets the documents and ``provenance.json``.
    """
    from r2psim.ensemble.store import provenance, write_json

    for name, text in kit_files(setting, worked, seeds).items():
        (directory / name).write_text(text, encoding="utf-8")
    facts = {
        "scenario": setting.scenario.name,
        "people": setting.people,
        "minutes": setting.minutes,
        "language": setting.words.language,
        "runs": worked.runs,
        "seeds": len(seeds.looked),
        "seed": SEED,
    }
    write_json(provenance(kind="seminar-kit", **facts), directory / "provenance.json")
