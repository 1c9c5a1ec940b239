"""What a facilitator does, and what is said of it beside the button that was pressed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import solara

from r2psim.seminar import Chair, SeminarError

__all__ = ["Acts", "use_acts"]


@dataclass(frozen=True)
class Acts:
    """What became of what was done last.

    Attributes
    ----------
    where : str
        At which buttons.
    message, problem : str
        What was done, or why it was refused.
    stand : object
        How the session stood then: of another year, line or phase nothing is said any more.
    do : callable
        Does something: told where it was asked for, what, and what to say when it is done.
    """

    where: str
    message: str
    problem: str
    stand: object
    do: Callable[..., bool]

    def at(self, where: str, chair: Chair) -> dict[str, str]:
        """Give ``message`` and ``problem`` of the buttons that are asked about."""
        here = where == self.where and self.stand == _stand(chair)
        return {"message": self.message if here else "", "problem": self.problem if here else ""}


def _stand(chair: Chair) -> tuple[object, ...]:
    return chair.session.current, chair.session.branch.year, chair.phase()


def use_acts(chair: Chair) -> Acts:
    """Keep what becomes of what a facilitator does on a page."""
    first: tuple[str, str, str, object] = ("", "", "", None)
    kept, set_kept = solara.use_state(first)

    def do(where: str, what: Callable[[], Any], said: str = "") -> bool:
        try:
            what()
        except SeminarError as error:
            set_kept((where, "", str(error), _stand(chair)))
            return False
        set_kept((where, said, "", _stand(chair)))
        return True

    where, message, problem, stood = kept
    return Acts(where, message, problem, stood, do)
