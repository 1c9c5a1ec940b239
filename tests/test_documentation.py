"""The ODD document says what the declarations say now, and names everything that the rules use."""

import re
from pathlib import Path

import numpy as np
import pytest

from r2psim.analysis import documentation
from r2psim.analysis.documentation import HAZARDS, ROLES, main, names_used, refresh, tables
from r2psim.rules.draws import PURPOSES, draws_of
from r2psim.rules.month import PHASES, month
from r2psim.scenario.loading import load
from r2psim.scenario.parameters import PARAMETERS, SOURCES, identifier
from r2psim.world.build import build
from r2psim.world.rows import copy_rows
from r2psim.world.tables import GROUP, STATE, TABLES, TRIGGERS, G, S

ODD = Path(__file__).parents[1] / "docs" / "ODD.md"
TEXT = ODD.read_text(encoding="utf-8")
RULES = [step for phase in PHASES for step in phase.steps]

ELEMENTS = (
    "Purpose and patterns",
    "Entities, state variables and scales",
    "Process overview and scheduling",
    "Design concepts",
    "Initialization",
    "Input data",
    "Submodels",
)
CONCEPTS = (
    "Basic principles",
    "Emergence",
    "Adaptation",
    "Objectives",
    "Learning",
    "Prediction",
    "Sensing",
    "Interaction",
    "Stochasticity",
    "Collectives",
    "Observation",
)


def block(name: str) -> str:
    """Give a generated block as it stands in the document."""
    return TEXT.partition(f"<!-- generated: {name} -->")[2].partition("<!-- end -->")[0]


