"""The states of an imported world, as other files refer to them: found by number, and told where numbers differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from r2psim.scenario.errors import listing
from r2psim.world.countries import Country
from r2psim.world.csv_tables import Complaints, Row, Sheet
from r2psim.world.state_identity import COW, LISTS, bears, named, numbering_of, state_of_number

__all__ = ["Asked"]

_NUMBERS = (1, 99999)


class Asked:
    """The states asked for, to be found in a file by their numbers.

    Parameters
    ----------
    countries : sequence of Country
        The states.
    year : int
        Year of the world.
    usual : str
        List whose numbers files of this kind have.
    """

    def __init__(self, countries: Sequence[Country], year: int, usual: str = COW) -> None:
        self.countries, self.year, self.numbering, self.usual = countries, year, usual, usual
        self._by_state: dict[str, Country] = {}
        self._by_number: dict[int, Country] = {}
        for country in countries:
            self._by_state.setdefault(country.state or state_of_number(country.number, year) or country.iso3, country)
            self._by_number.setdefault(country.number, country)
        self._met: set[str] = set()
        self._other_numbers: dict[str, tuple[int, int]] = {}
        self._found: dict[str, tuple[int | None, Country | None]] = {}

    def follow(self, sheet: Sheet, rows: Iterable[Row], columns: Sequence[str]) -> None:
        """Find out which list the numbers are of, by those of rows of the year that only one of the lists has."""
        numbers = {number for row in rows for column in columns if (number := _number(sheet, row, column))}
        self.numbering = numbering_of(((number, self.year) for number in numbers), self.usual)
        self._found.clear()

    def find(self, sheet: Sheet, row: Row, column: str) -> tuple[int | None, Country | None]:
        """Give the number in a cell, and the state asked for that it is of; None for what cannot be said."""
        text = row.text(column)
        if text not in self._found:
            number = _number(sheet, row, column)
            self._found[text] = (number, None if number is None else self._state(number))
        return self._found[text]

    def _state(self, number: int) -> Country | None:
        state = state_of_number(number, self.year, self.numbering)
        # A number that no list has is that of the state which bears it in the predictors: an invented one, for example.
        return self._by_number.get(number) if state is None else self._by_state.get(state)

    def meet(self, country: Country) -> None:
        """Note that the file has a row of a state, of whatever year."""
        self._met.add(country.iso3)

    def use(self, number: int, country: Country) -> None:
        """Note that a row of a state is used which refers to it by a number."""
        if country.number and country.number != number:
            self._other_numbers.setdefault(country.iso3, (number, country.number))

    def unmet(self) -> list[str]:
        """Give the ISO codes of the states of which it has none."""
        return [country.iso3 for country in self.countries if country.iso3 not in self._met]

    def bears(self, number: int, year: int) -> bool:
        """Say whether a number is that of its state in the file's list at the end of a year."""
        state = state_of_number(number, year, self.numbering)
        return state is not None and bears(state, number, year, self.numbering)

    def called(self, number: int) -> str:
        """Name the state of a number, or give the number where no list has it."""
        state = state_of_number(number, self.year, self.numbering)
        return str(number) if state is None else named(state, self.year)

    def why_not(self, number: int) -> str:
        """Say why a row of a number that is of no state asked for is not used."""
        known = state_of_number(number, self.year, self.numbering) is not None
        return "of states that are not among the predictors" if known else "of state numbers that no list has"

    @staticmethod
    def refuse_number(sheet: Sheet, row: Row, column: str, complaints: Complaints) -> None:
        """Note that a cell holds no state number."""
        complaints.number(
            sheet, row, column, *_NUMBERS, "the number of a state", whole=True, needed="every row names one"
        )

    def told(self, sheet: Sheet) -> list[str]:
        """Say by which list the file was read, and which states have another number in the predictors."""
        notes = []
        if self.numbering != self.usual:
            notes.append(f"{sheet.file}: its state numbers are those of {LISTS[self.numbering]}; read as such.")
        other = [f"{iso3} ({there}, not {own})" for iso3, (there, own) in self._other_numbers.items()]
        if other:
            notes.append(
                f"{sheet.file}: found by the number that the file gives them, another one than in the predictors:"
                f" {listing(other, limit=20)}."
            )
        return notes


def _number(sheet: Sheet, row: Row, column: str) -> int | None:
    value = Complaints().number(sheet, row, column, *_NUMBERS, "state number", whole=True)
    return None if value is None else int(value)
