"""Groups as a person names them on the command line."""

from __future__ import annotations

__all__ = ["group_named"]


def group_named(groups: tuple[str, ...], named: str) -> str:
    """Find the full identifier that a user means: the whole one, or a group's own part where only one fits."""
    from r2psim.scenario.errors import nearest

    ending = [group for group in groups if named in (group, group.split("/")[1])]
    if len(ending) == 1:
        return ending[0]
    near = nearest(named, [*groups, *(group.split("/")[1] for group in groups)])
    hint = f" (did you mean {near}?)" if near else ""
    raise ValueError(f"--explain: {named} is not allowed: a group of the scenario, written state/group{hint}")
