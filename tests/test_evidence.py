"""The page on evidence: every form has its entry, with what it rests on, what was measured, and what is not known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from r2psim.documentation.evidence import evidence_page
from r2psim.scenario.catalogue import catalogue
from r2psim.scenario.forms import Form
from r2psim.scenario.parameters import SOURCES
from r2psim.scenario.trials import shipped_trials

PAGE = Path(__file__).parents[1] / "docs" / "EVIDENCE.md"


def entries(text: str) -> dict[str, str]:
    """Give the text of every entry of a page by its heading."""
    parts = re.split(r"^### (.+)$", re.split(r"^## Studies of no form$", text, flags=re.M)[0], flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


PAGES = {"docs/EVIDENCE.md": entries(PAGE.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("form", catalogue().values(), ids=lambda form: form.key)
def test_every_form_has_an_entry_that_says_what_it_rests_on_and_what_is_not_known(form: Form) -> None:
    assert form.name in PAGES["docs/EVIDENCE.md"], f"docs/EVIDENCE.md has no entry for {form.key}"
    entry = PAGES["docs/EVIDENCE.md"][form.name]
    rows = [line.split(" | ") for line in entry.splitlines() if line.startswith("| ") and "acts on" not in line]
    assert [row[0].removeprefix("| ") for row in rows] == [effect.channel.meaning for effect in form.effects]
    for row, effect in zip(rows, form.effects, strict=True):
        assert row[2] == effect.label
        assert all(key in row[4] for key in effect.source)
    assert entry.count("- Not known: ") == 1
    if form.note:
        assert f"- Rests on: {form.note}" in entry
    for trial in shipped_trials().values():
        informs = any(path.startswith(f"forms.{form.key}.") for path in trial.informs)
        delivered = form.key in trial.forms and bool(form.effects)
        assert (f"- `{trial.key}`" in entry) == delivered, f"{trial.key}: published beside simulated"
        assert delivered or not informs, f"{trial.key} informs a form that it does not give"
        if informs:
            assert f"`{trial.key}`" in "".join(row[3] for row in rows)
    # An effect that no study informs is said not to be known.
    unknown = entry.split("- Not known: ")[1]
    for effect in form.effects:
        path = f"forms.{form.key}.effects.{effect.on}"
        studied = any(path in trial.informs for trial in shipped_trials().values())
        assert studied != (effect.channel.meaning in unknown or "No causal study" in unknown)


def test_no_entry_is_of_a_form_that_is_gone_and_every_source_is_explained() -> None:
    assert set(PAGES["docs/EVIDENCE.md"]) == {form.name for form in catalogue().values()}
    text = PAGE.read_text(encoding="utf-8")
    for form in catalogue().values():
        for effect in form.effects:
            for key in effect.source:
                assert f"- `{key}`: {SOURCES[key]}" in text


def test_a_form_that_the_page_does_not_know_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    known = dict(catalogue())
    gone = known.pop("media")
    monkeypatch.setattr("r2psim.documentation.evidence.catalogue", lambda: known)
    measured = {
        "trials": [], "scenario": "world", "runs": 2, "seed": 1, "numeric": 0, "numeric_overlapping": 0,
        "directions": 0, "directions_agreeing": 0,
    }  # fmt: skip
    assert gone.name not in entries(evidence_page(measured))
    assert set(entries(evidence_page(measured))) == {form.name for form in known.values()}
