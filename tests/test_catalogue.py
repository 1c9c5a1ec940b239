"""The catalogue of assistance: what it holds, what it refuses, and what readers are shown."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from r2psim.analysis.catalogue_text import catalogue_table, form_page
from r2psim.declarations.channels import CHANNELS, KINDS, MANDATES
from r2psim.declarations.columns import GROUP, INHIBITORS, STATE
from r2psim.scenario import ScenarioError
from r2psim.scenario.catalogue import (
    CATEGORIES,
    LEDGERS,
    SCOPES,
    catalogue,
    form_from_table,
    form_refusals,
    form_schema,
    merged_forms,
)
from r2psim.scenario.parameters import LABELS, PARAMETERS, SOURCES

FORMS = catalogue()
EFFECTS = [(form, effect) for form in FORMS.values() for effect in form.effects]
EFFECT_IDS = [f"{form.key}-{effect.on}" for form, effect in EFFECTS]

REPORT = {
    "encouragement": [
        *("human-rights-education", "peer-review", "agenda-item", "regional-mechanisms", "preventive-diplomacy"),
    ],
    "capacity": [
        *("needs-assessment", "inclusive-governance", "responsible-business"),
        *("security-sector", "transition-institutions", "judiciary", "early-warning"),
        *("local-resolution", "media", "transitional-justice"),
    ],
    "protection": [
        *("denying-means", "mediation", "human-rights-monitoring", "police"),
        *("refugee-protection", "civilian-protection", "peacekeeping"),
        *("mandate-training", "casualty-tracking", "women-protection", "arms-embargo"),
    ],
    "accountability": ["civil-society", "individual-accountability", "court-prosecution", "special-session"],
    "response": ["collective-response"],
}


def acts(form: str) -> dict[str, float]:
    return {effect.on: effect.size for effect in FORMS[form].effects}


# -- what it holds -----------------------------------------------------------------------------------------------------


def test_every_form_of_the_report_is_there_in_its_order():
    assert list(FORMS) == [key for keys in REPORT.values() for key in keys]
    assert list(REPORT) == list(CATEGORIES)
    for category, keys in REPORT.items():
        assert {FORMS[key].category for key in keys} == {category}
    assert all(form.report.split(".")[0] in ("I", "IV", "V", "VI") for form in FORMS.values())


def test_channels_are_things_of_the_model():
    levels = {name for name in CHANNELS if CHANNELS[name].kind == "raise"}
    # Mechanisms of a region are no variable of a State: bodies read what is added to them.
    assert levels - {"regional_mechanisms"} <= set(STATE.names) | set(GROUP.names)
    hazards = {path.split(".")[1] for path in PARAMETERS if path.startswith("stages.")}
    assert {name for name in CHANNELS if name.startswith(("to_", "from_"))} <= hazards
    assert {channel.kind for channel in CHANNELS.values()} == set(KINDS)
    assert {channel.none for channel in CHANNELS.values()} == {0.0, 1.0}


def test_each_inhibitor_has_its_own_programme():
    for inhibitor in INHIBITORS:
        assert acts(inhibitor.replace("_", "-"))[inhibitor] > 0


def test_capacity_building_begins_with_a_needs_assessment_that_does_nothing_by_itself():
    assert FORMS["needs-assessment"].effects == ()
    assert FORMS["needs-assessment"].unit_cost == min(FORMS[key].unit_cost for key in REPORT["capacity"])
    for form in FORMS.values():
        assert form.needs_assessment == (form.category == "capacity" and form.key != "needs-assessment"), form.key
        if form.needs_assessment:
            assert set(form.providers) <= set(FORMS["needs-assessment"].providers), form.key
            assert form.stages[1] <= FORMS["needs-assessment"].stages[1]


def test_where_the_state_is_the_perpetrator():
    assert {key for key, form in FORMS.items() if form.consent == 0} == {
        *REPORT["accountability"],
        *("mandate-training", "arms-embargo", "collective-response", "agenda-item"),
    }
    for form in FORMS.values():
        # A debate in the General Assembly asks nobody's consent; who commits crimes heeds it less all the same.
        assert (form.under_perpetrator == 1) == (form.consent == 0 and form.key != "agenda-item"), form.key
        if form.category == "encouragement":
            assert 0.5 <= form.under_perpetrator < 1, form.key
        if form.category == "capacity":
            assert form.under_perpetrator <= 0.3, form.key


def test_peacekeeping_is_slow_dear_and_protects_from_armed_groups():
    form = FORMS["peacekeeping"]
    assert form.lag > 10
    assert form.unit_cost / 6000 == pytest.approx(79_500, rel=0.01)
    sizes = acts("peacekeeping")
    assert sizes["killing_by_armed_groups"] < 0.5 < 0.9 < sizes["killing"] < 1
    assert form.under_perpetrator < 1
    assert (
        next(e for e in form.effects if e.on == "conflict_relapse").prior == 0.4
        and 0.15 < sizes["conflict_relapse"] < 0.4
    )
    settlement = next(effect for effect in form.effects if effect.on == "conflict_settlement")
    assert settlement.low < 1 < settlement.size and sizes["spill_over"] < 1
    assert form.troops + form.police == 6000


def test_collective_response_is_late_dear_and_the_councils_alone():
    form = FORMS["collective-response"]
    assert form.stages == (4, 4)
    assert form.providers == ("security-council",)
    assert form.unit_cost == max(other.unit_cost for other in FORMS.values())
    assert acts(form.key)["from_atrocity"] > 1 > acts(form.key)["killing"]
    assert all(effect.harm is not None for effect in form.effects)


def test_response_ledger_is_humanitarian_peacekeeping_and_pillar_three():
    response = {key for key, form in FORMS.items() if form.ledger == "response"}
    assert response == {"refugee-protection", "civilian-protection", "peacekeeping", "collective-response"}


@pytest.mark.parametrize(("form", "effect"), EFFECTS, ids=EFFECT_IDS)
def test_every_range_includes_no_effect(form, effect):
    assert effect.low <= effect.size <= effect.high
    assert effect.low <= effect.channel.none <= effect.high
    assert effect.channel.kind == "raise" or effect.low > 0
    assert effect.label == "assumption" or effect.source


@pytest.mark.parametrize(
    ("key", "on"),
    [
        ("human-rights-monitoring", "killing"),
        ("denying-means", "killing"),
        ("denying-means", "targeting"),
        ("security-sector", "arms"),
        ("security-sector", "security_sector"),
        ("transitional-justice", "conflict_relapse"),
        ("transitional-justice", "transitional_justice"),
        ("local-resolution", "targeting"),
        ("peer-review", "killing"),
        ("peacekeeping", "conflict_settlement"),
        ("collective-response", "killing"),
    ],
)
def test_range_includes_harm_where_there_is_evidence_of_harm(key, on):
    effect = next(effect for effect in FORMS[key].effects if effect.on == on)
    assert effect.harm is not None
    assert effect.channel.harms(effect.harm)
    assert effect.source


def test_every_source_exists():
    cited = {key for form in FORMS.values() for key in form.source}
    cited |= {key for _, effect in EFFECTS for key in effect.source}
    assert cited <= set(SOURCES)


def test_every_form_says_what_is_known():
    for form in FORMS.values():
        assert "." in form.note and form.label in LABELS and form.source, form.key


# -- reading -----------------------------------------------------------------------------------------------------------


def test_forms_survive_plain_data_and_cannot_be_changed():
    for key, form in FORMS.items():
        assert form_from_table(key, form.table()) == form
        assert hash(form) == hash(form_from_table(key, merged_forms({})[key]))
    with pytest.raises(FrozenInstanceError):
        FORMS["media"].lag = 1.0
    with pytest.raises(FrozenInstanceError):
        FORMS["media"].effects[0].size = 1.0


def test_nobody_changes_the_shipped_catalogue():
    catalogue().clear()
    assert catalogue() == FORMS


def test_what_a_scenario_changes_leaves_the_shipped_catalogue_as_it_is():
    shipped = json.dumps(merged_forms({}))
    merged_forms({"media": {"lag": 3, "effects": {"incitement": {"size": 0.9}, "targeting": {"size": 0.9}}}})
    assert json.dumps(merged_forms({})) == shipped


def test_short_entry_has_defaults():
    form = form_from_table("radio", SHORT)
    assert (form.scope, form.ledger, form.label, form.consent) == ("state", "prevention", "assumption", 1.0)
    assert (form.under_perpetrator, form.backlash, form.needs_assessment) == (0.0, 0.0, False)
    assert (form.stages, form.effects, form.source, form.note) == ((0, 3), (), (), "")
    assert isinstance(form.unit_cost, float)


def test_nothing_heavy_is_imported():
    code = "import sys, r2psim.scenario.catalogue as c; c.catalogue(); print({'numpy', 'numba'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# -- what it refuses ---------------------------------------------------------------------------------------------------

SHORT: dict[str, Any] = {
    "name": "Radio",
    "category": "capacity",
    "providers": ["civil-society"],
    "stages": [0, 3],
    "unit_cost": 1_000_000,
    "lag": 12,
    "half_life": 12,
}


def effect(**changes: Any) -> dict[str, Any]:
    right: dict[str, Any] = {"size": 0.9, "low": 0.8, "high": 1.0}
    on = changes.pop("on", "killing")
    return {"effects": {on: {key: value for key, value in (right | changes).items() if value is not None}}}


@pytest.mark.parametrize(
    ("changes", "path", "words", "nearest"),
    [
        ({"unit_costs": 3}, "unit_costs", "one of the keys", "unit_cost"),
        ({"category": "protecton"}, "category", '"protection"', "protection"),
        ({"category": None}, "category", "one of", None),
        ({"providers": ["peacekeping"]}, "providers", "one of", "peacekeeping"),
        ({"providers": []}, "providers", "at least one", None),
        ({"providers": "police"}, "providers", "a list", None),
        ({"providers": ["police", "police"]}, "providers", "once", None),
        ({"stages": [0, 5]}, "stages", "from 0 to 4", None),
        ({"stages": [3, 1]}, "stages", "first", None),
        ({"stages": [1]}, "stages", "two stages", None),
        ({"stages": [0.5, 2]}, "stages", "from 0 to 4", None),
        ({"scope": "groups"}, "scope", '"group"', "group"),
        ({"unit_cost": 0}, "unit_cost", "US$ a year", None),
        ({"unit_cost": True}, "unit_cost", "a number", None),
        ({"unit_cost": float("nan")}, "unit_cost", "a number", None),
        ({"unit_cost": 10**400}, "unit_cost", "a number", None),
        ({"lag": -1}, "lag", "months", None),
        ({"half_life": 0}, "half_life", "months", None),
        ({"needs_assessment": 1}, "needs_assessment", "true or false", None),
        ({"consent": 1.5}, "consent", "0 to 1", None),
        ({"under_perpetrator": -0.1}, "under_perpetrator", "0 to 1", None),
        ({"backlash": 2}, "backlash", "0 to 1", None),
        ({"ledger": "responce"}, "ledger", '"response"', "response"),
        ({"label": "asumption"}, "label", '"assumption"', "assumption"),
        ({"label": ["seen"]}, "label", "one of", None),
        ({"label": "seen"}, "source", "at least one source", None),
        ({"source": ["hultman2103"]}, "source", "one of", "hultman2013"),
        ({"name": " "}, "name", "not empty", None),
        ({"effects": "killing"}, "effects", "a table for each channel", None),
        ({"effects": [{"on": "killing", "size": 0.9, "low": 0.8, "high": 1.0}]}, "effects", "for each channel", None),
        ({"effects": {"killing": 0.9}}, "effects.killing", "a table", None),
        (effect(on="kiling"), "effects.kiling", "one of the channels", "killing"),
        (effect(siz=1), "effects.killing.siz", "one of the keys", "size"),
        (effect(size=None), "effects.killing.size", "a number", None),
        (effect(size=1.2), "effects.killing.size", "from 0.8 to 1", None),
        (effect(low=0.95), "effects.killing.size", "from 0.95 to 1", None),
        (effect(high=0.95), "effects.killing.high", "at least 1: the range must include no effect", None),
        (
            effect(size=1.2, low=1.1, high=1.3),
            "effects.killing.low",
            "at most 1: the range must include no effect",
            None,
        ),
        (effect(low=1.2), "effects.killing.high", "at least 1.2", None),
        (effect(low=0), "effects.killing.low", "a factor above 0", None),
        (effect(on="media", size=0.1, low=0.05, high=0.2), "effects.media.low", "at most 0", None),
        (effect(on="exclusion", size=-0.2, low=-0.3, high=-0.1), "effects.exclusion.high", "at least 0", None),
        (effect(on="media", size=0.1, low=0, high=2), "effects.media.high", "from -1 to 1", None),
        (effect(label="computed"), "effects.killing.source", "at least one source", None),
        (effect(label="sene"), "effects.killing.label", "one of", "seen"),
        (effect(source=["nobody2000", "ewp"]), "effects.killing.source", "one of", None),
        (effect(expected=1.1), "effects.killing.expected", "from 0.8 to 1", None),
        (effect(known="yes"), "effects.killing.known", "true or false", None),
    ],
)
def test_wrong_entry_is_refused_with_its_path_and_the_nearest_name(changes, path, words, nearest):
    table = {key: value for key, value in (SHORT | changes).items() if value is not None}
    with pytest.raises(ScenarioError) as refused:
        form_from_table("radio", table, "mine.toml")
    assert len(refused.value.problems) == 1, str(refused.value)
    (problem,) = refused.value.problems
    assert (problem.file, problem.path, problem.nearest) == ("mine.toml", f"forms.radio.{path}", nearest)
    assert words in str(problem)
    (refusal,) = form_refusals("radio", table)
    assert ".".join(refusal.place) == problem.path


@pytest.mark.parametrize("key", ["Radio", "two words", "", "3", "a" * 65])
def test_wrong_key_is_refused(key):
    (refusal,) = form_refusals(key, SHORT)
    assert refusal.place == ("forms", key)
    assert refusal.value == key


def test_everything_wrong_is_said_at_once():
    table = SHORT | {"lag": -1, "scope": "all"} | effect(on="media", size=3)
    assert [refusal.place[2:] for refusal in form_refusals("radio", table)] == [
        ("scope",),
        ("lag",),
        ("effects", "media", "size"),
    ]
    assert [refusal.place[2] for refusal in form_refusals("radio", {})] == [
        *("name", "category", "providers", "stages", "unit_cost", "lag", "half_life")
    ]
    for value in (None, 3, [], "media"):
        assert [refusal.place for refusal in form_refusals("radio", value)] == [("forms", "radio")]


KEYS = [*SHORT, "scope", "label", "source", "effects", "on", "size", "low", "high", "other"]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([*CHANNELS, *MANDATES, "seen"])
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_nothing_that_toml_can_hold_breaks_the_check(changes):
    table = SHORT | changes
    found = form_refusals("radio", table)
    if not found:
        assert form_from_table("radio", table).key == "radio"
    for refusal in found:
        assert refusal.place[:2] == ("forms", "radio")
        assert refusal.allowed


def test_json_schema_accepts_the_catalogue_and_refuses_the_rest():
    schema = form_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for table in merged_forms({}).values():
        jsonschema.validate(table, schema)
    for wrong in (
        {"lagg": 1},
        {"stages": [0, 5]},
        {"category": "x"},
        {"providers": []},
        {"effects": [{"on": "killing"}]},
        {"effects": {"kiling": {"size": 0.9}}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(SHORT | wrong, schema)


# -- what readers are shown --------------------------------------------------------------------------------------------


def printed(forms: dict[str, Any], width: int = 110) -> list[str]:
    console = Console(width=width, force_terminal=False, color_system=None)
    with console.capture() as captured:
        console.print(catalogue_table(forms))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_table_has_a_line_for_each_form_and_fits():
    lines = printed(FORMS)
    assert max(map(len, lines)) <= 110
    assert max(map(len, printed(FORMS, 300))) <= 110
    assert not any("…" in line for line in lines)
    order = [line.split()[0] for line in lines if line.startswith(" ") and line.split()[0] in FORMS]
    assert order == list(FORMS)
    assert [line for line in lines if line in CATEGORIES.values()] == list(CATEGORIES.values())


def test_readers_are_told_the_words_of_a_file():
    page = " ".join(form_page(FORMS["judiciary"]).split())
    assert "capacity building (category capacity)" in page
    assert "[forms.judiciary.effects.judiciary]" in page
    assert "--set forms.judiciary.effects.judiciary.size=0.2" in page
    assert all(f'"{category}"' in printed(FORMS)[-1] for category in CATEGORIES)


def test_an_unknown_channel_is_told_all_that_there_are():
    wrong = {"name": "x", "effects": {"foo": {"size": 1.0}}}
    (told,) = [r.allowed for r in form_refusals("x", wrong) if "channels" in str(r.allowed)]
    assert all(channel in told for channel in CHANNELS)


def test_table_of_some_forms_has_only_their_categories():
    long = replace(FORMS["media"], key="m" * 64)
    lines = printed({"peacekeeping": FORMS["peacekeeping"], long.key: long})
    assert [line for line in lines if line in CATEGORIES.values()] == ["capacity building", "protection assistance"]
    assert max(map(len, lines)) <= 110


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_page_shows_everything(form, width):
    page = form_page(form, width)
    assert max(map(len, page.splitlines())) <= width
    assert all(line == line.rstrip() for line in page.splitlines())
    text = " ".join(page.split())
    for part in (form.key, form.name, form.description, form.note, SCOPES[form.scope], LEDGERS[form.ledger]):
        assert " ".join(part.split()) in text
    for tag in form.providers:
        assert f"{tag}: {MANDATES[tag]}" in text
    for number in (form.lag, form.half_life, form.consent, *form.stages):
        assert f"{number:g}" in text
    for effect in form.effects:
        assert f"{effect.on} " in text and effect.channel.meaning in text
        assert all(f"{abs(x):g}" in text for x in (effect.size, effect.low, effect.high))
    assert text.count("none would be") == len(form.effects)
    assert text.count("harm above") + text.count("harm below") == len(form.effects)
    for key in {*form.source, *(key for effect in form.effects for key in effect.source)}:
        assert f"[{key}] {SOURCES[key]}" in text


def test_page_of_a_short_form_leaves_nothing_empty():
    page = form_page(form_from_table("radio", SHORT))
    assert "nothing by itself" in page
    assert "sources" not in page
    assert "stops without the government's consent" in page
