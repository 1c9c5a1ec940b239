"""The verb ``import-world``: country data become a directory that can be run, compared and tested."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from r2psim.terminal import command

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.world.importing import Imported

__all__ = ["ACCOUNT", "STATES", "import_world", "write_world"]

ACCOUNT = "import.json"
"""File of the directory that says how the world was made."""

STATES = "states.csv"
"""File of the directory with the codes of the states."""


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _account(imported: Imported, files: dict[str, Path], seed: int) -> dict[str, Any]:
    """Say how the world was made."""
    from r2psim.world.importing import CAVEAT

    states = imported.tables["states"]
    return {
        "caveat": CAVEAT,
        "year": imported.year,
        "seed": seed,
        "files": {key: {"name": file.name, "sha256": _digest(file)} for key, file in files.items()},
        "counts": counts(imported),
        "rows": {key: account.as_data() for key, account in imported.accounts.items()},
        "rows_told": [_without_folder(account.told(), files) for account in imported.accounts.values()],
        "notes": [_without_folder(note, files) for note in imported.notes],
        "filled": [asdict(entry) for entry in imported.filled],
        "states": {key: {"iso3c": iso3, "ccode": number} for key, (iso3, number) in imported.codes.items()},
        "operational_stages_of_states": _stages(states),
    }


def _without_folder(note: str, files: dict[str, Path]) -> str:
    """Leave out where files lie on this machine."""
    for file in sorted(map(str, files.values()), key=len, reverse=True):
        note = note.replace(file, Path(file).name)
    return note


def _stages(states: dict[str, Any]) -> dict[str, int]:
    """Count the states by operational stage, which is the record's scale and not that of the model."""
    found = [int(state["operational_stage"]) for state in states.values()]
    return {str(stage): found.count(stage) for stage in range(5)}


def counts(imported: Imported) -> dict[str, int]:
    """Count what the world holds."""
    states, bodies = imported.tables["states"].values(), imported.tables["bodies"].values()
    return {
        "states": len(states),
        "groups": sum(len(state["groups"]) for state in states),
        "borders": sum(len(state["neighbours"]) for state in states) // 2,
        "kin_ties": sum(len(group["kin"]) for state in states for group in state["groups"].values()) // 2,
        "regional_organisations": sum(body["kind"] == "regional organisation" for body in bodies),
        "bodies": len(bodies),
        "filled_values": len(imported.filled),
    }


def write_world(imported: Imported, files: dict[str, Path], seed: int, directory: Path) -> Scenario:
    """Check an imported world and write it.

    Parameters
    ----------
    imported : Imported
        The world.
    files : dict of str to Path
        What it was made of.
    seed : int
        Of what the files do not tell.
    directory : Path
        Existing; gets ``scenario.toml``, ``states.csv``, ``import.json`` and ``provenance.json``.

    Returns
    -------
    Scenario
        As loaded from what was written.

    Raises
    ------
    ScenarioError
        If the world is no valid scenario.
    """
    import tomli_w

    from r2psim.ensemble.store import provenance, write_json
    from r2psim.scenario import load
    from r2psim.scenario.loading import IN_DIRECTORY
    from r2psim.world.importing import CAVEAT, scenario_data

    head = "".join(f"# {line}\n" for line in _wrapped(CAVEAT))
    file = directory / IN_DIRECTORY
    file.write_text(f"{head}\n{tomli_w.dumps(scenario_data(imported))}", encoding="utf-8")
    rows = [f"{key},{iso3},{number}" for key, (iso3, number) in imported.codes.items()]
    (directory / STATES).write_text("\n".join(["id,iso3c,ccode", *rows, ""]), encoding="utf-8")
    account = _account(imported, files, seed)
    write_json(account, directory / ACCOUNT)
    write_json(provenance(year=imported.year, seed=seed, files=account["files"]), directory / "provenance.json")
    return load(file)


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 118)


def import_world(
    predictors: Annotated[
        Path, typer.Option(metavar="CSV", help="Country-years in a layout of the Early Warning Project.")
    ],
    groups: Annotated[Path, typer.Option(metavar="CSV", help="Groups in the layout of Ethnic Power Relations.")],
    contiguity: Annotated[
        Path, typer.Option(metavar="CSV", help="Direct contiguity in that of the Correlates of War project.")
    ],
    year: Annotated[int, typer.Option(min=1946, max=2100, help="Year to take; the world starts at its end.")],
    out: Annotated[Path, typer.Option(help="Write the world into this new directory.")],
    seed: Annotated[
        int,
        typer.Option(min=0, max=2**63 - 1, help="Seed of what the files do not tell."),
    ] = 1,
    group_names: Annotated[
        bool, typer.Option("--group-names", help="Keep the names of groups; otherwise they are numbered.")
    ] = False,
    typical: Annotated[
        bool, typer.Option("--typical", help="Score states as is typical of their predictors; draw nothing beside.")
    ] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="STATE", help="Leave out this state, by ISO code, number or name; may be repeated."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier output of r2psim in --out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the account as one JSON object.")] = False,
) -> None:
    """Make a world of country data, to test the model against what happened; it is no forecast of any country."""
    from r2psim.ensemble.output import OutputDirectory, files_in
    from r2psim.world.importing import import_countries

    files = {"predictors": predictors, "groups": groups, "contiguity": contiguity}
    with OutputDirectory(out, force) as directory:
        imported = import_countries(
            predictors, groups, contiguity, year, seed, group_names, typical, _separately(leave_out or ())
        )
        directory.fill(lambda folder: write_world(imported, files, seed, folder))
        account = _account(imported, files, seed)
    if as_json:
        typer.echo(json.dumps(account, allow_nan=False))
        return
    for line in told(account):
        typer.echo(line)
    example = command(["r2psim", "compare", out, "--runs", 50])
    typer.echo(f"\nWritten to {out}: {files_in(out)}. For example: {example}")


def _separately(named: Iterable[str]) -> list[str]:
    """Give states named in several options, or in one with commas between them."""
    return [state.strip() for text in named for state in text.split(",") if state.strip()]


def told(account: dict[str, Any]) -> list[str]:
    """Tell how a world was made, for reading.

    Parameters
    ----------
    account : dict
        As in ``import.json``.
    """
    import textwrap

    made = account["counts"]
    by_stage = account["operational_stages_of_states"].items()
    stages = ", ".join(f"{number} at {stage}" for stage, number in by_stage)
    notes = [
        line
        for note in [*account["rows_told"], *account["notes"]]
        for line in textwrap.wrap(note, 110, initial_indent="- ", subsequent_indent="  ")
    ]
    return [
        f"{made['states']} states, {made['groups']} groups, {made['borders']} borders, {made['kin_ties']} ties of kin,"
        f" {made['regional_organisations']} regional organisations; year {account['year']}, seed {account['seed']}.",
        f"States by operational stage (of the record, not the model's): {stages}.",
        f"{made['filled_values']} missing values filled (each in {ACCOUNT}).",
        "",
        *notes,
        "",
        *textwrap.wrap(account["caveat"], 110),
    ]
