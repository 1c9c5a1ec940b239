r"""The words of a seminar's printed material, in a language: a file each in ``words``, with numbers as it writes them.

What the program says elsewhere in English - names of roles, forms and what each does, questions of the debriefing - is
taken from there, never written again; a translation has it in its table ``elsewhere``, by the English text. So a text
that is changed there is one that no translation has, which a test finds.

Examples
--------
>>> words = load_words("fr")
>>> words.of("threat"), words.number(12_345.6)
('menace', '12\u202f300')
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

from r2psim.markup import Markup, escape
from r2psim.scenario.errors import listing, nearest

if TYPE_CHECKING:
    from r2psim.seminar.roles import Role

__all__ = ["Words", "WordsError", "elsewhere", "languages", "load_words"]

FOLDER = Path(__file__).with_name("words")
ENGLISH = "en"
BORROWED = "elsewhere"
MINUS = "\u2212"
_NUMBER = re.compile(r"\d+")


class WordsError(ValueError):
    """A language that there is not, or a file of words that lacks something; the message says what is allowed."""


def languages(folder: Path = FOLDER) -> tuple[str, ...]:
    """Name the languages that there are words in."""
    return tuple(sorted(file.stem for file in folder.glob("*.toml")))


def _flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _places(value: Any) -> list[set[str]]:
    """Give the places of a text, or of each text of a list."""
    texts = value if isinstance(value, list) else [value]
    return [{name for _, name, _, _ in Formatter().parse(text) if name is not None} for text in texts]


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise WordsError(f"{file.name}: is no TOML: {error}") from None


def problems(language: str, folder: Path = FOLDER) -> list[str]:
    """Say what a file of words lacks, has too much of, or gets wrong, against the English one."""
    english = dict(_flat(_read(folder / f"{ENGLISH}.toml")))
    table = _read(folder / f"{language}.toml")
    table.pop(BORROWED, None)
    mine = dict(_flat(table))
    found = [f"{key}: is missing" for key in english if key not in mine]
    found += [f"{key}: is not a key of {ENGLISH}.toml" for key in mine if key not in english]
    for key in english.keys() & mine.keys():
        texts = mine[key] if isinstance(mine[key], list) else [mine[key]]
        if not all(isinstance(text, str) for text in texts) or isinstance(mine[key], list) != isinstance(
            english[key], list
        ):
            found.append(f"{key}: must be text, or a list of texts, as in {ENGLISH}.toml")
        elif _places(mine[key]) != _places(english[key]):
            found.append(f"{key}: must have as many texts, and the same {{places}}, as in {ENGLISH}.toml")
    return sorted(found)


def load_words(language: str, folder: Path = FOLDER) -> Words:
    """Read the words of a language.

    Raises
    ------
    WordsError
        If there is none of that name, or its file is not whole.
    """
    known = languages(folder)
    if language not in known:
        near = nearest(language, known)
        hint = f" (did you mean {near}?)" if near else ""
        raise WordsError(f"{language} is not allowed: one of {listing(known)}{hint}")
    return _loaded(language, folder)


@lru_cache(maxsize=16)
def _loaded(language: str, folder: Path) -> Words:
    wrong = problems(language, folder)
    if wrong:
        more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise WordsError(f"{language}.toml: {'; '.join(wrong[:3])}{more}")
    table = _read(folder / f"{language}.toml")
    borrowed = table.pop(BORROWED, {})
    return Words(language, dict(_flat(table)), dict(borrowed))


class Words:
    """Words of one language.

    Parameters
    ----------
    language : str
        Such as ``en``.
    texts : dict of str to (str or list of str)
        By key, with dots.
    borrowed : dict of str to str
        English text -> in this language; what is not there stays as it is, such as names in a scenario of one's own.
    """

    def __init__(self, language: str, texts: dict[str, Any], borrowed: dict[str, str]) -> None:
        self.language = language
        self._texts = texts
        self._borrowed = borrowed

    def __call__(self, key: str, **given: object) -> Markup:
        """Give a text with its places filled; what is filled in is escaped unless it is markup."""
        return escape(str(self._texts[key])).format(**given)

    def all(self, key: str, **given: object) -> list[Markup]:
        """Give the texts of a list with their places filled."""
        return [escape(text).format(**given) for text in self._texts[key]]

    def has(self, key: str) -> bool:
        """Say whether there is a text of that key."""
        return key in self._texts

    # -- what comes from elsewhere -------------------------------------------------------------------------------------

    def of(self, text: str) -> str:
        """Translate what the program or a scenario says in English; what no translation has stays."""
        return self._borrowed.get(" ".join(text.split()), text)

    def title(self, role: Role, names: Mapping[str, str]) -> str:
        """Give the title of a role."""
        pattern, given = title_pattern(role, names)
        return self.of(pattern).format(**{key: self.of(value) for key, value in given.items()})

    # -- numbers -------------------------------------------------------------------------------------------------------

    def _written(self, text: str) -> str:
        marks = {",": self._texts["numbers.thousands"], ".": self._texts["numbers.decimal"]}
        return "".join(marks.get(c, c) for c in text)

    def number(self, x: float, figures: int = 3) -> str:
        """Write a number with as many significant figures."""
        rounded = float(f"{x:.{figures}g}") + 0.0
        whole = abs(rounded) >= 10.0 ** (figures - 1) or rounded == int(rounded)
        return self._written(f"{rounded:,.0f}" if whole else f"{rounded:.10g}")

    def whole(self, x: float) -> str:
        """Write a whole number in full."""
        return self._written(f"{x:,.0f}")

    def _sized(self, x: float, plain: str, million: str, billion: str) -> Markup:
        rounded = float(f"{x:.3g}")
        if rounded < 0.0:
            return Markup(MINUS) + self._sized(-rounded, plain, million, billion)
        for size, key in ((1e9, billion), (1e6, million)):
            if rounded >= size:
                return self(key, n=self.number(x / size))
        text = self.number(x) if rounded >= 100.0 else self.number(x, 2)
        return self(plain, n=text) if plain else escape(text)

    def count(self, x: float) -> Markup:
        """Write a number of persons or events."""
        return self._sized(x, "", "numbers.million", "numbers.billion")

    def dollars(self, x: float) -> Markup:
        """Write an amount of money."""
        return self._sized(x, "numbers.dollars", "numbers.dollars_million", "numbers.dollars_billion")

    def percent(self, share: float, digits: int = 0) -> Markup:
        """Write a share of 1 in percent."""
        return self("numbers.percent", n=self._written(f"{100.0 * share:.{digits}f}"))

    def range(self, low: object, high: object) -> Markup:
        """Write a range."""
        return self("numbers.range", low=low, high=high)

    def when(self, month: int) -> Markup:
        """Name a month of a run, counted from 0."""
        return self("numbers.month", year=month // 12 + 1, month=month % 12 + 1)

    def months(self, number: float) -> Markup:
        """Write a time in months."""
        return self("numbers.months_one") if number == 1 else self("numbers.months", n=self.number(number))

    def labelled(self, label: object, text: object) -> Markup:
        """Write a label and what it is of."""
        return self("numbers.labelled", label=label, text=text)

    def listed(self, names: Iterable[object]) -> Markup:
        """Write a list, with an "and" before the last."""
        parts = [escape(name) for name in names]
        comma, last = escape(self._texts["numbers.list"]), escape(self._texts["numbers.and"])
        if len(parts) < 2:
            return Markup("").join(parts)
        return comma.join(parts[:-1]) + last + parts[-1]


# -- what is taken from elsewhere --------------------------------------------------------------------------------------


def title_pattern(role: Role, names: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Give the title of a role with places for what differs between worlds, and what stands there."""
    if role.state is not None:
        return role.title.replace(names[role.state], "{name}"), {"name": names[role.state]}
    if role.votes and (number := _NUMBER.search(role.title)):
        return _NUMBER.sub("{n}", role.title), {"n": number[0]}
    return role.title.replace("{", "{{").replace("}", "}}"), {}


