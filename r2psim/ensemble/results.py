"""Results of many runs: to pandas, Arrow and xarray, to disk and back, and any run of them as a Mesa model to watch."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.declarations.columns import GROUP
from r2psim.ensemble.arrow_tables import START, measure_about
from r2psim.ensemble.former_names import hint
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.uncertainty import with_draw
from r2psim.scenario.errors import listing, nearest
from r2psim.scenario.named import Named, name_fields
from r2psim.world.codebook import attrs_of, column_about, to_frame
from r2psim.world.events import Event

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import xarray as xr

    from r2psim.agents.model import R2PModel
    from r2psim.ensemble.python_policy import PythonPolicy
    from r2psim.scenario import Scenario

__all__ = ["Results"]

YEAR = 12
PLACE = {name: i for i, name in enumerate(METRICS)}
EXTRA = 'pip install "r2psim[data]"'


def _needs(package: str) -> ImportError:
    return ImportError(f"this needs {package}, which is not installed: {EXTRA}")


@dataclass(frozen=True, eq=False)
class Results:
    """Runs of a scenario under several policies with the same luck.

    Attributes
    ----------
    scenario : Scenario
        What was run, with everything generated.
    policies : tuple of str
        In the order asked for.
    runs, seed, months, first_run : int
        Number of runs under that seed; length of each; number of the first.
    metrics : dict of str to numpy.ndarray, shape (runs, len(METRICS))
        By policy, columns in the order and units of `r2psim.ensemble.measures.METRICS`; empty if a sink took the runs.
    spending : dict of str to numpy.ndarray, shape (forms, 5), US$
        By policy: mean over runs of what was spent on each form while its state stood at each stage.
    yearly : dict of str to numpy.ndarray, shape (years, forms, 5), US$
        The same, year by year.
    needs : dict of str to numpy.ndarray, shape (2, years, forms, 5), US$
        By policy: mean over runs of what each form of response was needed for, whether or not anybody paid, and of what
        was met of it, year by year and by the stage of the state.
    bodies : dict of str to numpy.ndarray, shape (bodies, len(BODY_ACCOUNTS)), US$
        By policy: mean over runs of the accounts of each body at the end.
    ledgers : dict of str to numpy.ndarray, shape (runs, years, len(LEDGERS))
        By policy, if they were asked for: what each ledger of `r2psim.ensemble.measures.LEDGERS` took in each year.
    series : dict of str to dict of str to numpy.ndarray, shape (runs, months + 1)
        By policy and name of `r2psim.ensemble.measures.SERIES`; index 0 is the start.
    stages : dict of str to numpy.ndarray, int8, shape (runs, months + 1, groups)
        By policy: the stage of every group, if histories were asked for; index 0 is the start.
    events : dict of (str, int) to tuple of Event
        By policy and number of the run, of the runs that were asked for.
    uncertainty : str
        What each run draws for itself, a key of `r2psim.scenario.posterior.UNCERTAINTIES`.
    drawn : tuple of str
        Paths of what is drawn.
    null : Results or None
        The null twins, if they were asked for: the same policies and luck with all effects of assistance at none.
    decide : dict of str to PythonPolicy
        By name: the policies that are Python. They are not on disk: results read back tell only what came of them.
    bases : dict of str to str
        By name: of each policy that is Python, the policy of the scenario whose parameters and budgets hold.
    """

    scenario: Scenario
    policies: tuple[str, ...]
    runs: int
    seed: int
    months: int
    first_run: int = 0
    metrics: Mapping[str, np.ndarray] = field(default_factory=dict)
    spending: Mapping[str, np.ndarray] = field(default_factory=dict)
    yearly: Mapping[str, np.ndarray] = field(default_factory=dict)
    needs: Mapping[str, np.ndarray] = field(default_factory=dict)
    bodies: Mapping[str, np.ndarray] = field(default_factory=dict)
    ledgers: Mapping[str, np.ndarray] = field(default_factory=dict)
    series: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    stages: Mapping[str, np.ndarray] = field(default_factory=dict)
    events: Mapping[tuple[str, int], tuple[Event, ...]] = field(default_factory=dict)
    uncertainty: str = "none"
    drawn: tuple[str, ...] = ()
    null: Results | None = None
    decide: Mapping[str, PythonPolicy] = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        name_fields(self, "metrics", "spending", "yearly", "needs", "bodies", "ledgers", "series", "stages")
        if type(self.series) is Named:
            for policy, found in self.series.items():
                self.series[policy] = Named(found)

    def __repr__(self) -> str:
        return (
            f"Results({self.scenario.name!r}, policies=[{listing(self.policies, limit=4)}], runs={self.runs}, "
            f"seed={self.seed}, months={self.months}, first_run={self.first_run})"
        )

    def _repr_html_(self) -> str:
        from r2psim.ensemble.html import metrics_html

        facts = f"{self.runs:,} runs of seed {self.seed}, from run {self.first_run}, {self.months} months"
        return metrics_html(self.scenario.title, facts, self.policies, self.metrics)

    @property
    def groups(self) -> tuple[str, ...]:
        """Identifiers of the groups, in the order of `stages`."""
        return tuple(f"{state}/{group}" for state, spec in self.scenario.states.items() for group in spec.groups)

    # -- numbers -------------------------------------------------------------------------------------------------------

    def policy_named(self, policy: str | None) -> str:
        """Give a policy of these results; the first if none is named.

        Parameters
        ----------
        policy : str, optional
            Its name.

        Returns
        -------
        str
            The name.

        Raises
        ------
        ValueError
            If it is none of them.
        """
        if policy is None:
            return self.policies[0]
        if policy not in self.policies:
            near = nearest(policy, self.policies)
            hint = f" (did you mean {near}?)" if near else ""
            raise ValueError(f"policy {policy} is not allowed: one of {listing(self.policies)}{hint}")
        return policy

    def base_of(self, policy: str) -> str:
        """Give the policy of the scenario whose parameters and budgets hold: itself, unless it is Python.

        Parameters
        ----------
        policy : str
            Any of the policies.

        Returns
        -------
        str
            Name of a policy of the scenario.
        """
        return self.bases.get(policy, policy)

    def place_of(self, run: int) -> int:
        """Give the place of a run in the arrays.

        Parameters
        ----------
        run : int
            Number of the run under its seed.

        Returns
        -------
        int
            From 0.

        Raises
        ------
        ValueError
            If it is none of these runs.
        """
        if not self.first_run <= run < self.first_run + self.runs:
            last = self.first_run + self.runs - 1
            raise ValueError(f"run {run} is not allowed: a run of these results, {self.first_run} to {last}")
        return run - self.first_run

    def values(self, policy: str, metric: str) -> np.ndarray:
        """Give a metric of every run of a policy, shape (runs,).

        Parameters
        ----------
        policy : str
            Any of the policies.
        metric : str
            A key of `r2psim.ensemble.measures.METRICS`.

        Returns
        -------
        numpy.ndarray, shape (runs,)
            In the metric's unit; NaN where a run has no value.

        Raises
        ------
        ValueError
            If there is no such policy or metric, or the runs went to a sink.
        """
        if metric not in PLACE:
            raise ValueError(f"metric {metric} is not allowed: one of {listing(METRICS)}{hint(metric, METRICS)}")
        found: np.ndarray = self._kept()[self.policy_named(policy)][:, PLACE[metric]]
        return found

    def _kept(self) -> Mapping[str, np.ndarray]:
        if not self.metrics:
            raise ValueError("these results keep no runs: a sink took them")
        return self.metrics

    # -- tables --------------------------------------------------------------------------------------------------------

    def _tables(self) -> dict[str, Any]:
        """Name the tables that there are, each with what makes it."""
        from r2psim.ensemble import arrow_tables

        forms = list(self.scenario.forms)
        made: dict[str, Any] = {}
        if self.metrics:
            made["runs"] = lambda: arrow_tables.runs_table(self.metrics, self.first_run)
        if self.spending:
            made["spending"] = lambda: arrow_tables.spending_table(self.spending, forms)
        if self.yearly:
            made["yearly"] = lambda: arrow_tables.yearly_table(self.yearly, forms)
        if self.needs:
            made["needs"] = lambda: arrow_tables.needs_table(self.needs, forms)
        if self.bodies:
            made["bodies"] = lambda: arrow_tables.bodies_table(self.bodies, list(self.scenario.bodies))
        if self.ledgers:
            made["ledgers"] = lambda: arrow_tables.ledgers_table(self.ledgers, self.first_run)
        if self.series:
            made["series"] = lambda: arrow_tables.series_table(self.series, self.first_run)
        if self.stages:
            made["stages"] = lambda: arrow_tables.stages_table(self.stages, self.groups, self.first_run)
        if self.events:
            made["events"] = lambda: arrow_tables.events_table(self.events)
        if self.null is not None:
            kept = ("runs", "ledgers", "needs", "bodies", "spending")
            made |= {f"null_{name}": table for name, table in self.null._tables().items() if name in kept}
        return made

    def to_arrow(self, table: str = "runs") -> pa.Table:
        """Give one of the tables; each field carries ``unit``, ``description`` and ``source``.

        Parameters
        ----------
        table : str
            ``runs`` (a row for each policy and run, a column for each metric), ``spending`` (policy, form, stage, US$
            a run), ``yearly`` (the same by year), ``needs`` (what response was needed, met and unmet by policy, year,
            form and stage), ``bodies`` (accounts of each body), and if they were asked for ``ledgers`` (a row for each
            policy, run and year), ``series`` (a row for each policy, run
            and month, month -1 is the start), ``stages`` (the same, a column for each group) and ``events``.

            Null twins, if they were asked for, have ``null_runs``, ``null_spending`` and so on.

        Returns
        -------
        pyarrow.Table
            Money in US$.

        Raises
        ------
        ValueError
            If there is no such table.
        """
        made = self._tables()
        if table not in made:
            raise ValueError(f"table {table!r} is not there: one of {listing(made)}")
        return made[table]()

    def to_pandas(self, table: str = "runs") -> pd.DataFrame:
        """Give one of the tables of `to_arrow` as a data frame; ``attrs["columns"]`` says what each column is.

        Parameters
        ----------
        table : str
            As for `to_arrow`.

        Returns
        -------
        pandas.DataFrame
            A row for each row of `to_arrow`.

        Raises
        ------
        ValueError
            If there is no such table.
        ImportError
            If pandas is not installed.
        """
        return to_frame(self.to_arrow(table))

    def to_xarray(self) -> xr.Dataset:
        """Give metrics, series and stages with named dimensions: policy, run, month (-1 is the start) and group.

        Each variable has its unit in ``units``, its meaning in ``long_name`` and where it comes from in ``source``.

        Returns
        -------
        xarray.Dataset
            Metrics by policy and run, and what else was kept.

        Raises
        ------
        ValueError
            If the runs went to a sink.
        ImportError
            If xarray is not installed.
        """
        try:
            import xarray as xr
        except ImportError:
            raise _needs("xarray") from None
        metrics = self._kept()
        variables: dict[str, Any] = {}
        for name, place in PLACE.items():
            values = np.stack([metrics[policy][:, place] for policy in self.policies])
            variables[name] = (("policy", "run"), values, attrs_of(measure_about(name)))
        for name in self.series.get(self.policies[0], ()):
            values = np.stack([self.series[policy][name] for policy in self.policies])
            variables[name] = (("policy", "run", "month"), values, attrs_of(measure_about(name)))
        coords: dict[str, Any] = {
            "policy": list(self.policies),
            "run": np.arange(self.first_run, self.first_run + self.runs),
        }
        if self.series or self.stages:
            coords["month"] = np.arange(START, START + self.months + 1)
        if self.stages:
            values = np.stack([self.stages[policy] for policy in self.policies])
            variables["stage"] = (("policy", "run", "month", "group"), values, attrs_of(column_about(GROUP["stage"])))
            coords["group"] = list(self.groups)
        facts = {"scenario": self.scenario.name, "title": self.scenario.title, "seed": str(self.seed)}
        return xr.Dataset(variables, coords, facts | {"months": self.months})

    # -- a run again ---------------------------------------------------------------------------------------------------

    def open(self, run: int, policy: str | None = None, month: int | None = None) -> R2PModel:
        """Give one of the runs as a Mesa model, to watch.

        Parameters
        ----------
        run : int
            Number of the run.
        policy : str, optional
            One of `policies`, the first if not given.
        month : int, optional
            Months that have been run when the model is given; none if not given.

        Returns
        -------
        R2PModel
            All rows at once (``drive="rows"``), with its record from the start.

        Raises
        ------
        ValueError
            If there is no such run, policy or month.
        """
        from r2psim.agents.model import R2PModel

        self.place_of(run)
        named = self.policy_named(policy)
        if month is not None and not 0 <= month <= self.months:
            raise ValueError(f"month {month} is not allowed: 0 to {self.months}")
        scenario = with_draw(self.scenario, run, self.drawn, self.seed) if self.drawn else self.scenario
        decide = None
        if named in self.decide:
            decide = deepcopy(self.decide[named].deciding(list(scenario.bodies)))
            named = self.decide[named].base
        elif named not in scenario.policies:
            raise ValueError(f"policy {named} was decided by Python objects, which were not stored: run it anew")
        model = R2PModel(scenario, named, self.seed, run, self.months // YEAR, drive="rows", decide=decide)
        for _ in range(month or 0):
            model.step()
        return model

    # -- on disk -------------------------------------------------------------------------------------------------------

    def save(self, directory: str | Path, force: bool = False) -> None:
        """Write everything into a new directory, all or nothing.

        Parameters
        ----------
        directory : str or Path
            Gets a Parquet file for each table of `to_arrow`, ``resolved.json`` and ``provenance.json``.
        force : bool
            Replace the files of an earlier output of r2psim; what else lies there is kept.

        Raises
        ------
        OutputError
            If the directory holds anything, is in use, or cannot be written; the message says if the results were
            kept elsewhere.
        ValueError
            If the runs went to a sink.
        """
        from r2psim.ensemble.output import OutputDirectory

        self._kept()
        with OutputDirectory(Path(directory), force) as out:
            out.fill(self._write)

    def _write(self, directory: Path) -> None:
        from r2psim.ensemble.store import provenance, write_json, write_table

        for name, made in self._tables().items():
            write_table(made(), directory / f"{name}.parquet")
        write_json(self.scenario.resolved(), directory / "resolved.json")
        write_json(provenance(**self.facts()), directory / "provenance.json")

    def facts(self) -> dict[str, Any]:
        """Give what, beside the scenario, is needed to run all this again.

        Returns
        -------
        dict of str
            Names, seed, numbers of runs and months, and what was drawn, set or decided.
        """
        facts: dict[str, Any] = {
            "scenario": self.scenario.name,
            "policies": list(self.policies),
            "seed": self.seed,
            "runs": self.runs,
            "months": self.months,
            "first_run": self.first_run,
        }
        if self.uncertainty != "none":
            facts |= {"uncertainty": self.uncertainty, "drawn": list(self.drawn)}
        if self.scenario.overrides:
            facts["overrides"] = dict(self.scenario.overrides)
        if self.decide:
            facts["decide"] = {name: policy.written() for name, policy in self.decide.items()}
        return facts | ({"events": [list(key) for key in self.events]} if self.events else {})

    @classmethod
    def load(cls, directory: str | Path) -> Results:
        """Read what `save`, or ``r2psim compare --out``, wrote.

        Parameters
        ----------
        directory : str or Path
            What ``--out`` named.

        Raises
        ------
        OutputError
            If the directory holds no runs of r2psim, or is damaged.
        """
        from r2psim.ensemble.stored_results import read_fields

        fields, null = read_fields(Path(directory))
        return cls(**fields, null=None if null is None else cls(**null))
