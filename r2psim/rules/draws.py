"""Chance: a uniform number for every (seed, run, entity, month, purpose), and nothing else moves it.

Philox4x32-10 (Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3) is a bijection of 128-bit counters
for each key. The key is the seed; the counter is the run, the entity's 64-bit identity, and month and block. No two
different draws share a counter, so a policy, a body or one more group never shifts anybody else's numbers.
A block of 128 bits gives two uniform numbers of 53 bits; the registry says which purpose is which half of which block.
"""

from __future__ import annotations

from operator import index
from typing import NamedTuple

import numpy as np

from r2psim.rules.compiled import inline, rule

__all__ = ["PURPOSES", "Draws", "draws_of", "of_run", "philox", "purpose", "split_seed", "uniform"]

PURPOSES: dict[str, int] = {}
"""Registry of what chance is drawn for: name -> number. Even and odd neighbours share a block."""


def purpose(name: str) -> int:
    """Register a purpose and give its number.

    Raises
    ------
    ValueError
        If the name is taken: two purposes of one name would share their luck.
    """
    if name in PURPOSES:
        raise ValueError(f"two purposes of chance are named {name!r}")
    PURPOSES[name] = len(PURPOSES)
    return PURPOSES[name]


# Append only: a purpose's number is part of every stored result.
CONTESTED_ELECTION = purpose("trigger: contested election")
COUP = purpose("trigger: coup")
IRREGULAR_TRANSITION = purpose("trigger: irregular transition")
ECONOMIC_SHOCK = purpose("trigger: economic shock")
LEADER_DEATH = purpose("trigger: leader's death")
NEIGHBOUR_WAR = purpose("trigger: neighbour's war")
ARMED_OFFENSIVE = purpose("trigger: armed-group offensive")
MASS_PROTEST = purpose("trigger: mass protest")
CONFLICT_CHANGE = purpose("conflict: change of state")
MOTIVE_JUMP = purpose("structure: motive of a new leadership")
STAGE_CHANGE = purpose("stage: change")
PERPETRATOR_KIND = purpose("stage: kind of perpetrator")
EPISODE_INTENSITY = purpose("harm: killing rate of the episode")
MONTHLY_INTENSITY = purpose("harm: killing rate of the month")
ASSESSMENT = purpose("observation: error of an assessment of risk")
purpose("observation: error of an assessment of risk, other half")
VETO = purpose("response: veto against a mandate")
MANDATE_DECISION = purpose("response: a mandate is decided")
BACKLASH = purpose("delivery: a programme backfires")
EFFECT_SIZE = purpose("uncertainty: size of an effect")
MISJUDGED_LACK = purpose("demand: error about what a state lacks")
CAMPAIGN_KIND = purpose("harm: kind of a campaign")
CAMPAIGN_AGE = purpose("harm: age of a campaign at the start")
WAR_CRIMES = purpose("consequences: civilians killed in armed conflict, rounding")
TRIAL_ARM = purpose("trial: arm of an entry")
VOTE_ON_MANDATE = purpose("response: votes of members of the Council on a mandate")
MANDATE_EXTENSION = purpose("response: the government lets a mandate run out")
EMBARGO_DECISION = purpose("response: an arms embargo is put to the vote")
VOTE_ON_EMBARGO = purpose("response: votes of members of the Council on an arms embargo")
REFERRAL_DECISION = purpose("response: a referral to the Court is put to the vote")
VOTE_ON_REFERRAL = purpose("response: votes of members of the Council on a referral")
SPECIAL_SESSION = purpose("response: the Human Rights Council meets in special session")

_BELL_MEAN = 262140.0
_BELL_SCALE = 1.0 / 53509.91992145008
_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_16 = np.uint64(16)
_HALF = np.uint64(0xFFFF)
_1 = np.uint64(1)
_5 = np.uint64(5)
_6 = np.uint64(6)
_TWO52 = 4503599627370496.0
_BITS_OF_TWO52 = np.uint64(0x4330000000000000)


MONTHS = 1 << 16
"""Numbers of months: as many as fit beside the block. The upper half is that of months before the first."""


class Draws(NamedTuple):
    """What fixes the luck of one month of one run.

    Attributes
    ----------
    key0, key1 : numpy.uint64
        Low and high half of the seed.
    run, month : numpy.uint64
        Number of the run and of the month, from 0.
    """

    key0: np.uint64
    key1: np.uint64
    run: np.uint64
    month: np.uint64


def split_seed(seed: int) -> tuple[np.uint64, np.uint64]:
    """Split a seed of up to 64 bits into the two words of the key.

    Raises
    ------
    ValueError
        If the seed is negative or larger than 64 bits.
    """
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"seed {seed} is not allowed: a whole number from 0 to 2**64 - 1")
    return np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)


