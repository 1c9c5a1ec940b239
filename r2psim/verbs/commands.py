"""How verbs show themselves: in groups, with examples, and with messages that name the value and what is allowed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from textwrap import fill
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.models import ParameterInfo

from r2psim.progress import notice
from r2psim.terminal import command

__all__ = ["EXAMPLES", "GROUPS", "HELP_OPTIONS", "Example", "Verb", "Verbs", "added", "what_next"]

GROUPS = {
    "run": "Run",
    "compare": "Compare",
    "study": "Study",
    "evidence": "Hold against evidence",
    "data": "Experiments and data",
    "app": "In the browser, and seminars",
    "about": "What there is",
}
"""Group of verbs -> its heading, in the order of the help."""

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


class Example(NamedTuple):
    """A command as somebody would type it, and what it is for."""

    command: str
    purpose: str


def _examples(*pairs: str) -> tuple[Example, ...]:
    return tuple(Example(*pair) for pair in zip(pairs[::2], pairs[1::2], strict=True))


EXAMPLES: dict[str, tuple[Example, ...]] = {
    "run": _examples(
        "r2psim run seminar --policy late-response --seed 3", "one world, once",
        "r2psim run seminar --seed 7 --explain velmora/north", "why it happened to one group",
    ),
    "replay": _examples(
        "r2psim replay study 17 --policy prevention", "run 17 of a comparison again, checked to the last bit",
        "r2psim replay r2psim-seminar-CODE.json", "every line of a seminar's history",
    ),
    "compare": _examples(
        "r2psim compare seminar --runs 1000 --out study", "the usual three policies, kept with figures",
        "r2psim compare mine.toml --policies late-response,mine --baseline late-response", "a policy of your own",
    ),
    "break-even": _examples(
        "r2psim break-even seminar --over effect --out even", "how good effects must be",
        "r2psim break-even seminar --over warning,consent --dry-run", "what two things together would take",
    ),
    "marginal": _examples(
        "r2psim marginal seminar --out further", "what a further dollar does",
        "r2psim marginal seminar --parts principles --runs 400", "principles, one by one",
    ),
    "warning": _examples(
        "r2psim warning seminar --out warning", "what warning is worth",
        "r2psim warning seminar --policy late-response --dry-run", "what it would take",
    ),
    "sensitivity": _examples(
        "r2psim sensitivity seminar --method morris --out first-look", "a quick first look",
        "r2psim sensitivity seminar --method chaos --over effects --out sens", "shares of variance, and of luck",
    ),
    "discover": _examples(
        "r2psim discover sens", "where prevention costs more than late response",
        'r2psim discover sens --where "deaths: prevention minus late-response > 0"', "where it saves no lives",
    ),
    "optimise": _examples(
        "r2psim optimise seminar --out front", "which division of the same money",
        "r2psim optimise seminar --random 200 --out random", "and how random ones do",
    ),
    "value-of-information": _examples(
        "r2psim value-of-information seminar --out voi", "what knowing would change the choice",
        "r2psim value-of-information seminar --policies late-response,balanced", "between two others",
    ),
    "report": _examples(
        "r2psim report study even sens --out report.html", "one page of several studies",
        "r2psim report study --force", "report.html in the directory itself",
    ),
    "validate": _examples(
        "r2psim validate --out targets", "every target of the record: simulated, band, verdict",
        "r2psim validate seminar --runs 50 --json", "another world, for other programs",
    ),
    "calibrate": _examples(
        "r2psim calibrate --out my-fit", "fit the parameters; interrupted, it goes on",
        "r2psim calibrate --out my-fit --waves 2", "a shorter one",
    ),
    "identify": _examples(
        "r2psim identify --out known", "what the targets identify",
        "r2psim identify --at my-fit --out known", "at the parameters of a fit",
    ),
    "hindcast": _examples(
        "r2psim hindcast sample-world --onsets samples/onsets.csv --years 2", "one window",
        "r2psim hindcast --panel panel --years 1993-2008 --out windows", "many windows",
    ),
    "trials": _examples(
        "r2psim trials --out trials", "all that ship; resumes",
        "r2psim trials --file trials.toml --scenario seminar --runs 200", "those of a file",
    ),
    "rows": _examples(
        "r2psim rows --out my-rows", "every row of what the report names",
        "r2psim rows mediation --runs 100", "one of them, quickly",
    ),
    "batch": _examples(
        "r2psim batch study.toml --dry-run", "check the file, say what it would take",
        "r2psim batch study.toml --out study --workers 4", "do it; the same command goes on after Ctrl-C",
    ),
    "status": _examples(
        "r2psim status study", "how far, and what it shows so far",
        "r2psim status study --verify", "check the content of every part",
    ),
    "results": _examples(
        "r2psim results study --to csv", "all rows in one sorted table",
        "r2psim results study --table points --to parquet --out points.parquet", "what each point was set to",
    ),
    "import-world": _examples(
        "r2psim import-world --predictors p.csv --groups g.csv --contiguity c.csv --year 2014 --out world-2014",
        "a world of country data",
        "r2psim import-world --predictors p.csv --groups g.csv --contiguity c.csv --year 2014 --out w --json",
        "with its account of assumptions as JSON",
    ),
    "world-figure": _examples(
        "r2psim world-figure --out worlds.png", "drawn worlds beside the record",
        "r2psim world-figure --out worlds.png --force", "again",
    ),
    "app": _examples(
        "r2psim app", "the pages, at http://127.0.0.1:8765",
        "r2psim app seminar --host 0.0.0.0 --data my-seminars", "for a room",
    ),
    "seminar-kit": _examples(
        "r2psim seminar-kit seminar --people 20 --minutes 180 --out kit", "cards, sheets and a script to print",
        "r2psim seminar-kit seminar --people 12 --minutes 90 --language fr --out trousse", "in French",
    ),
    "seminar-seeds": _examples(
        "r2psim seminar-seeds seminar", "which seeds teach what, and how common they are",
        "r2psim seminar-seeds seminar --teaches quiet,in-spite --runs 200", "two kinds of them",
    ),
    "list": _examples(
        "r2psim list parameters", "paths for --set and for factors",
        "r2psim list policies --scenario mine.toml --json", "those of a file, for other programs",
    ),
    "docs": _examples(
        "r2psim docs", "what came with the package: documents and notebooks",
        "r2psim docs ODD", "where the description of the model lies",
    ),
    "catalogue": _examples(
        "r2psim catalogue", "all forms of assistance",
        "r2psim catalogue mediation", "one, with its sources",
    ),
    "scenarios": _examples(
        "r2psim scenarios", "names and titles",
        "r2psim scenarios --json", "with their policies, for other programs",
    ),
    "check": _examples(
        "r2psim check mine.toml", "everything that is wrong, at once",
        "r2psim check scenarios/*.toml", "several",
    ),
    "schema": _examples(
        "r2psim schema > scenario.schema.json", "for an editor",
        "r2psim schema --experiment", "that of experiment files",
    ),
    "schedule": _examples(
        "r2psim schedule", "the order of a month",
        "r2psim schedule > month.txt", "kept",
    ),
    "bench": _examples(
        "r2psim bench --quick", "against plain Mesa, NumPy and C",
        "r2psim bench --batch", "a batch by one and by two workers",
    ),
    "warmup": _examples(
        "r2psim warmup", "compile the rules now",
        "R2PSIM_CACHE=/scratch/r2psim r2psim warmup", "for all workers of a cluster",
    ),
}  # fmt: skip
"""Verb -> commands that its help shows; a test has them read."""

PAGES = {
    "run": "docs/tutorials/first-comparison.md",
    "compare": "docs/tutorials/first-comparison.md",
    "study": "docs/COST.md",
    "evidence": "docs/EVIDENCE.md, docs/TRACE.md",
    "data": "docs/EXPERIMENTS.md, docs/DATA.md",
    "app": "docs/APP.md, docs/SEMINAR.md",
    "about": "docs/README.md",
}
"""Group of verbs -> where more about them stands."""


def added(
    app: typer.Typer, group: str, name: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a decorator that makes a function a verb of the command line.

    Parameters
    ----------
    app : typer.Typer
        The command line.
    group : str
        A key of `GROUPS`.
    name : str, optional
        What it is called; the function's own name if not given.
    """
    return app.command(name=name, cls=Verb, rich_help_panel=group)