def section(heading: str) -> str:
    """Give the text under the heading of the third level that matches, up to the next."""
    found = re.search(rf"^### {heading}$\n(.*?)(?=^##?#? |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, f"the document has no section {heading!r}"
    return found[1]


def rule_section(rule) -> str:
    return section(rf"7\.\d+ [^\n]*\(`{rule.__name__}`\)")


# -- the document ------------------------------------------------------------------------------------------------------


def test_document_is_fresh():
    assert refresh(TEXT) == TEXT, "stale: python -m r2psim.analysis.documentation docs/ODD.md"


def test_document_has_the_seven_elements_in_order():
    headings = re.findall(r"^## (\d) (.+)$", TEXT, re.MULTILINE)
    assert headings == [(str(i), name) for i, name in enumerate(ELEMENTS, 1)]


def test_document_has_the_eleven_design_concepts_in_order():
    headings = re.findall(r"^### (4\.\d+) (.+)$", TEXT, re.MULTILINE)
    assert headings == [(f"4.{i}", name) for i, name in enumerate(CONCEPTS, 1)]
    for number, name in headings:
        assert len(section(re.escape(f"{number} {name}")).split()) > 5


def test_subsections_are_numbered_in_order():
    for element in range(1, 8):
        numbers = [int(n) for n in re.findall(rf"^### {element}\.(\d+) ", TEXT, re.MULTILINE)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_document_says_what_is_not_modelled_and_what_the_model_is_not():
    assert "not a forecast of any named country" in section(r"1\.2 What this model is not")
    assert "body" in section(r"1\.4 What is not modelled")


def test_sections_that_are_referred_to_exist():
    numbers = set(re.findall(r"^##?#? (\d[.\d]*) ", TEXT, re.MULTILINE))
    assert set(re.findall(r"sections? (\d+(?:\.\d+)?)", TEXT)) <= numbers


# -- rules -------------------------------------------------------------------------------------------------------------


def test_every_rule_has_a_subsection_in_the_order_of_the_month():
    written = re.findall(r"^### 7\.\d+ .*\(`(\w+)`\)$", TEXT, re.MULTILINE)
    assert written == [rule.__name__ for rule in RULES]
    assert re.findall(r"\| `(\w+)` \|", block("schedule")) == written


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_subsection_says_its_sources_and_assumptions(rule):
    assert "*Sources and assumptions.*" in rule_section(rule)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_subsection_names_every_variable_and_parameter_of_its_rule(rule):
    text = rule_section(rule)
    words = set(re.findall(r"[\w.]+\w", text)) | set(re.findall(r"\w+", text))
    used = names_used(rule)
    expected = {path for path in PARAMETERS if identifier(path) in used}
    expected |= {c.name for table in (STATE, GROUP) for c in table.columns if c.name in used}

    def named(name: str) -> bool:
        # A family is written once, with KIND for the kind of trigger.
        return name in words or any(name.replace(kind, "KIND") in words for kind in TRIGGERS if kind in name)

    assert not sorted(name for name in expected if not named(name))


def test_every_hazard_and_its_terms_appear():
    for family, (terms, table) in HAZARDS.items():
        text = block(f"hazards: {family}")
        assert re.findall(r"^\| `([\w.]+)`", text, re.MULTILINE) == [f"{family}.{name}" for name in terms]
        assert text.count("\n|") - 2 == sum(len(places) for places in terms.values())
        for places in terms.values():
            assert all(f"`{table.columns[column].name}`" in text for _, column, _ in places[1:])


def test_every_declared_coefficient_of_a_hazard_is_one_that_the_rules_multiply():
    """A misspelt covariate would be silently inert: no column is called like it, and no rule asks for it."""
    used = frozenset().union(*(names_used(rule) for rule in RULES))
    multiplied = {int(place) for terms, _ in HAZARDS.values() for rows in terms.values() for place in rows[:, 0]}
    inert = [
        path
        for place, path in enumerate(PARAMETERS)
        if not path.startswith("reference.") and place not in multiplied and identifier(path) not in used
    ]
    assert not inert


# -- declarations ------------------------------------------------------------------------------------------------------


def test_every_column_appears_with_its_unit_and_meaning():
    for kind, table in TABLES.items():
        rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", block(f"state variables: {kind}"), re.MULTILINE))
        assert list(rows) == list(table.names)
        for column in table.columns:
            assert rows[column.name].startswith(f"{column.unit} | ")
            assert rows[column.name].endswith(f"| {column.role} | {column.meaning}")


def test_every_role_in_use_is_explained():
    assert {column.role for table in TABLES.values() for column in table.columns} <= set(ROLES)


def test_every_parameter_appears_with_its_default_and_source():
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.*) \|$", block("parameters"), re.MULTILINE))
    assert sorted(rows) == sorted(PARAMETERS)
    for path, parameter in PARAMETERS.items():
        description, unit, default, _, label, sources = rows[path].split(" | ")
        assert (description, unit, float(default), label) == (
            parameter.description, parameter.unit, parameter.default, parameter.label,
        )  # fmt: skip
        assert sources == (" ".join(f"[{key}]" for key in parameter.source) or "-")


def test_every_number_that_is_not_an_assumption_has_a_known_source():
    for parameter in PARAMETERS.values():
        assert parameter.label == "assumption" or parameter.source, parameter.path
        assert set(parameter.source) <= set(SOURCES), parameter.path


def test_every_cited_key_is_in_the_bibliography():
    bibliography = block("bibliography")
    listed = set(re.findall(r"^- \*\*\[(\w+)\]\*\*", bibliography, re.MULTILINE))
    assert listed == set(SOURCES)
    prose = re.sub(r"^```$.*?^```$|`[^`\n]*`", "", TEXT.replace(bibliography, ""), flags=re.MULTILINE | re.DOTALL)
    cited = set(re.findall(r"\[(\w+)\](?!\()", prose)) - {"brackets"}
    assert cited <= listed
    assert "a68947" in cited and "ucdp" in cited


def test_every_purpose_of_chance_appears_and_is_drawn_by_a_rule():
    text = block("purposes of chance")
    assert [row[0] for row in re.findall(r"^\| \d+ \| (.+?) \| (`\w+`) \|", text, re.MULTILINE)] == list(PURPOSES)


def test_numbers_read_well():
    numbers = {0.0: "0", 0.00706: "0.00706", -1.5: "-1.5", 1000.0: "1000", 2e9: "2e9", 1234567.5: "1234567.5"}
    assert {x: documentation._number(x) for x in numbers} == numbers
    assert documentation._number(float("inf")) == "no limit"


def test_numbers_read_back():
    declared = [x for p in PARAMETERS.values() for x in (p.default, p.low, p.high)]
    declared += [x for table in TABLES.values() for c in table.columns for x in (c.default, c.low, c.high)]
    assert all(float(documentation._number(x)) == x for x in declared if np.isfinite(x))


# -- claims of the text that a run can check ---------------------------------------------------------------------------


def test_what_is_said_to_be_constant_or_without_part_does_not_move():
    scenario = load("seminar")
    world = build(scenario)
    rows = copy_rows(world.rows)
    p = scenario.parameter_values(None)
    for m in range(24):
        month(rows, p, draws_of(7, 0, m))
    for name in ("population", "growth", "horizontal_inequality", *(n for n in STATE.names if n.endswith("_home"))):
        assert np.array_equal(rows.state[STATE.index[name]], world.rows.state[STATE.index[name]]), name
    assert np.array_equal(rows.group[G.share], world.rows.group[G.share])
    assert np.array_equal(rows.body, world.rows.body) and rows.programme.shape[1] == 0
    assert not np.array_equal(rows.state[S.gdp], world.rows.state[S.gdp])


def test_no_rule_touches_bodies_or_programmes():
    for rule in RULES:
        assert not names_used(rule) & {"body", "programme", "B", "PR"}, "section 1.4 says that bodies take no part"


# -- refreshing --------------------------------------------------------------------------------------------------------


def test_stale_document_is_caught_shown_and_renewed(tmp_path, capsys):
    file = tmp_path / "ODD.md"
    path, parameter = next(iter(PARAMETERS.items()))
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{path}` |"))
    stale = TEXT.replace(row, row.replace(parameter.description, "something else"))
    assert stale != TEXT
    file.write_text(stale, encoding="utf-8")
    assert main([str(file), "--check"]) == 1
    shown = capsys.readouterr().out
    assert f"+{row}" in shown and "something else" in shown
    assert file.read_text(encoding="utf-8") == stale
    assert main([str(file)]) == 0
    assert file.read_text(encoding="utf-8") == TEXT
    assert main([str(file), "--check"]) == 0
    assert capsys.readouterr().out == ""


def test_a_changed_declaration_makes_the_document_stale():
    blocks = tables()
    assert refresh(TEXT, blocks) == TEXT
    assert refresh(TEXT, blocks | {"hazards: stages": "changed"}) != TEXT


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "'a'"),
        ("<!-- generated: a -->\n<!-- end -->", "'b'"),
        ("<!-- generated: a -->\n<!-- generated: b -->\n<!-- end -->", "'a' of the document has no end"),
        ("<!-- generated: a -->\n<!-- end -->\n<!-- generated: b -->\n", "'b' of the document has no end"),
        ("<!-- generated: a -->\n<!-- end -->\n<!-- generated: bee -->\n<!-- end -->", "unknown block 'bee'"),
        ("<!-- generated: a -->\n<!-- end -->\n" * 2 + "<!-- generated: b -->\n<!-- end -->", "'a' 2 times"),
    ],
)
def test_a_wrong_marker_is_named(text, named):
    with pytest.raises(ValueError, match=re.escape(named)):
        refresh(text, {"a": "1", "b": "2"})


def test_command_names_the_wrong_marker_and_exits_with_2(tmp_path, capsys):
    file = tmp_path / "bad.md"
    file.write_text(TEXT.replace("generated: schedule", "generated: shedule"), encoding="utf-8")
    assert main([str(file), "--check"]) == 2
    assert "'shedule'" in capsys.readouterr().err
    assert main([str(tmp_path / "none.md")]) == 2


def test_text_outside_of_blocks_is_kept_to_the_letter():
    text = "before \\1 {x}\n<!-- generated: a -->\nold\n<!-- end -->\nafter\n"
    assert refresh(text, {"a": r"new \g<0>"}) == text.replace("old", "\nnew \\g<0>\n")
