"""The front of what cannot be bettered in one respect without being worse in another, searched for with pymoo.

Nothing here knows of the model: a search is given a function from points, with numbers from 0 to 1, to objectives, the
less the better. pymoo is asked for the points of a generation and told what they are worth; it draws from a seed alone,
so that a search whose generations are remembered goes on exactly as it would have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from r2psim.ensemble.former_names import hint
from r2psim.scenario.errors import listing

if TYPE_CHECKING:
    from pymoo.core.problem import Problem

__all__ = ["ALGORITHMS", "Front", "checked_algorithm", "dominated", "need_pymoo", "problem_of", "search", "spread"]

ALGORITHMS = {
    "nsga2": "NSGA-II: sorted by domination, then by how alone a point stands",
    "nsga3": "NSGA-III: sorted by domination, then by directions that are spread evenly; for three objectives and more",
}
"""By what a front is searched for."""

Evaluate = Callable[[np.ndarray], np.ndarray]
"""From points, shape (points, variables), to objectives, shape (points, objectives), the less the better."""


class Front(NamedTuple):
    """What a search found.

    Attributes
    ----------
    points : numpy.ndarray, shape (found, variables)
        Those of the last generation that no other of it betters.
    values : numpy.ndarray, shape (found, objectives)
        What they are worth.
    course : numpy.ndarray, shape (generations, objectives)
        The least of each objective, generation by generation.
    """

    points: np.ndarray
    values: np.ndarray
    course: np.ndarray


def need_pymoo() -> None:
    """Say how pymoo is installed, where it is not.

    Raises
    ------
    ImportError
        If it is not.
    """
    try:
        import pymoo  # noqa: F401
    except ImportError:
        raise ImportError(
            'a search for portfolios needs pymoo, which is not installed: pip install "r2psim[optimise]"'
        ) from None


def checked_algorithm(name: str | None, objectives: int) -> str:
    """Give the name of an algorithm: NSGA-II up to two objectives and NSGA-III beyond, if none is named.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name is None:
        return "nsga2" if objectives < 3 else "nsga3"
    if name not in ALGORITHMS:
        raise ValueError(f"{name} is not allowed: one of {listing(ALGORITHMS)}{hint(name, ALGORITHMS)}")
    return name


def dominated(values: np.ndarray) -> np.ndarray:
    """Say of each point whether another is nowhere worse and somewhere better.

    Parameters
    ----------
    values : numpy.ndarray, shape (points, objectives)
        The less the better.

    Examples
    --------
    >>> dominated(np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 2.0], [1.0, 2.0]])).tolist()
    [False, False, True, False]
    """
    no_worse = (values[:, None, :] <= values[None, :, :]).all(axis=2)
    better = (values[:, None, :] < values[None, :, :]).any(axis=2)
    found: np.ndarray = np.asarray((no_worse & better).any(axis=0))
    return found


def spread(values: np.ndarray, most: int) -> list[int]:
    """Choose some points of a front: the best in each objective, then each time the one furthest from those chosen.

    Parameters
    ----------
    values : numpy.ndarray, shape (points, objectives)
        Of the front.
    most : int
        How many; the order is that of the first objective.

    Examples
    --------
    >>> spread(np.array([[0.0, 9.0], [1.0, 7.5], [4.0, 4.0], [9.0, 0.0]]), 3)
    [0, 2, 3]
    """
    width = np.ptp(values, axis=0)
    scaled = (values - values.min(axis=0)) / np.where(width > 0.0, width, 1.0)
    ends = [int(np.lexsort((*np.delete(scaled, k, axis=1).T, scaled[:, k]))[0]) for k in range(values.shape[1])]
    chosen = list(dict.fromkeys(ends))[:most]
    while len(chosen) < min(most, len(values)):
        away = np.linalg.norm(scaled[:, None, :] - scaled[None, chosen, :], axis=2).min(axis=1)
        away[chosen] = -1.0
        chosen.append(int(away.argmax()))
    return sorted(chosen, key=lambda k: (*values[k].tolist(), k))


def problem_of(evaluate: Evaluate, variables: int, objectives: int, **told: Any) -> Problem:
    """Give a function as a problem of pymoo, to be minimised by any of its algorithms.

    Parameters
    ----------
    evaluate : callable
        From points to objectives, all of a generation at once.
    variables, objectives : int
        How many.
    **told
        Attributes that the problem is to have beside.

    Raises
    ------
    ImportError
        If pymoo is not installed.
    """
    need_pymoo()
    from pymoo.core.problem import Problem

    class _Found(Problem):
        def _evaluate(self, x: np.ndarray, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
            out["F"] = evaluate(np.asarray(x, dtype=np.float64))

    made = _Found(n_var=variables, n_obj=objectives, xl=0.0, xu=1.0)
    for name, value in told.items():
        setattr(made, name, value)
    return made


def _algorithm(name: str, objectives: int, start: np.ndarray) -> Any:
    """Give pymoo's algorithm, with a first generation."""
    population = len(start)
    if name == "nsga2":
        from pymoo.algorithms.moo.nsga2 import NSGA2

        return NSGA2(pop_size=population, sampling=start)
    from pymoo.algorithms.moo.nsga3 import NSGA3
    from pymoo.util.ref_dirs import get_reference_directions

    # As many directions as there are places, and no more: each may then be taken by a point.
    cut = 1
    directions = get_reference_directions("das-dennis", objectives, n_partitions=cut)
    while True:
        finer = get_reference_directions("das-dennis", objectives, n_partitions=cut + 1)
        if len(finer) > population:
            break
        directions, cut = finer, cut + 1
        if objectives == 1:
            break
    return NSGA3(directions, pop_size=population, sampling=start)


def search(
    evaluate: Evaluate, objectives: int, start: np.ndarray, generations: int, seed: int, algorithm: str = "nsga2"
) -> Front:
    """Search for a front.

    Parameters
    ----------
    evaluate : callable
        From points to objectives.
    objectives : int
        How many.
    start : numpy.ndarray, shape (population, variables)
        The first generation.
    generations, seed : int
        How many, the first included; of all chance of the search.
    algorithm : str
        A key of `ALGORITHMS`.

    Raises
    ------
    ImportError
        If pymoo is not installed.
    """
    problem = problem_of(evaluate, start.shape[1], objectives)
    from pymoo.termination import get_termination

    found = _algorithm(algorithm, objectives, start)
    found.setup(problem, termination=get_termination("n_gen", generations), seed=seed, verbose=False)
    course = []
    while found.has_next():
        asked = found.ask()
        found.evaluator.eval(problem, asked)
        found.tell(infills=asked)
        course.append(found.pop.get("F").min(axis=0))
    points, values = found.pop.get("X"), found.pop.get("F")
    kept = ~dominated(values)
    _, first = np.unique(values[kept], axis=0, return_index=True)
    return Front(points[kept][first], values[kept][first], np.array(course))
