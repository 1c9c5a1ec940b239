"""Questions for the debriefing: some for every seminar, some that follow from what happened in this one."""

from __future__ import annotations

from collections.abc import Sequence

from r2psim.seminar.play import Outcome
from r2psim.seminar.session import Branch

__all__ = ["questions"]

BEFORE_THE_WORST = "Which signal did you have before the first atrocity, and what would have made you act on it?"

QUIET = (
    "No group entered atrocity in this line. Which signals did you have that one might, and what did you do about "
    "them? Was it your decisions, or luck?"
)

GENERAL = (
    "Where did you wait for somebody else? What did they wait for?",
    "What did you know that another role would have needed, and why did it not reach them?",
    "Which of your decisions helped only because consent was given - and which needed none?",
    "What did acting early cost you where nothing happened? How would you defend that money?",
    "The same decisions with other luck could have ended otherwise: which of them would you still call right?",
    "What does the model leave out that decided cases you know?",
)


def questions(branch: Branch, played: Outcome, others: Sequence[Outcome], names: dict[str, str]) -> list[str]:
    """Give questions about one line of history.

    Parameters
    ----------
    branch : Branch
        The line.
    played : Outcome
        What came of it.
    others : sequence of Outcome
        The policies with the same luck, and other lines.
    names : dict of str to str
        Identifier -> name.
    """
    asked = []
    entry = next((e for e in played.events if e.kind == "stage" and e.after == "atrocity"), None)
    if entry is not None:
        warned = [e for e in played.events if e.group == entry.group and e.after == "threat" and e.month < entry.month]
        since = f" It had stood under threat since year {warned[-1].month // 12 + 1}." if warned else ""
        asked.append(
            f"A group first entered atrocity in {names[entry.state]} in year {entry.month // 12 + 1}.{since} Who could "
            "have known, who could have acted, and what did they spend their money on instead?"
        )
    for year in sorted(branch.decided):
        decided = branch.decided[year]
        for state, decision in decided.consent.items():
            if decision.value is False:
                asked.append(
                    f"Year {year + 1}: the Government of {names[state]} refused assistance. What did it gain, and what "
                    "could have changed its mind?"
                )
        asked.extend(
            f"Year {year + 1}: {_a(t.kind.replace('_', ' '))} struck {names[t.state]}. Why did it upset this state, or "
            "why not?"
            for t in decided.triggers
            if year < branch.year
        )
        against = {s for d in decided.votes.values() for s, vote in d.value.items() if vote == "no"}
        asked.extend(
            f"Year {year + 1}: there were votes against a mandate for {names[s]}. Why?" for s in sorted(against)
        )
    for other in others:
        killed, mine = other.metrics["deaths"], played.metrics["deaths"]
        if other.key.startswith("policy-") and killed != mine:
            more = "more" if killed > mine else "fewer"
            asked.append(
                f"Under {other.title}, with the same luck, {abs(killed - mine):,.0f} {more} people were killed. Which "
                "decisions made the difference - and in how many other worlds would they?"
            )
    first = BEFORE_THE_WORST if entry is not None else QUIET
    return [*asked[:12], first, *GENERAL]


def _a(noun: str) -> str:
    """Put the article before a noun.

    Examples
    --------
    >>> _a("economic shock")
    'an economic shock'
    """
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"