class Verbs(TyperGroup):
    """All verbs: the help has them in their groups, each with its whole line."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each group."""
        for group, heading in GROUPS.items():
            rows = [
                (name, _first_line(self.commands[name].help))
                for name in self.list_commands(ctx)
                if getattr(self.commands[name], "rich_help_panel", None) == group
            ]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Say where to begin."""
        with formatter.section("To begin"):
            formatter.write_dl(
                [
                    ("r2psim run seminar", "one invented world, once"),
                    ("r2psim compare seminar", "policies under the same luck"),
                    ("r2psim VERB -h", "its options, and examples"),
                ]
            )


def _first_line(text: str | None) -> str:
    return " ".join(inspect.cleandoc(text or "").partition("\n\n")[0].split())


class Verb(TyperCommand):
    """A verb: its help ends with examples, and what it refuses it names."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as typer does; say of what is refused what it was, and what is allowed."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            parameter = error.param
            if parameter is None:
                raise
            if not error.message and parameter.name == "scenario":  # it is missing
                error.message = "One that ships (r2psim scenarios has them), or the path of a scenario file"
            info = _declared(self.callback, parameter.name or "")
            allowed = "" if info is None else _allowed(*info)
            value = _given(given, getattr(parameter, "opts", ()), error)
            if not allowed or value is None:
                raise
            told = f"{value} is not allowed: {allowed}"
            raise typer.BadParameter(told, ctx=ctx, param=parameter) from None

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write policies where one is asked for, examples, and where more stands."""
        from r2psim.verbs.completion import shipped_policies

        if any(p.name in ("policy", "policies") for p in self.params) and self.name != "replay":
            names = f"{', '.join(shipped_policies())}; those of a file: r2psim list policies --scenario FILE"
            with formatter.section("Policies"):
                indent = " " * formatter.current_indent
                # What is to be typed again stands whole: no line ends within a name.
                formatter.write(
                    fill(
                        names, formatter.width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
                    )
                    + "\n"
                )
        examples = EXAMPLES.get(self.name or "", ())
        if examples:
            with formatter.section("Examples"):
                for example in examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{example.command}\n")
                    formatter.write(f"{'':>{formatter.current_indent + 4}}{example.purpose}\n")
        if page := PAGES.get(self.rich_help_panel or ""):
            with formatter.section("More"):
                formatter.write_text(page)


def _declared(verb: Callable[..., Any] | None, name: str) -> tuple[type, ParameterInfo] | None:
    """Give the type of a parameter of a verb, and what typer was told of it."""
    if verb is None:
        return None
    parameter = inspect.signature(verb, eval_str=True).parameters.get(name)
    if parameter is None:
        return None
    kind = parameter.annotation
    found = [each for each in getattr(kind, "__metadata__", ()) if isinstance(each, ParameterInfo)]
    if not found:
        return None
    inner = getattr(kind, "__origin__", kind)
    for plain in (int, float):
        if inner is plain or plain in getattr(inner, "__args__", ()):
            return plain, found[0]
    return None


def _allowed(kind: type, info: ParameterInfo) -> str:
    """Say which numbers are allowed.

    Examples
    --------
    >>> _allowed(int, typer.Option(min=2, max=10_000)), _allowed(float, typer.Option(min=0.0))
    ('a whole number from 2 to 10,000', 'a number, at least 0')
    """
    what = "a whole number" if kind is int else "a number"
    low, high = (
        None if end is None else f"{end:,.15g}" if kind is float else f"{end:,}" for end in (info.min, info.max)
    )
    if low is not None and high is not None:
        return f"{what} from {low} to {high}"
    return what if low is None else f"{what}, at least {low}"


def _given(words: Sequence[str], options: Sequence[str], error: Exception) -> str | None:
    """Find the value of an option among what was given; of an argument, what the message is about."""
    found = None
    for place, word in enumerate(words):
        name, equals, rest = word.partition("=")
        if name in options and name.startswith("-"):
            found = rest if equals else (words[place + 1] if place + 1 < len(words) else None)
    if found is None:
        details: Any = getattr(error.__cause__, "errors", list)()
        found = str(details[0]["input"]) if details and "input" in details[0] else None
    return found


def what_next(words: Sequence[object], purpose: str) -> None:
    """Say in a line on the error stream what somebody may want to do next.

    Parameters
    ----------
    words : sequence
        Verb, arguments and options.
    purpose : str
        What it is for.
    """
    notice(f"next: {command(['r2psim', *words])}  # {purpose}")