def elsewhere() -> Iterator[str]:
    """Yield every English text that the material takes from the program: a translation needs them all."""
    from r2psim.analysis.marginal import PRINCIPLES
    from r2psim.declarations.columns import INHIBITORS, STAGES, STATE, STATUS_EXCLUSION, TRIGGERS
    from r2psim.scenario import load
    from r2psim.scenario.catalogue import catalogue
    from r2psim.seminar.casts import declared
    from r2psim.seminar.debrief import BEFORE_THE_WORST, GENERAL, QUIET
    from r2psim.seminar.play import COUNTERFACTUALS
    from r2psim.seminar.roles import roles_of
    from r2psim.world.build import build
    from r2psim.world.expand import expand

    # The world that is played most.
    scenario = expand(load("seminar"))
    for form in catalogue().values():
        yield from (form.name, form.description)
    for said in declared()["cards"].values():
        yield from (said["wants"], said["dilemma"])
    yield from (BEFORE_THE_WORST, QUIET, *GENERAL)
    yield from (scenario.policies[policy].description for policy in COUNTERFACTUALS)
    yield from STAGES
    yield from PRINCIPLES
    yield from STATUS_EXCLUSION
    yield from (STATE[name].meaning for name in ("capacity", "inclusion", "horizontal_inequality", *INHIBITORS))
    yield from (trigger_words(kind) for kind in TRIGGERS)
    world = build(scenario, "late-response")
    for role in roles_of(scenario, world).values():
        yield from (role.kind, title_pattern(role, world.names)[0])
    yield from (scenario.title, " ".join(scenario.description.split()))
    yield from (world.names[key] for key in (*world.bodies, *world.groups))
    yield from (state.region for state in scenario.states.values())


def trigger_words(kind: str) -> str:
    """Say what a kind of trigger is, from the table of columns."""
    from r2psim.declarations.columns import STATE

    return STATE[f"trigger_{kind}"].meaning.removeprefix("how fresh is ").partition(":")[0]
