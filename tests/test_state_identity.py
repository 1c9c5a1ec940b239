"""Which state a row is of: codes and numbers of all lists, by year, and what is refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r2psim.world.facts import FOREVER, facts
from r2psim.world.state_identity import (
    COW,
    GW,
    code_in,
    identify,
    named,
    number_in,
    numbering_of,
    state_of_code,
    state_of_number,
)


@pytest.mark.parametrize(
    ("code", "number", "year", "state"),
    [
        # Germany, by the code of today and by the numbers of both lists, before and after it was one
        ("DEU", 255, 2014, "DEU"), ("DEU", 260, 2014, "DEU"), ("DEU", 260, 1985, "DEU"), ("DEU", 255, 1985, "DEU"),
        ("DDR", 265, 1985, "DDR"), ("", 265, 1985, "DDR"), ("", 260, 1985, "DEU"),
        # Yugoslavia and what came of it
        ("YUG", 345, 1985, "SRB"), ("SRB", 345, 1985, "SRB"), ("SCG", 345, 2004, "SRB"), ("SRB", 340, 2006, "SRB"),
        ("SRB", 345, 2014, "SRB"), ("MNE", 341, 2006, "MNE"), ("BIH", 346, 1992, "BIH"), ("", 340, 2014, "SRB"),
        # Kosovo by the codes that are used for it
        ("XKX", 347, 2014, "XKX"), ("XKS", 347, 2014, "XKX"), ("KSV", 347, 2014, "XKX"), ("XZZ", 347, 2014, "XKX"),
        # the Yemens
        ("YEM", 678, 1985, "YEM"), ("", 678, 1985, "YEM"), ("YMD", 680, 1985, "YMD"), ("YEM", 680, 1985, "YMD"),
        ("YEM", 679, 2014, "YEM"), ("YEM", 678, 2014, "YEM"), ("", 679, 1990, "YEM"),
        # the Vietnams, Czechoslovakia, the USSR
        ("VNM", 816, 1970, "VNM"), ("VDR", 817, 1970, "VDR"), ("VNM", 817, 1970, "VDR"), ("VNM", 816, 2014, "VNM"),
        ("VDR", 816, 1970, "VNM"),
        ("CSK", 315, 1985, "CSK"), ("CZE", 315, 1985, "CSK"), ("CZE", 316, 1993, "CZE"), ("CZE", 316, 1985, "CZE"),
        ("SUN", 365, 1985, "RUS"), ("RUS", 365, 1985, "RUS"), ("SUN", 365, 1991, "RUS"), ("RUS", 365, 2014, "RUS"),
        # Ethiopia and Eritrea, the Sudans, Zanzibar, Tibet
        ("ETH", 530, 1985, "ETH"), ("ERI", 531, 1993, "ERI"), ("SDN", 625, 2014, "SDN"), ("SSD", 626, 2014, "SSD"),
        ("SSD", 525, 2014, "SSD"), ("", 511, 1963, "ZZB"), ("TZA", 510, 1963, "TZA"), ("", 711, 1948, "XTI"),
        # codes without a state in the lists; names that changed
        ("PSE", 3001, 2014, "PSE"), ("HKG", 3002, 2014, "HKG"), ("ZAR", 490, 1985, "COD"), ("BUR", 775, 1985, "MMR"),
        # invented
        ("XAA", 1001, 2014, "XAA"), ("QMA", 2002, 2014, "QMA"),
    ],
)  # fmt: skip
def test_a_row_is_of_the_state_that_its_codes_mean_in_its_year(code: str, number: int, year: int, state: str) -> None:
    found = identify(code, number, "", year)
    assert (found.refused, found.state) == ("", state)


@pytest.mark.parametrize(
    ("code", "number", "year", "words"),
    [
        ("AUS", 305, 2014, ("Australia", "Austria")),
        ("CZE", 315, 2014, ("Czechia", "Czechoslovakia")),
        ("YEM", 680, 2014, ("Yemen", "South Yemen")),
        ("DDR", 255, 2014, ("German Democratic Republic", "Germany")),
        ("SDN", 626, 2014, ("Sudan", "South Sudan")),
    ],
)
def test_a_code_and_a_number_of_two_states_are_refused_with_both_names(
    code: str, number: int, year: int, words: tuple[str, ...]
) -> None:
    found = identify(code, number, "", year)
    assert not found.state
    assert all(word in found.refused for word in words), found.refused


def test_proposals_go_by_name_and_number_and_not_by_the_letters_of_codes() -> None:
    assert identify("RWX", 517, "", 2014).near == "RWA, by the number 517"
    assert identify("RWX", None, "Ruwanda", 2014).near == "RWA, by the name Rwanda"
    assert identify("RWB", None, "", 2014).near is None
    assert identify("", 996, "Australia", 2014).near == "AUS, by the name Australia"


def test_an_invented_state_does_not_become_a_real_one_by_its_number() -> None:
    assert "2 is United States of America (USA); an invented state" in identify("XAA", 2, "Ildemgar", 2014).refused
    assert identify("XZA", 347, "Republic of Kosovo", 2014).state == "XKX"


def test_a_number_alone_is_taken_and_a_name_of_another_state_beside_it_is_told() -> None:
    assert identify("", 305, "Austria", 2014).remark == ""
    assert "Austria (AUT), not by its name" in identify("", 305, "Australia", 2014).remark


@pytest.mark.parametrize(
    ("numbers", "usual", "expected"),
    [
        ([(970, 2014), (971, 2014)], GW, GW),  # both lists have 970, only one has 971
        ([(970, 2014), (946, 2014)], GW, COW),  # 946 is Kiribati in one list alone
        ([(260, 2014), (2, 2014)], COW, GW),
        ([(260, 1985), (2, 1985)], COW, COW),  # then both lists have it
        ([(255, 2014), (260, 2014)], GW, GW),  # evidence for both: as files of the kind are
        ([], GW, GW),
    ],
)
def test_the_list_of_a_file_is_told_by_numbers_that_one_list_alone_has(
    numbers: list[tuple[int, int]], usual: str, expected: str
) -> None:
    assert numbering_of(numbers, usual) == expected


def test_the_same_number_is_two_states_in_two_lists() -> None:
    assert state_of_number(970, 2014, GW) == "KIR"
    assert state_of_number(970, 2014, COW) == "NRU"
    assert state_of_number(971, 2014, GW) == "NRU"


@pytest.mark.parametrize("year", [1950, 1975, 1989, 1990, 1991, 2006, 2014, 2024])
@pytest.mark.parametrize("numbering", [COW, GW])
def test_no_number_is_of_two_states_of_one_list_at_a_time(year: int, numbering: str) -> None:
    for number, entries in facts().numbers.items():
        there = {e.state for e in entries if e.numbering == numbering and e.first <= year <= e.last}
        assert len(there) < 2, (number, there)


@given(st.sampled_from(sorted(facts().states)), st.integers(1946, 2024), st.sampled_from([COW, GW]))
def test_a_state_is_found_again_by_the_code_and_the_number_that_it_has(state: str, year: int, numbering: str) -> None:
    known = facts().states[state]
    if not known.first <= year <= known.last:
        return
    if facts().is_free(state):
        return
    assert state_of_code(code_in(state, year), year) == state
    number = number_in(state, year, numbering)
    if number is not None:
        assert state_of_number(number, year, numbering) == state
        assert identify(code_in(state, year), number, "", year, numbering).state == state
    assert code_in(state, year) in named(state, year)


def test_successors_follow_each_other_without_a_gap() -> None:
    for state in ("DEU", "SRB", "YEM"):
        for numbering in (COW, GW):
            spans = sorted(
                (e.first, e.last)
                for entries in facts().numbers.values()
                for e in entries
                if e.state == state and e.numbering == numbering
            )
            assert spans[-1][1] == FOREVER
            assert all(a[1] < b[0] for a, b in pairwise(spans)), (state, spans)
