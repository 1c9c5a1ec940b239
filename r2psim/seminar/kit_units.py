"""Three units to teach with: tasks for participants, and answers that are computed when the material is made.

No answer is written down: each is run, or read in the catalogue, with the version and the scenario at hand.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from r2psim.analysis.comparison import Comparison, compare
from r2psim.analysis.controls import bought_nothing
from r2psim.analysis.ledgers import COST_LEDGERS
from r2psim.analysis.marginal import PRINCIPLES, Marginal, marginal, runs_of
from r2psim.ensemble.intervals import Interval, paired_interval, share_differing
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.results import Results
from r2psim.ensemble.simulation import simulate
from r2psim.markup import Markup, element
from r2psim.scenario.forms import Form
from r2psim.seminar.kit_cards import BOUND
from r2psim.seminar.kit_page import bullets, code, page, paragraph, section
from r2psim.seminar.kit_setting import Setting
from r2psim.seminar.play import COUNTERFACTUALS
from r2psim.seminar.seeds import Looked, Seeds

__all__ = ["SEED", "UNITS", "Worked", "answer_pages", "policies_words", "unit_pages", "work", "work_of"]

UNITS = ("stages", "principles", "cost")

SEED = 7
"""Of the runs behind the answers; in every unit the same, so that whoever runs the commands finds the same."""

LATE, EARLY, NONE = COUNTERFACTUALS

NAMED = 4
"""Forms that an answer names of those that backfire most."""


@dataclass(frozen=True)
class Worked:
    """What was run for the answers.

    Attributes
    ----------
    runs, years : int
        Of each world and policy; length.
    seeds : Seeds
        That were looked at, for single histories.
    stages : Results
        Under late response, with the stages of all groups.
    principles : Marginal
        What the five principles of prevention do.
    cost : Comparison
        No assistance, late response and prevention.
    """

    runs: int
    years: int
    seeds: Seeds
    stages: Results
    principles: Marginal
    cost: Comparison


def work_of(setting: Setting, runs: int) -> int:
    """Give how many runs it takes, null twins included."""
    return runs + runs_of(("principles",), setting.scenario, runs) + 2 * runs * len(COUNTERFACTUALS)


def work(
    setting: Setting,
    seeds: Seeds,
    runs: int,
    threads: int | None = None,
    advance: Callable[[int], None] | None = None,
) -> Worked:
    """Run what the answers need.

    Parameters
    ----------
    setting : Setting
        What is held.
    seeds : Seeds
        That were looked at.
    runs : int
        Of each world and policy.
    threads : int, optional
        All processors if not given; no answer depends on it.
    advance : callable, optional
        Told the number of runs that are done since it was last called.
    """
    full = setting.scenario
    years = full.years
    stages = simulate(full, [LATE], runs, SEED, years, threads, histories=True, advance=advance)
    principles = marginal(full, LATE, EARLY, ["principles"], 1e8, runs, SEED, years, None, threads, None, advance)
    cost = compare(full, [NONE, LATE, EARLY], runs, SEED, years, threads, advance)
    return Worked(runs, years, seeds, stages, principles, cost)


# -- pages -------------------------------------------------------------------------------------------------------------


def unit_pages(setting: Setting, worked: Worked) -> list[Markup]:
    """Write a page of tasks for each unit, for participants."""
    words = setting.words
    about = words("units.about", command=code("r2psim app"))
    return [
        page(
            words,
            words.of(setting.scenario.title),
            words("kit.participants"),
            element("h1", words(f"units.{unit}.title")),
            section(words("units.question"), paragraph(words(f"units.{unit}.question"))),
            section(words("units.look"), paragraph(_look(setting, worked, unit))),
            section(words("units.tasks"), bullets(_tasks(setting, worked, unit), "ol")),
            section(words("units.terms"), bullets(_terms(setting, unit), class_="small")),
            paragraph(about, "small"),
        )
        for unit in UNITS
    ]


def answer_pages(setting: Setting, worked: Worked) -> list[Markup]:
    """Write a page for each unit: aim, script, what can be learnt and what not, answers."""
    words = setting.words
    answers = {"stages": _stages, "principles": _principles, "cost": _cost}
    computed = words("units.computed", runs=words.whole(worked.runs), years=worked.years, seed=SEED)
    pages = []
    for unit in UNITS:
        inside = (
            section(words("units.aim"), paragraph(words(f"units.{unit}.aim"))),
            section(words("units.look"), paragraph(_look(setting, worked, unit)), *_typical(setting, worked, unit)),
            section(words("units.script"), bullets(words.all(f"units.{unit}.script"), "ol")),
            section(
                words("units.answers"),
                paragraph(computed, "small"),
                bullets(answers[unit](setting, worked)),
                class_=None,
            ),
            section(words("units.learn"), bullets(words.all(f"units.{unit}.learn"))),
            section(words("units.learn_not"), bullets(words.all(f"units.{unit}.learn_not"))),
        )
        title = element("h1", words(f"units.{unit}.title"))
        pages.append(
            page(words, words("kit.answers"), words("kit.facilitator_only"), title, *inside, class_="page card full")
        )
    return pages


TERMS = {"stages": (LATE,), "principles": (EARLY,), "cost": (NONE, LATE, EARLY)}
"""Unit -> policies that its tasks name."""


def policies_words(setting: Setting, policies: Iterable[str]) -> Iterator[Markup]:
    """Say what policies are, as the scenario says it."""
    words = setting.words
    for policy in policies:
        yield words.labelled(element("strong", policy), words.of(setting.scenario.policies[policy].description))


def _terms(setting: Setting, unit: str) -> Iterator[Markup]:
    """Explain the terms of a unit to those who have not read of the model."""
    words = setting.words
    yield from policies_words(setting, TERMS[unit])
    if unit == "principles":
        for principle, said in zip(PRINCIPLES, words.all("units.principles.named"), strict=True):
            yield words.labelled(element("strong", words.of(principle)), said)
    if unit == "cost":
        yield words("units.cost.placebo")


KINDS = {"stages": ("near-miss",), "principles": ("in-spite",), "cost": ("averted", "in-spite")}
"""Unit -> kinds of seed that it looks at: the first of each that was drawn."""


def _first(worked: Worked, kind: str) -> Looked | None:
    return next(iter(worked.seeds.of(kind)), None)


def _seed(setting: Setting, worked: Worked, kind: str) -> Markup:
    one = _first(worked, kind)
    if one is None:
        return setting.words("units.no_seed", n=len(worked.seeds.looked))
    return Markup(one.seed)


def _look(setting: Setting, worked: Worked, unit: str) -> Markup:
    kinds = KINDS[unit]
    names = ("averted", "in_spite") if len(kinds) == 2 else ("seed",)
    given = {name: _seed(setting, worked, kind) for name, kind in zip(names, kinds, strict=True)}
    return setting.words(f"units.{unit}.look", years=worked.seeds.years, **given)


def _typical(setting: Setting, worked: Worked, unit: str) -> Iterator[Markup]:
    words = setting.words
    for kind in KINDS[unit]:
        share = worked.seeds.share(kind)
        limits = words.range(words.percent(share.low or 0.0), words.percent(share.high or 0.0))
        common = words("units.typical", share=words.percent(share.mean), n=len(worked.seeds.looked), range=limits)
        yield paragraph(Markup(" ").join((words(f"seeds.teaches.{kind}"), common)), "small")


def commands(setting: Setting, worked: Worked) -> dict[str, str]:
    """Give every command that the tasks name, by its place in the words."""
    name, years = shlex.quote(setting.name_of_file), worked.seeds.years

    def one(kind: str, policy: str) -> str:
        found = _first(worked, kind)
        seed = worked.seeds.looked[0].seed if found is None else found.seed
        return f"r2psim run {name} --policy {policy} --seed {seed} --years {years}"

    found = {
        "run": one("near-miss", LATE),
        "in_spite": one("in-spite", EARLY),
        "first_late": one("averted", LATE),
        "first_early": one("averted", EARLY),
        "second_late": one("in-spite", LATE),
        "second_early": one("in-spite", EARLY),
        "marginal": f"r2psim marginal {name} --parts principles --runs {worked.runs} --seed {SEED}",
        "compare": f"r2psim compare {name} --policies {NONE},{LATE},{EARLY} --runs {worked.runs} --seed {SEED}",
    }
    group = _nearest(setting, worked)
    shown = "STATE/GROUP" if group is None else shlex.quote(group[0])
    return found | {"explain": f"{found['run']} --explain {shown}"}


TASKS: dict[str, dict[str, str]] = {
    "stages": {"run": "run", "explain": "explain"},
    "principles": {"run": "in_spite", "marginal": "marginal"},
    "cost": {key: key for key in ("first_late", "first_early", "second_late", "second_early", "compare")},
}
"""Unit -> place in its tasks -> a key of `commands`."""


def _tasks(setting: Setting, worked: Worked, unit: str) -> list[Markup]:
    typed = commands(setting, worked)
    given = {place: code(typed[key]) for place, key in TASKS[unit].items()}
    return setting.words.all(f"units.{unit}.tasks", **given)


# -- answers -----------------------------------------------------------------------------------------------------------


def _told(setting: Setting, found: Interval | None, write: Callable[[float], object]) -> Markup:
    """Write a mean with its interval."""
    words = setting.words
    if found is None:
        return Markup("–")
    if found.low is None or found.high is None:
        return Markup(write(found.mean))
    return words("units.bracket", mean=write(found.mean), range=words.range(write(found.low), write(found.high)))


def _nearest(setting: Setting, worked: Worked) -> tuple[str, int] | None:
    """Give the group that first came to imminent risk in the near miss, and the month in which it did (from 0)."""
    one = _first(worked, "near-miss")
    if one is None:
        return None
    run = simulate(setting.scenario, [LATE], 1, one.seed, worked.seeds.years, histories=True)
    stage = run.stages[LATE][0]
    months, groups = np.nonzero(stage >= 3)
    # Index 0 is the start, index 1 the end of the first month.
    return setting.world.groups[int(groups[0])], max(int(months[0]) - 1, 0)


def reached(stages: np.ndarray) -> dict[str, np.ndarray]:
    """Say what groups came to, of those that stood below threat at the start and of all.

    Parameters
    ----------
    stages : numpy.ndarray, int8, shape (runs, months + 1, groups)
        As `r2psim.simulate` gives them.

    Returns
    -------
    dict of str to numpy.ndarray, shape (runs, groups)
        ``below``: stood below threat at the start; ``threat``, ``imminent``, ``atrocity``: came so far at some time;
        ``months``: from the first month at threat or beyond to the first at atrocity, NaN where it did not come to it.
    """
    most = stages.max(axis=1)
    first = {stage: np.argmax(stages >= stage, axis=1).astype(float) for stage in (2, 4)}
    return {
        "below": stages[:, 0] < 2,
        "threat": most >= 2,
        "imminent": most >= 3,
        "atrocity": most >= 4,
        "months": np.where(most >= 4, first[4] - first[2], np.nan),
    }


def _stages(setting: Setting, worked: Worked) -> Iterator[Markup]:
    words, world = setting.words, setting.world
    found = reached(worked.stages.stages[LATE])
    start, share = found["below"], words.percent

    def of(part: np.ndarray, whole: np.ndarray) -> Markup:
        return share(float((part & whole).sum() / whole.sum()), 1) if whole.any() else Markup("–")

    so_far = {key: of(found[key], start) for key in ("threat", "imminent", "atrocity")}
    yield words("units.stages.answer_reach", years=worked.years, **so_far)
    atrocity = found["atrocity"]
    if not atrocity.any():
        yield words("units.stages.answer_none")
        return
    risen = {"atrocity": of(atrocity, found["threat"]), "of_imminent": of(atrocity, found["imminent"])}
    yield words("units.stages.answer_of_threat", **risen)
    low, median, high = np.nanquantile(found["months"], (0.1, 0.5, 0.9))
    yield words(
        "units.stages.answer_months", low=words.number(low), median=words.number(median), high=words.number(high)
    )
    home = np.array([world.states.index(group.split("/")[0]) for group in world.groups])
    by_state = np.stack([atrocity[:, home == s].any(axis=1).mean() for s in range(len(world.states))])
    spared = [setting.name(world.states[s]) for s in np.flatnonzero(by_state == 0.0).tolist()]
    worst = int(by_state.argmax())
    most = {"most": setting.name(world.states[worst]), "share": share(float(by_state[worst]))}
    if spared:
        yield words("units.stages.answer_states", names=words.listed(spared), **most)
    else:
        yield words("units.stages.answer_states_all", **most)
    one, nearest = _first(worked, "near-miss"), _nearest(setting, worked)
    if one is not None and nearest is not None:
        group, month = nearest
        given = {"group": setting.name(group), "state": setting.name(group.split("/")[0]), "when": words.when(month)}
        yield words("units.stages.answer_near", seed=one.seed, **given)


def _principles(setting: Setting, worked: Worked) -> Iterator[Markup]:
    words, forms = setting.words, list(setting.scenario.forms.values())

    def named(some: list[Form]) -> Markup:
        return words.listed(words.of(form.name) for form in some) if some else words("card.no_forms")

    least = words.number(BOUND)
    yield words("units.principles.answer_stop", least=least, forms=named([f for f in forms if f.consent >= BOUND]))
    yield words("units.principles.answer_free", forms=named([f for f in forms if f.consent == 0.0]))
    riskiest = sorted((f for f in forms if f.backlash > 0.0), key=lambda f: -f.backlash)[:NAMED]
    yield words("units.principles.answer_backfire", forms=named(riskiest))

    def told(lives: Interval | None, bill: Interval | None) -> dict[str, Markup]:
        apart = lives is not None and lives.told_apart
        return {
            "lives": _told(setting, lives, words.count),
            "bill": _told(setting, bill, words.dollars),
            "apart": words("units.apart" if apart else "units.not_apart"),
        }

    rows = [
        words("units.principles.answer_row", name=words.of(change.name), **told(change.lives, change.money))
        for change in worked.principles.of("principles")
    ]
    assert len(rows) == len(PRINCIPLES)
    yield words("units.principles.answer_rows") + bullets(rows)
    whole = worked.principles.whole["principles"]
    yield words("units.principles.answer_whole", **told(whole.lives, whole.money))
    one = _first(worked, "in-spite")
    if one is not None:
        early, late = (words.count(one.courses[policy].entries) for policy in (EARLY, LATE))
        yield words("units.principles.answer_seed", seed=one.seed, entries=early, late=late)


def _cost(setting: Setting, worked: Worked) -> Iterator[Markup]:
    words, found = setting.words, worked.cost
    one, other = _first(worked, "averted"), _first(worked, "in-spite")
    if one is not None and other is not None:
        killed = {
            f"{name}_{side}": words.count(seed.courses[policy].deaths)
            for name, seed in (("averted", one), ("in_spite", other))
            for side, policy in (("late", LATE), ("early", EARLY))
        }
        yield words("units.cost.answer_seeds", averted=one.seed, in_spite=other.seed, **killed)
    fewer = {name: paired_interval(-found.difference(name, EARLY)) for name in ("episodes", "deaths")}
    yield words(
        "units.cost.answer_episodes", **{name: _told(setting, each, words.count) for name, each in fewer.items()}
    )
    changed = share_differing(found.difference("episodes", EARLY))
    assert changed is not None
    yield words("units.cost.answer_same", share=words.percent(1.0 - changed.mean))
    bill = paired_interval(found.difference("prevention_and_response", EARLY))
    yield words("units.cost.answer_bill", bill=_told(setting, bill, words.dollars))
    saved, gdp = (found.returns(EARLY, COST_LEDGERS[key].parts).harm_avoided for key in ("response", "gdp"))
    if saved is None:
        yield words("units.cost.answer_no_return")
    else:
        rate = words.percent(found.discount)
        yield words("units.cost.answer_return", saved=_told(setting, saved, words.count), rate=rate)
        yield words("units.cost.answer_gdp", gdp=_told(setting, gdp, words.dollars))
    if bought_nothing(found, EARLY):
        null = found.null_metrics
        deaths = list(METRICS).index("deaths")
        most = float(np.abs(null[LATE][:, deaths] - null[EARLY][:, deaths]).max())
        yield words("units.cost.answer_placebo", saved=words.count(most))
    killed_more = found.difference("deaths", EARLY)
    worse, equal = (words.percent(float(share.mean())) for share in (killed_more > 0.0, killed_more == 0.0))
    yield words("units.cost.answer_better", worse=worse, equal=equal)