def draws_of(seed: int, run: int, month: int) -> Draws:
    """Give the luck of a month: see `Draws`.

    Raises
    ------
    ValueError, TypeError
        If a number is out of range, or not whole.
    """
    seed, run, month = index(seed), index(run), index(month)
    if not 0 <= run < 1 << 32:
        raise ValueError(f"run {run} is not allowed: a whole number from 0 to 2**32 - 1")
    if not 0 <= month < 1 << 16:
        raise ValueError(f"month {month} is not allowed: a whole number from 0 to 65535")
    key0, key1 = split_seed(seed)
    return Draws(key0, key1, np.uint64(run), np.uint64(month))


@inline
def _round(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    p0 = c0 * _M0
    p1 = c2 * _M1
    return (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW


@inline
def philox(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Philox4x32-10: four 32-bit words from a counter of four and a key of two, each held in a uint64."""
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return _round(c0, c1, c2, c3, k0, k1)


@inline
def _whole(number: np.uint64) -> float:
    """Turn a whole number below 2**52 into a float, by moves of bits that vectorise on every processor."""
    return np.uint64(number | _BITS_OF_TWO52).view(np.float64) - _TWO52


@inline
def _unit(high: np.uint64, low: np.uint64) -> float:
    """Put two 32-bit words together to a uniform number in [0, 1) of 53 bits."""
    return (_whole(high >> _5) * 67108864.0 + _whole(low >> _6)) * 1.1102230246251565e-16


@inline
def words(draws: Draws, entity: np.uint64, block: int) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Draw the four 32-bit words of a block."""
    # Every part is cast: a signed integer would silently turn the shifts below into other numbers.
    who = np.uint64(entity)
    word = (np.uint64(draws.month) << _16) | np.uint64(block)
    run, key0, key1 = np.uint64(draws.run) & _LOW, np.uint64(draws.key0), np.uint64(draws.key1)
    return philox(run, who & _LOW, who >> _32, word, key0, key1)


@inline
def uniform_pair(draws: Draws, entity: np.uint64, block: int) -> tuple[float, float]:
    """Draw the two numbers of a block: those of the purposes ``2 * block`` and ``2 * block + 1``."""
    a, b, c, d = words(draws, entity, block)
    return _unit(a, b), _unit(c, d)


@inline
def bell(draws: Draws, entity: np.uint64, number: int) -> float:
    """Draw a number of mean 0 and variance 1 that is nearly normal: eight uniform ones, added up and scaled.

    Kurtosis 2.85 instead of 3, and never beyond 4.9: for errors of perception, where only the middle matters, it
    costs a tenth of a normal quantile. It takes a whole block: the purposes ``number``, even, and ``number + 1``.
    """
    a, b, c, d = words(draws, entity, number >> 1)
    total = (a & _HALF) + (a >> _16) + (b & _HALF) + (b >> _16)
    total += (c & _HALF) + (c >> _16) + (d & _HALF) + (d >> _16)
    return (_whole(total) - _BELL_MEAN) * _BELL_SCALE


@inline
def uniform(draws: Draws, entity: np.uint64, number: int) -> float:
    """Draw the uniform number in [0, 1) of one entity for one purpose this month.

    Parameters
    ----------
    draws : Draws
        Seed, run and month.
    entity : numpy.uint64
        Identity of the entity.
    number : int
        A purpose of `PURPOSES`.
    """
    first, second = uniform_pair(draws, entity, number >> 1)
    return second if number & 1 else first


@inline
def under(draws: Draws, identity: np.uint64) -> Draws:
    """Give the luck that an entity has together with another: the other's identity changes the key.

    Draws for pairs, such as a body's view of a state, come from a bijection of their own for each ``identity``.
    """
    return Draws(draws.key0 ^ (identity & _LOW), draws.key1 ^ (identity >> _32), draws.run, draws.month)


@inline
def number_of_month(draws: Draws) -> float:
    """Give the number of the month, below 0 for a month before the first."""
    month = np.float64(draws.month)
    return month - 65536.0 if month >= 32768.0 else month


@inline
def of_run(draws: Draws, beside: np.uint64) -> Draws:
    """Give the luck of a run that lies so many places beside that of `draws`: see `r2psim.world.rows.side_by_side`."""
    return Draws(draws.key0, draws.key1, draws.run + beside, draws.month)


@rule
def uniforms(draws: Draws, entities: np.ndarray, number: int, out: np.ndarray) -> None:
    """Draw for many entities: ``out[i]`` is the number of ``entities[i]``."""
    for i in range(len(entities)):
        out[i] = uniform(draws, entities[i], number)
