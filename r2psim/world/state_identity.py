"""Which state a row of a data file is of: one reading of ISO codes and state numbers, by year, for all readers.

Files name states by ISO 3166-1 codes of today, by codes that were withdrawn (ISO 3166-3), by the numbers of the
Correlates of War project, or by those of Gleditsch and Ward; codes and numbers changed hands when states split or
united. What each stands for is a table of public facts (``facts.toml``); this module only looks it up.

A year stands for its end, as in an imported world: in the year of a split or union the state that came of it is meant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from r2psim.world.facts import FOREVER, Code, Number, facts

__all__ = [
    "COW",
    "GW",
    "LISTS",
    "Identity",
    "bears",
    "code_in",
    "identify",
    "named",
    "number_in",
    "numbering_of",
    "proposed",
    "state_of_code",
    "state_of_number",
    "states_of_code",
    "states_of_number",
]

COW, GW = "cow", "gw"
LISTS = {COW: "the Correlates of War project", GW: "Gleditsch and Ward"}
"""Lists of state numbers, and whose they are."""

_ALIKE = 0.8  # of the letters of two names, as difflib counts them, so that one may be meant by the other


@dataclass(frozen=True, slots=True)
class Identity:
    """Which state a row is of, or why that cannot be said.

    Attributes
    ----------
    state : str
        Key of the state in `r2psim.world.facts.Facts.states`, or the code of an invented state; empty if refused.
    code : str
        ISO code: the one of the row if it stands for that state, else the one of the state in that year.
    remark : str
        What a person should know of how the row was understood; empty where there is nothing.
    column : str
        Where it is refused, which of ``code`` and ``number`` is the cause; else empty.
    refused : str
        Where it is refused, what is allowed; else empty.
    near : str or None
        Where it is refused, what may be meant, by name or number.
    by_number : bool
        Whether it was taken by its number alone.
    """

    state: str
    code: str = ""
    remark: str = ""
    column: str = ""
    refused: str = ""
    near: str | None = None
    by_number: bool = False


def _in(year: int, found: Code | Number) -> bool:
    return found.first <= year <= found.last


def states_of_code(code: str, year: int) -> tuple[str, ...]:
    """Give the states for which an ISO code may stand in a year, the likeliest first; none for an unknown code.

    Examples
    --------
    >>> states_of_code("CZE", 1985), states_of_code("CZE", 2014), states_of_code("YUG", 1985)
    (('CSK',), ('CZE',), ('SRB',))
    """
    found = facts().codes.get(code, ())
    now = [meaning for meaning in found if _in(year, meaning)]
    # A code of other years is taken for the state of that code: files give a state one code for all of its years.
    return tuple(dict.fromkeys(meaning.state for meaning in now or found))


def state_of_code(code: str, year: int) -> str | None:
    """Give the state for which an ISO code stands in a year, or the code itself where ISO leaves it to users."""
    return next(iter(states_of_code(code, year)), code if facts().is_free(code) else None)


@cache
def states_of_number(number: int, year: int, numbering: str = COW) -> tuple[str, ...]:
    """Give the states whose number it is, the likeliest first.

    Parameters
    ----------
    number : int
        State number.
    year : int
        Year of the row.
    numbering : str
        List that the file follows; the other one is asked where this one knows no state by that number in that year.

    Examples
    --------
    >>> states_of_number(970, 2014, GW), states_of_number(970, 2014, COW)
    (('KIR', 'NRU'), ('NRU', 'KIR'))
    >>> states_of_number(255, 1985), states_of_number(999, 2014)
    (('DEU',), ())
    """
    found = facts().numbers.get(number, ())
    ordered = sorted(found, key=lambda entry: (not _in(year, entry), entry.numbering != numbering))
    return tuple(dict.fromkeys(entry.state for entry in ordered))


def state_of_number(number: int, year: int, numbering: str = COW) -> str | None:
    """Give the state whose number it is in a year; None where neither list knows it."""
    return next(iter(states_of_number(number, year, numbering)), None)


def bears(state: str, number: int, year: int, numbering: str) -> bool:
    """Say whether a number is that of a state in a list at the end of a year."""
    return any(
        entry.state == state and entry.numbering == numbering and _in(year, entry)
        for entry in facts().numbers.get(number, ())
    )


def numbering_of(numbers: Iterable[tuple[int, int]], usual: str) -> str:
    """Say which list the numbers of a file are of.

    Parameters
    ----------
    numbers : iterable of (int, int)
        State numbers of the file, each with the year in which it stands there.
    usual : str
        List that files of this kind follow.

    Returns
    -------
    str
        The other list only where some numbers are of that alone, and none of the usual one alone.

    Examples
    --------
    >>> numbering_of([(2, 2014), (260, 2014)], COW), numbering_of([(255, 2014), (260, 2014)], COW)
    ('gw', 'cow')
    >>> numbering_of([(260, 1985)], COW)
    'cow'
    """
    alone = dict.fromkeys(LISTS, 0)
    for number, year in set(numbers):
        lists = {entry.numbering for entry in facts().numbers.get(number, ()) if _in(year, entry)}
        if len(lists) == 1:
            alone[lists.pop()] += 1
    other = next(name for name in LISTS if name != usual)
    return other if alone[other] and not alone[usual] else usual


def number_in(state: str, year: int, numbering: str = COW) -> int | None:
    """Give the number of a state in a list at the end of a year, or in the other list, or in other years.

    Examples
    --------
    >>> number_in("YEM", 1985), number_in("YEM", 2014), number_in("YEM", 2014, GW), number_in("XAA", 2014)
    (678, 679, 678, None)
    """
    found = [entry for entries in facts().numbers.values() for entry in entries if entry.state == state]
    found.sort(key=lambda entry: (entry.numbering != numbering, not _in(year, entry)))
    return found[0].number if found else None


@cache
def code_in(state: str, year: int) -> str:
    """Give the ISO code of a state in a year.

    Examples
    --------
    >>> code_in("RUS", 1985), code_in("RUS", 2014), code_in("SRB", 2004)
    ('SUN', 'RUS', 'SCG')
    """
    if state not in facts().states or facts().states[state].last < FOREVER:
        return state
    return next(
        (
            code
            for code, meanings in facts().codes.items()
            for meaning in meanings
            if meaning.state == state and meaning.bounded and _in(year, meaning) and code not in facts().states
        ),
        state,
    )


def named(state: str, year: int) -> str:
    """Name a state as it was called in a year, with its code.

    Examples
    --------
    >>> named("SRB", 1985), named("AUT", 2014)
    ('Yugoslavia (YUG)', 'Austria (AUT)')
    """
    code = code_in(state, year)
    meaning = next((m for m in facts().codes.get(code, ()) if m.state == state), None)
    return f"{meaning.name} ({code})" if meaning else code


def numbers_of(state: str, year: int) -> str:
    """Say by which numbers the lists know a state in a year."""
    found: dict[int, list[str]] = defaultdict(list)
    for entries in facts().numbers.values():
        for entry in entries:
            if entry.state == state and _in(year, entry):
                found[entry.number].append(LISTS[entry.numbering])
    return ", ".join(f"{number} in the list of {' and of '.join(lists)}" for number, lists in found.items())


def proposed(name: str, number: int | None, year: int) -> str | None:
    """Propose a state by its number or its name; a code is never proposed because it is spelt alike.

    Examples
    --------
    >>> proposed("", 517, 2014), proposed("Rwnda", None, 2014), proposed("Ildemgar", 1001, 2014)
    ('RWA, by the number 517', 'RWA, by the name Rwanda', None)
    """
    state = None if number is None else state_of_number(number, year)
    if state is not None:
        return f"{code_in(state, year)}, by the number {number}"
    names = {meaning.name: code for code, meanings in facts().codes.items() for meaning in meanings}
    near = get_close_matches(name, names, 1, _ALIKE)
    return f"{names[near[0]]}, by the name {near[0]}" if near else None


def identify(code: str, number: int | None, name: str, year: int, numbering: str = COW) -> Identity:
    """Say which state a row is of.

    Parameters
    ----------
    code : str
        ISO code in capitals; empty where the row has none.
    number : int or None
        State number.
    name : str
        Name in the file, for proposals.
    year : int
        Year of the row.
    numbering : str
        List that the numbers of the file are of.

    Examples
    --------
    >>> identify("AUS", 305, "", 2014).refused
    'a code and a number of one state: AUS is Australia, 305 is Austria (AUT)'
    >>> identify("", 678, "", 1985).state, identify("XKS", 347, "", 2014).code
    ('YEM', 'XKX')
    """
    by_number = states_of_number(number, year, numbering) if number is not None else ()
    by_code = states_of_code(code, year) if code else ()
    if by_code:
        return _of_both(code, number, by_code, by_number, year)
    if by_number and (not code or facts().is_free(code)):
        known = named(by_number[0], year)
        if code and not _alike(name, by_number[0]):
            free = f"an invented state has a number from {facts().free_number:,} on"
            return Identity("", column="number", refused=f"a number of no other state: {number} is {known}; {free}")
        remark = f"{code} is a code that ISO 3166-1 leaves to users; taken by the number {number} for {known}"
        if not code:
            remark = _another(name, by_number[0], known, number)
        return Identity(by_number[0], code_in(by_number[0], year), remark, by_number=not code)
    if code and facts().is_free(code):
        needed = "a state number, by which groups and borders refer to an invented state"
        return Identity(code, code) if number is not None else Identity("", column="number", refused=needed)
    if not code and number is not None and number < facts().free_number:
        allowed = "a number of the Correlates of War project or of Gleditsch and Ward, or an ISO code beside it"
        return Identity("", column="number", refused=allowed, near=proposed(name, None, year))
    allowed = "an ISO 3166-1 alpha-3 code, or one that it leaves to users (XAA to XZZ)"
    return Identity("", column="code", refused=allowed, near=proposed(name, number, year))


def _alike(name: str, state: str) -> bool:
    """Say whether a name may be that of a state; no name may be that of any."""
    written = name.casefold()
    names = [m.name.casefold() for found in facts().codes.values() for m in found if m.state == state]
    return not name or any(n in written or written in n for n in names) or bool(get_close_matches(written, names))


def _another(name: str, state: str, known: str, number: int | None) -> str:
    """Say where the name of a row that is taken by its number is that of another state."""
    codes = (meaning for meanings in facts().codes.values() for meaning in meanings)
    states = {meaning.state for meaning in codes if meaning.name.casefold() == name.casefold()}
    other = states and state not in states
    return f"taken by the number {number} for {known}, not by its name" if other else ""


def _of_both(
    code: str, number: int | None, by_code: tuple[str, ...], by_number: tuple[str, ...], year: int
) -> Identity:
    """Say which state a row with a known code is of, given what its number says."""
    # A state's own code beside its own number is right in any year, in one before it began too.
    both = [state for state in (*by_code, code) if state in by_number]
    if both:
        return _by_code(code, both[0], year)
    if by_number:
        first = next(meaning.name for meaning in facts().codes[code] if meaning.state == by_code[0])
        known = named(by_number[0], year)
        return Identity(
            "", column="code", refused=f"a code and a number of one state: {code} is {first}, {number} is {known}"
        )
    remark = ""
    if number is not None and number < facts().free_number:
        lists = numbers_of(by_code[0], year)
        remark = f"{number} is no number of {named(by_code[0], year)}" + (f", which has {lists}" if lists else "")
        remark += "; taken by its code"
    return _by_code(code, by_code[0], year, remark)


def _by_code(code: str, state: str, year: int, remark: str = "") -> Identity:
    """Keep the code of the row, unless it is that of another state today."""
    own = facts().states.get(code)
    if own is None and not any(meaning.bounded for meaning in facts().codes[code]):
        known = named(state, year)  # not of ISO: what files write for a state
        return Identity(state, code_in(state, year), remark or f"{code} is read as {known}")
    if own is not None and code != state:
        return Identity(state, code_in(state, year), remark or f"{code} is read as {named(state, year)}")
    return Identity(state, code, remark)
