"""The ODD document says what the declarations say now, and names everything that the rules use."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from test_architecture import READ_BY_ACCOUNTS

from r2psim.declarations.channels import CHANNELS, MANDATES
from r2psim.declarations.columns import GROUP, PR, STATE, TABLES, TRIGGERS, B, F, G, L, S
from r2psim.documentation import odd
from r2psim.documentation.odd import FIXED, HAZARDS, ROLES, main, names_used, read_by, refresh, tables
from r2psim.ensemble.measures import METRICS
from r2psim.rules.accounts import accounts
from r2psim.rules.contagion import contagion
from r2psim.rules.decision import applicable
from r2psim.rules.delivery import delivery
from r2psim.rules.demand import demand
from r2psim.rules.draws import PURPOSES, draws_of
from r2psim.rules.month import PHASES, month, opening
from r2psim.rules.settling import settling
from r2psim.scenario.catalogue import catalogue
from r2psim.scenario.loading import load
from r2psim.scenario.parameters import PARAMETERS, SOURCES, identifier
from r2psim.scenario.shipped import shipped_names
from r2psim.world.assistance import build_assistance
from r2psim.world.build import World, build
from r2psim.world.rows import Rows, copy_rows

ODD = Path(__file__).parents[1] / "docs" / "ODD.md"
SCENARIOS = ODD.parents[1] / "scenarios"
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


def lines_of(name: str) -> list[list[str]]:
    """Give the cells of a generated table, without its head and without the marks of code."""
    rows = [line for line in block(name).splitlines() if line.startswith("| ")]
    return [[cell.strip("`") for cell in line.removeprefix("| ").removesuffix(" |").split(" | ")] for line in rows[2:]]


def flat(text: str) -> str:
    """Put a text on one line: where its lines break does not matter."""
    return " ".join(text.split())


def by_hand(text: str) -> str:
    """Leave out what is generated."""
    return re.sub(r"<!-- generated: .+? -->.*?<!-- end -->", "", text, flags=re.DOTALL)


def section(heading: str) -> str:
    """Give the text under the heading of the third level that matches, up to the next."""
    found = re.search(rf"^### {heading}$\n(.*?)(?=^##?#? |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, f"the document has no section {heading!r}"
    return found[1]


def rule_section(rule) -> str:
    return section(rf"7\.\d+ [^\n]*\(`{rule.__name__}`\)")


# -- the document ------------------------------------------------------------------------------------------------------


def test_document_is_fresh():
    assert refresh(TEXT) == TEXT, "stale: python -m r2psim.documentation.odd docs/ODD.md"


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
    hazards = words & {f"{family}.{name}" for family, (terms, _) in HAZARDS.items() for name in terms}
    used = names_used(rule)
    expected = {path for path in PARAMETERS if identifier(path) in used}
    # Blocks of rows are called like some columns, all of them of pledges: who looks at none means the block.
    blocks = set() if "L" in used else set(Rows._fields)
    expected |= {c.name for table in TABLES.values() for c in table.columns if c.name in used - blocks}

    def named(name: str) -> bool:
        # A family is written once, with KIND for the kind of trigger; the base of a hazard is a line under its name.
        return (
            name in words
            or name.removesuffix(".base") in hazards
            or any(name.replace(kind, "KIND") in words for kind in TRIGGERS if kind in name)
        )

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
    used = frozenset().union(*(names_used(rule) for rule in (*RULES, settling, build_assistance)))
    multiplied = {int(place) for terms, _ in HAZARDS.values() for rows in terms.values() for place in rows[:, 0]}
    inert = [
        path
        for place, path in enumerate(PARAMETERS)
        if not path.startswith("reference.") and place not in multiplied and identifier(path) not in used
    ]
    assert set(inert) == READ_BY_ACCOUNTS


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
    listed |= set(re.findall(r"^- \*\*\[([\w-]+)\]\*\*", block("generator: sources"), re.MULTILINE))
    prose = re.sub(r"^```$.*?^```$|`[^`\n]*`", "", TEXT.replace(bibliography, ""), flags=re.MULTILINE | re.DOTALL)
    cited = set(re.findall(r"\[([\w-]+)\](?!\()", prose)) - {"brackets"}
    assert cited <= listed
    assert "a68947" in cited and "ucdp" in cited


def test_every_purpose_of_chance_appears_and_is_drawn_by_a_rule():
    text = block("purposes of chance")
    drawn = dict(re.findall(r"^\| \d+ \| (.+?) \| (`\w+`(?: `\w+`)*) \|", text, re.MULTILINE))
    assert list(drawn) == list(PURPOSES)
    assert drawn["observation: error of an assessment of risk"] == "`observation` `decision`"
    assert drawn["observation: error of an assessment of risk, other half"] == "`observation` `decision`"


def test_blocks_are_called_like_columns_of_pledges_only():
    named = {(kind, c.name) for kind, table in TABLES.items() for c in table.columns if c.name in Rows._fields}
    assert {kind for kind, _ in named} == {"pledge"}


def test_numbers_read_well():
    numbers = {0.0: "0", 0.00706: "0.00706", -1.5: "-1.5", 1000.0: "1000", 2e9: "2e9", 1234567.5: "1234567.5"}
    assert {x: odd._number(x) for x in numbers} == numbers
    assert odd._number(float("inf")) == "no limit"
    assert odd._number(-0.0) == "0"
    ranges = {(0.0, 1.0): "0 to 1", (0.0, np.inf): "0 or more", (-np.inf, np.inf): "any"}
    assert {pair: odd._range(*pair) for pair in ranges} == ranges


def test_numbers_read_back():
    declared = [x for p in PARAMETERS.values() for x in (p.default, p.low, p.high)]
    declared += [x for table in TABLES.values() for c in table.columns for x in (c.default, c.low, c.high)]
    assert all(float(odd._number(x)) == x for x in declared if np.isfinite(x))


# -- assistance --------------------------------------------------------------------------------------------------------


def test_every_form_appears_with_its_numbers():
    rows = lines_of("catalogue: forms")
    assert [row[0] for row in rows] == list(catalogue())
    numbers = lines_of("catalogue: numbers")
    for form, said, row in zip(catalogue().values(), rows, numbers, strict=True):
        assert said[1] == form.name and said[4] == f"{form.stages[0]}-{form.stages[1]}" and said[6] == form.ledger
        assert re.findall(r"[\w-]+", said[-1]) == list(form.providers)
        cost = [form.unit_cost, form.person_cost, form.lag, form.half_life]
        assert row[0] == form.key and [float(x) for x in row[1:5]] == cost
        assert [float(x) for x in row[6:9]] == [form.consent, form.under_perpetrator, form.backlash]
        assert row[9] == form.label and row[10] == (" ".join(f"[{key}]" for key in form.source) or "-")


def test_every_effect_appears_with_its_range_and_label():
    said = iter(lines_of("catalogue: effects"))
    for form in catalogue().values():
        for effect in form.effects:
            _, on, size, span, harm, label, _ = next(said)
            assert (on, float(size.removeprefix("x")), label) == (effect.on, effect.size, effect.label)
            assert [float(x) for x in span.split(" to ")] == [effect.low, effect.high]
            assert (harm == "-") == (effect.harm is None)
        if not form.effects:
            assert next(said)[:2] == [form.key, "none"]
    assert next(said, None) is None


def test_text_says_truly_that_every_range_includes_no_effect():
    assert "The range includes no effect, always" in flat(TEXT)
    assert all(e.low <= e.channel.none <= e.high for form in catalogue().values() for e in form.effects)


def test_every_channel_appears_and_is_read_by_something():
    rows = lines_of("channels")
    rows = rows[-len(CHANNELS) :]
    assert [row[0] for row in rows] == list(CHANNELS)
    for name, row in zip(CHANNELS, rows, strict=True):
        assert row[1:4] == [CHANNELS[name].kind, CHANNELS[name].meaning, CHANNELS[name].helps]
        assert read_by(name), f"nothing reads what assistance does to {name}"
        assert re.findall(r"[\w.]+", row[5]) == read_by(name)


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_is_said_to_read_a_channel_names_it_where_it_is_described(channel):
    for reader in read_by(channel):
        if "." in reader:
            assert f"`aid_{channel}`" in block(f"hazards: {reader.partition('.')[0]}")
        else:
            text = section(rf"7\.\d+ [^\n]*\(`{reader}`\)")
            family = reader == "structure" and "aid_X" in text and "inhibitor X" in text
            assert f"aid_{channel}" in text or (family and channel in odd.INHIBITORS)


def test_a_channel_that_nothing_reads_would_be_seen(monkeypatch):
    monkeypatch.setattr(odd, "HAZARDS", {})
    assert read_by("to_threat") == [] and read_by("killing") == ["harm", "state_totals"]


def test_every_mandate_appears_with_the_forms_that_it_allows():
    rows = lines_of("mandates")
    assert [row[0] for row in rows] == list(MANDATES)
    for tag, about, _, forms in rows:
        assert about == MANDATES[tag]
        allowed = [form.key for form in catalogue().values() if tag in form.providers]
        assert re.findall(r"[\w-]+\w", forms) == allowed


@pytest.mark.parametrize("scenario", shipped_names())
def test_every_policy_that_ships_appears_with_what_it_sets(scenario):
    shipped = load(scenario).policies
    rows = {row[0]: row[1:] for row in lines_of("policies")}
    *_, changed, own = next(row for row in lines_of("scenarios") if row[0] == scenario)
    said = dict(re.findall(r"([\w.-]+)`? = ([\w.-]+)", changed))
    given = tomllib.loads((SCENARIOS / f"{scenario}.toml").read_text(encoding="utf-8")).get("forms", {})
    costs = {f"forms.{key}.{cost}": value for key, form in given.items() for cost, value in form.items()}
    assert {path: float(value) for path, value in said.items()} == load(scenario).parameters | costs
    assert set(shipped) == set(rows) | set(re.findall(r"[\w-]+\w", own))
    for name, (about, sets, weights, priorities, shares) in rows.items():
        assert about == shipped[name].description
        said = {path: float(value) for path, value in re.findall(r"`?([\w.]+)`? = ([\w.-]+)", sets)}
        assert said == shipped[name].parameters
        assert {tag: float(x) for tag, x in re.findall(r"([\w-]+)`? x([\w.]+)", weights)} == shipped[name].budgets
        for cell, given in ((priorities, shipped[name].priorities), (shares, shipped[name].shares)):
            said = {path: float(x) for path, x in re.findall(r"([\w.-]+)`? x?([\d.]+)", cell)}
            assert said == {f"{of}.{key}": x for of, values in given.items() for key, x in values.items()}


@pytest.mark.parametrize("family", ["principles", "challenges"])
def test_principles_and_challenges_have_mechanism_switch_and_observable(family):
    text = section(r"7\.\d+ Principles and challenges")
    declared = [path for path in PARAMETERS if path.startswith(family)]
    assert [row[1] for row in lines_of(family)] == declared
    assert all(f"`{path}`" in by_hand(text) for path in declared)
    names = {c.name for table in TABLES.values() for c in table.columns} | set(METRICS)
    table = [line.split(" | ") for line in by_hand(text).splitlines() if line.startswith("| ") and "---" not in line]
    sections = {path.split(".")[1] for path in PARAMETERS if path.startswith(("principles.", "challenges."))}
    assert len(table) == 2 + len(sections)
    for _, mechanism, switch, observable in table:
        if mechanism != "mechanism":
            assert len(mechanism.split()) > 5 and re.search(r"`[a-z]+\.", switch)
            assert set(re.findall(r"`(\w+)`", observable)) <= names and "`" in observable


def test_every_metric_appears():
    assert {row[0]: row[1] for row in lines_of("metrics")} == METRICS


def test_fixed_numbers_of_assistance_appear_and_are_named_where_they_act():
    assert [row[0] for row in lines_of("fixed numbers of assistance")] == list(FIXED)
    text = by_hand(section(r"7\.\d+ Demand \(`demand`\)"))
    assert all(f"`{name}`" in text for name in FIXED)


def test_generator_appears_with_every_table_that_it_draws_from():
    data = odd._generator_data()
    assert [row[0] for row in lines_of("generator")] == [
        name for name, table in data.items() if isinstance(table, dict) and "description" in table
    ]
    assert [(row[0], float(row[2])) for row in lines_of("generator: numbers")] == [
        (name, number["value"]) for name, number in data["numbers"].items()
    ]
    assert [row[0] for row in lines_of("generator: scores")] == list(data["columns"])
    assert [row[0] for row in lines_of("generator: bodies")] == [body["id"] for body in data["bodies"]]
    assert [float(row[4]) for row in lines_of("generator: bodies")] == [body["budget"] for body in data["bodies"]]


# -- claims of the text that a run can check ---------------------------------------------------------------------------


def run(policy: str, months: int) -> tuple[World, Rows]:
    """Run the seminar for some months."""
    scenario = load("seminar")
    world = build(scenario, policy)
    rows = copy_rows(world.rows)
    p = scenario.parameter_values(policy)
    opening(rows, p, draws_of(7, 0, 0))
    for m in range(months):
        month(rows, p, draws_of(7, 0, m))
    return world, rows


def test_what_is_said_to_be_constant_does_not_move():
    world, rows = run("late-response", 24)
    constant = ("population", "growth", "resource_rents", "veto", *(n for n in STATE.names if n[-5:] == "_home"))
    for name in constant:
        assert np.array_equal(rows.state[STATE.index[name]], world.rows.state[STATE.index[name]]), name
    assert np.array_equal(rows.group[G.share], world.rows.group[G.share])
    assert np.array_equal(rows.form, world.rows.form)
    assert not np.array_equal(rows.state[S.gdp], world.rows.state[S.gdp])


def test_without_assistance_nothing_of_it_moves():
    _, rows = run("no-assistance", 24)
    assert not rows.programme[PR.strength].any() and not rows.body[B.spent].any() and not rows.ledger.any()
    for table, values in ((STATE, rows.state), (GROUP, rows.group)):
        for name in table.names:
            assert not name.startswith("aid_") or not values[table.index[name]].any(), name


def test_accounts_balance_as_the_text_says():
    _, rows = run("prevention", 60)
    body = rows.body
    assert body[B.spent].sum() > 0.0 and body[B.returned].sum() > 0.0
    assert np.array_equal(body[B.received], body[B.spent] + body[B.balance] + body[B.returned])
    assert np.array_equal(body[B.spent], body[B.spent_prevention] + body[B.spent_response])
    assert np.array_equal(rows.ledger.sum(axis=1), body[B.spent])
    assert rows.programme[PR.spent_0 : PR.spent_0 + 5].sum() == body[B.spent].sum()


def test_the_first_decision_can_begin_programmes_as_the_text_says():
    assert "The first decision, in the first month, can therefore begin programmes" in flat(TEXT)
    _, rows = run("prevention", 0)
    assert (rows.programme[PR.cost] > 0.0).all() and (rows.state[S.willingness] > 0.0).all()
    assert np.array_equal(rows.state[S.threatened], rows.state[S.stage] >= 2.0)
    _, rows = run("prevention", 1)
    of_body = np.split(rows.pledge[L.programme] >= 0.0, rows.pledge_start[1:-1])
    deciding = np.array([pledged.any() for pledged in of_body])
    assert deciding[rows.body[B.rhythm] == 12.0].any(), "a body with a rhythm of a year loses its first turn"


def test_a_needs_assessment_has_a_worth_and_is_funded_as_the_text_says():
    said = "Bodies fund it for a fixed worth (`assistance.assessment_worth`)"
    assert said in flat(section(r"1\.4 What is not modelled"))
    world, rows = run("prevention", 60)
    f = world.forms.index("needs-assessment")
    assert rows.form[F.potency, f] == PARAMETERS["assistance.assessment_worth"].default
    assert rows.ledger[:, f].sum() > 0.0
    assert not catalogue()["needs-assessment"].effects


def test_leverage_wins_consent_and_commitment_as_the_text_says():
    assert "`leverage` of a body wins it consent" in flat(section(r"1\.4 What is not modelled"))
    assert [rule.__name__ for rule in RULES if "leverage" in names_used(rule)] == ["decision", "offering", "delivery"]
    world, rows = run("no-assistance", 0)
    p = load("seminar").parameter_values()
    f = world.forms.index("inclusive-governance")
    rows.state[S.commitment], rows.state[S.stage] = 1.0, rows.form[F.first_stage, f]
    demand(0, rows.state.shape[1], rows, p, draws_of(7, 0, 0))
    gate, consent = p[list(PARAMETERS).index("assistance.consent_gate")], rows.form[F.consent, f]
    rows.programme[PR.consent, f * rows.state.shape[1]] = 1.0 - consent  # of a government without any willingness
    for leverage in np.linspace(0.0, 1.0, 11):
        rows.body[B.leverage, 0] = leverage
        assert applicable(rows, p, 0, 0, f) == (1.0 - consent * (1.0 - leverage) >= gate)


def test_what_crosses_a_border_weighs_what_assistance_leaves_of_it_as_the_text_says():
    assert "not how many refugees cross it" in flat(section(r"1\.4 What is not modelled"))
    world = build(load("seminar"))
    p = load("seminar").parameter_values()
    seen = {}
    for aid in (np.log(0.5), 0.0, np.log(2.0)):
        rows = copy_rows(world.rows)
        rows.state[S.conflict], rows.state[S.arms], rows.state[S.displaced_abroad] = 3.0, 0.5, 1000.0
        rows.state[S.aid_spill_over] = aid
        contagion(0, rows.state.shape[1], rows, p, draws_of(7, 0, 1))
        seen[aid] = rows.state
    half, plain, double = seen.values()
    hosts = plain[S.displaced_hosted] > 0.0
    assert hosts.any() and np.array_equal(half[S.displaced_hosted], double[S.displaced_hosted])
    for place in (S.spill_war, S.spill_arms, S.spill_refugees):
        assert half[place][hosts] == pytest.approx(0.5 * plain[place][hosts])
        assert double[place][hosts] == pytest.approx(2.0 * plain[place][hosts])


def test_ownership_is_owed_where_the_text_says():
    assert "not at all where it needs neither" in flat(rule_section(delivery))
    _, rows = run("no-assistance", 0)
    p = load("seminar").parameter_values()
    places = list(PARAMETERS)
    p[places.index("challenges.complexity.strength")] = 0.0  # strength decays faster where willingness is low
    p[places.index("principles.ownership.practice")] = 0.5
    seen = []
    for strength in (0.0, 0.5):
        p[places.index("principles.ownership.strength")] = strength
        rows.programme[PR.strength] = 1.0
        delivery(0, rows.state.shape[1], rows, p, draws_of(7, 0, 0))
        seen.append(rows.programme[PR.quality].reshape(-1, rows.state.shape[1]).T.copy())
    free = (rows.form[F.consent] == 0.0) & (rows.form[F.needs_assessment] == 0.0)
    assert free.any() and np.array_equal(seen[0][:, free], seen[1][:, free])
    assert (seen[0] > seen[1])[:, ~free].any(axis=0).all()


def test_prevention_is_spent_before_a_crisis_as_the_text_says():
    assert "forms of prevention at stages 0-2 and not in war" in flat(rule_section(accounts))
    _, rows = run("prevention", 60)
    states = rows.state.shape[1]
    stage = np.stack([rows.programme[PR.spent_0 + k].reshape(-1, states).T for k in range(5)])
    early = stage[:3][:, :, rows.form[F.response] == 0.0].sum()
    assert 0.0 < rows.body[B.spent_prevention].sum() <= early


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
