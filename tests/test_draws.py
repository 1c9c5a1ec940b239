"""Chance: the published test vectors, the registry of purposes, and sanity of the numbers."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from r2psim.rules import draws
from r2psim.rules.compiled import rule
from r2psim.rules.draws import (
    ASSESSMENT,
    PURPOSES,
    Draws,
    bell,
    draws_of,
    philox,
    purpose,
    split_seed,
    under,
    uniform,
    uniforms,
)

COUNT = 1 << 18
ALPHA = 1e-9
"""Chance of a false alarm of one comparison here, were the seeds random."""

# Random123 1.14, tests/kat_vectors: rounds 10, counter, key, output.
VECTORS = (
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
)


def words(text: str) -> list[np.uint64]:
    """Read hexadecimal words."""
    return [np.uint64(int(word, 16)) for word in text.split()]


def many(seed: int = 1, run: int = 0, month: int = 0, number: int = 0, first: int = 0) -> np.ndarray:
    """Draw `COUNT` numbers, of the entities from ``first`` on."""
    out = np.empty(COUNT)
    uniforms(draws_of(seed, run, month), np.arange(first, first + COUNT, dtype=np.uint64), number, out)
    return out


@pytest.mark.parametrize(("counter", "key", "expected"), VECTORS)
def test_philox_gives_the_published_words(counter: str, key: str, expected: str) -> None:
    assert [int(w) for w in philox(*words(counter), *words(key))] == [int(w) for w in words(expected)]


def test_counter_and_key_are_laid_out_as_documented() -> None:
    seed, run, entity, month = 0x299F31D0A4093822, 0x243F6A88, 0x13198A2E85A308D3, 0x0370
    for name, number in PURPOSES.items():
        word = month << 16 | number // 2
        block = philox(*words(f"243f6a88 85a308d3 13198a2e {word:08x}"), *words("a4093822 299f31d0"))
        high, low = block[2 * (number % 2) : 2 * (number % 2) + 2]
        expected = ((int(high) >> 5) * 2**26 + (int(low) >> 6)) / 2**53
        assert uniform(draws_of(seed, run, month), np.uint64(entity), number) == expected, name


def test_purposes_are_numbered_from_zero_and_never_share_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorted(PURPOSES.values()) == list(range(len(PURPOSES)))
    monkeypatch.setattr(draws, "PURPOSES", dict(PURPOSES))
    assert purpose("a purpose of this test") == len(PURPOSES)
    with pytest.raises(ValueError, match="coup"):
        purpose("trigger: coup")


def test_purposes_keep_the_numbers_that_stored_results_were_made_with() -> None:
    first = (
        "trigger: contested election", "trigger: coup", "trigger: irregular transition", "trigger: economic shock",
        "trigger: leader's death", "trigger: neighbour's war", "trigger: armed-group offensive",
        "trigger: mass protest", "conflict: change of state", "structure: motive of a new leadership",
        "stage: change", "stage: kind of perpetrator", "harm: killing rate of the episode",
        "harm: killing rate of the month",
    )  # fmt: skip
    assert tuple(PURPOSES)[: len(first)] == first


INTEGERS: tuple[Callable[[int], Any], ...] = (
    int, np.uint64, np.int64, np.uint32, np.int32, np.uint16, np.int16, np.uint8, np.int8,
)  # fmt: skip


def same_or_refused(draw: Callable[[], float], expected: float) -> bool:
    """Say whether ``draw`` gives the expected number or refuses its arguments."""
    try:
        return bool(draw() == expected)
    except (TypeError, ValueError, OverflowError):
        return True


@pytest.mark.parametrize("kind", INTEGERS, ids=lambda kind: kind.__name__)
def test_every_kind_of_integer_gives_the_same_number_or_is_refused(kind: Callable[[int], Any]) -> None:
    expected = uniform(draws_of(7, 3, 11), np.uint64(5), 10)
    assert same_or_refused(lambda: uniform(draws_of(7, 3, 11), kind(5), 10), expected), "entity"
    assert same_or_refused(lambda: uniform(draws_of(7, 3, 11), np.uint64(5), kind(10)), expected), "purpose"
    assert same_or_refused(lambda: uniform(draws_of(kind(7), kind(3), kind(11)), np.uint64(5), 10), expected), (
        "draws_of"
    )
    expected = bell(draws_of(7, 3, 11), np.uint64(5), 14)
    assert same_or_refused(lambda: bell(draws_of(7, 3, 11), kind(5), 14), expected), "entity of a bell number"
    assert same_or_refused(lambda: bell(draws_of(7, 3, 11), np.uint64(5), kind(14)), expected), "purpose of it"


@pytest.mark.parametrize("kind", [int, np.int64])
def test_draws_made_by_hand_give_the_same_number_or_are_refused(kind: Callable[[int], Any]) -> None:
    expected = uniform(draws_of(7, 3, 11), np.uint64(5), 10)
    by_hand = Draws(kind(7), kind(0), kind(3), kind(11))
    assert same_or_refused(lambda: uniform(by_hand, np.uint64(5), 10), expected)


def test_seed_run_and_month_are_whole_and_in_range() -> None:
    assert [int(word) for word in split_seed(2**64 - 1)] == [2**32 - 1, 2**32 - 1]
    for seed in (-1, 2**64):
        with pytest.raises(ValueError, match="seed"):
            split_seed(seed)
    for number in (-1, 2**32):
        with pytest.raises(ValueError, match="run"):
            draws_of(1, number, 0)
    # A month beyond 16 bits would run over into the word's upper half, and further on into nothing at all.
    for month in (-1, 2**16):
        with pytest.raises(ValueError, match="month"):
            draws_of(1, 0, month)
    with pytest.raises((TypeError, ValueError)):
        draws_of(1, 1.5, 0)  # type: ignore[arg-type]
    with pytest.raises((TypeError, ValueError)):
        draws_of(1, 0, 1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", PURPOSES.values(), ids=list(PURPOSES))
def test_numbers_are_uniform(number: int) -> None:
    drawn = np.sort(many(number=number))
    assert drawn[0] >= 0.0 and drawn[-1] < 1.0
    places = np.arange(COUNT)
    distance = max(np.max((places + 1) / COUNT - drawn), np.max(drawn - places / COUNT))
    # Dvoretzky-Kiefer-Wolfowitz: the chance of a distance above e is at most 2 exp(-2 n e**2).
    assert distance < math.sqrt(math.log(2.0 / ALPHA) / (2.0 * COUNT))


def test_low_bits_are_even() -> None:
    bits = (many() * 2.0**53).astype(np.int64)
    share = np.array([np.mean(bits >> place & 1) for place in range(53)])
    # Hoeffding: the chance of a share further than e from one half is at most 2 exp(-2 n e**2).
    assert np.abs(share - 0.5).max() < math.sqrt(math.log(2.0 * 53 / ALPHA) / (2.0 * COUNT))


OTHERS: dict[str, Callable[[], np.ndarray]] = {
    "next entity": lambda: many(first=1),
    "entity 2**32 further": lambda: many(first=2**32),
    "next month": lambda: many(month=1),
    "a year later": lambda: many(month=12),
    "next run": lambda: many(run=1),
    "next seed": lambda: many(seed=2),
    "seed 2**32 further": lambda: many(seed=1 + 2**32),
    "other half of the block": lambda: many(number=1),
    "next block": lambda: many(number=2),
    "next month, next entity": lambda: many(month=1, first=1),
}


@pytest.mark.parametrize("which", OTHERS)
def test_neighbouring_numbers_are_independent(which: str) -> None:
    a, b = many() - 0.5, OTHERS[which]() - 0.5
    # Bernstein for products of variance 1/144 and size at most 1/4: about six standard errors.
    level = math.log(2.0 / ALPHA)
    bound = math.sqrt(2.0 * level / (144.0 * COUNT)) + level / (6.0 * COUNT)
    assert abs(np.mean(a * b)) < bound
    assert abs(np.mean((a * a - 1 / 12) * (b * b - 1 / 12))) < bound
    assert not np.any(a == b)


def test_no_two_draws_share_a_counter() -> None:
    numbers = [many(month=m, number=k)[:4096] for m in range(12) for k in PURPOSES.values()]
    flat = np.concatenate(numbers)
    # 933,888 numbers of 53 bits: one pair in 20,000 such tests is equal by chance.
    assert len(np.unique(flat)) == len(flat)


# -- the nearly normal number ------------------------------------------------------------------------------------------

MOST = 4.9
"""A bell number is the sum of eight numbers from 0 to 65,535, less its mean, over its standard deviation."""


@rule
def bells(luck: Draws, entities: np.ndarray, number: int, out: np.ndarray) -> None:
    """Draw bell numbers for many entities."""
    for i in range(len(entities)):
        out[i] = bell(luck, entities[i], number)


@cache
def many_bells(month: int = 0, first: int = 0, body: int = 0) -> np.ndarray:
    """Draw `COUNT` bell numbers of the entities from ``first`` on, under the key of a body if one is given."""
    out = np.empty(COUNT)
    luck = draws_of(1, 0, month)
    bells(under(luck, np.uint64(body)) if body else luck, np.arange(first, first + COUNT, dtype=np.uint64), 14, out)
    return out


def irwin_hall(x: np.ndarray, n: int = 8) -> np.ndarray:
    """Give the distribution function of the sum of ``n`` uniform numbers."""
    terms = [(-1.0) ** k * math.comb(n, k) * np.maximum(x - k, 0.0) ** n for k in range(n + 1)]
    return np.asarray(sum(terms) / math.factorial(n))


def bound(variance: float, most: float) -> float:
    """Give how far the mean of `COUNT` numbers of mean 0, this variance and this size may lie from 0 (Bernstein)."""
    level = math.log(2.0 / ALPHA)
    return math.sqrt(2.0 * variance * level / COUNT) + 2.0 * most * level / (3.0 * COUNT)


def test_a_bell_number_is_the_scaled_sum_of_the_eight_parts_of_its_block() -> None:
    assert draws._BELL_MEAN == 8 * 65535 / 2
    assert pytest.approx(math.sqrt(12.0 / (8 * (65536**2 - 1))), rel=1e-15) == draws._BELL_SCALE
    seed, run, entity, month = 0x299F31D0A4093822, 0x243F6A88, 0x13198A2E85A308D3, 0x0370
    for number in range(0, len(PURPOSES), 2):
        word = month << 16 | number // 2
        block = philox(*words(f"243f6a88 85a308d3 13198a2e {word:08x}"), *words("a4093822 299f31d0"))
        parts = [int(w) >> shift & 0xFFFF for w in block for shift in (0, 16)]
        expected = (sum(parts) - draws._BELL_MEAN) * draws._BELL_SCALE
        assert bell(draws_of(seed, run, month), np.uint64(entity), number) == expected


def test_a_bell_number_takes_a_whole_block_of_two_purposes() -> None:
    names = list(PURPOSES)
    assert ASSESSMENT == 14 and ASSESSMENT % 2 == 0
    assert names[ASSESSMENT + 1] == f"{names[ASSESSMENT]}, other half"
    used = 0
    for path in Path(draws.__file__).parent.glob("*.py"):
        calls = re.findall(r"(\w+)\((?:[^()]|\([^()]*\))*\bASSESSMENT\)", path.read_text(encoding="utf-8"))
        assert set(calls) <= {"bell"}, "whoever drew it as a uniform number would share the luck of the bell number"
        used += len(calls)
    assert used == 2


def test_bell_numbers_have_mean_0_variance_1_and_the_kurtosis_and_range_that_are_said() -> None:
    drawn = many_bells()
    squares = drawn * drawn
    assert np.abs(drawn).max() < MOST and (8 * 65535 - draws._BELL_MEAN) * draws._BELL_SCALE < MOST
    assert abs(drawn.mean()) < bound(1.0, MOST)
    assert abs(squares.mean() - 1.0) < bound(2.85 - 1.0, MOST**2)
    assert abs((squares * drawn).mean()) < bound(15.0, MOST**3)
    # The eighth moment of a normal number is 105, that of a bell number less.
    assert abs((squares * squares).mean() - 2.85) < bound(105.0 - 2.85**2, MOST**4)


def test_bell_numbers_are_distributed_as_sums_of_eight_uniform_numbers() -> None:
    drawn = np.sort(many_bells())
    expected = irwin_hall(drawn / draws._BELL_SCALE / 65536.0 + 4.0)
    places = np.arange(COUNT)
    distance = max(np.max((places + 1) / COUNT - expected), np.max(expected - places / COUNT))
    # As for uniform numbers; parts of 16 bits are so coarse that it moves the sum by 1 in 65,536 at most.
    assert distance < math.sqrt(math.log(2.0 / ALPHA) / (2.0 * COUNT)) + 2.0**-16


UNRELATED: dict[str, Callable[[], np.ndarray]] = {
    **{
        name: lambda number=number: (many(number=number) - 0.5) * math.sqrt(12.0)  # type: ignore[misc]
        for name, number in PURPOSES.items()
        if number // 2 != ASSESSMENT // 2
    },
    "bell of the next entity": lambda: many_bells(first=1),
    "bell of the next month": lambda: many_bells(month=1),
    "bell of a year later": lambda: many_bells(month=12),
    "bell under a body": lambda: many_bells(body=1),
    "bell under another body": lambda: many_bells(body=2**32),
}


@pytest.mark.parametrize("which", UNRELATED)
def test_bell_numbers_have_nothing_to_do_with_other_draws(which: str) -> None:
    a, b = many_bells(), UNRELATED[which]()
    # Both of variance 1; the other is a bell number at most, whose square has the greater variance.
    assert abs(np.mean(a * b)) < bound(1.0, MOST**2)
    assert abs(np.mean((a * a - 1.0) * (b * b - 1.0))) < bound(1.85**2, MOST**4)


def test_plain_python_draws_the_same_bell_numbers() -> None:
    code = (
        "from r2psim.rules.draws import bell, draws_of; import numpy as np\n"
        "for e in range(64): print(float(bell(draws_of(2**63 + 7, 3, 11), np.uint64(e * 2**58 + e), 14)).hex())"
    )
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "error", "-c", code]
    plain = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    luck = draws_of(2**63 + 7, 3, 11)
    assert plain == [float(bell(luck, np.uint64(e * 2**58 + e), 14)).hex() for e in range(64)]
