"""The command ``bench``: its options, and what it prints. Nothing heavy is imported before it runs."""

from __future__ import annotations

import argparse
import sys

__all__ = ["add_arguments", "bench", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of the command."""
    parser.add_argument("--json", action="store_true", help="Print one JSON object instead of the table.")
    parser.add_argument(
        "--quick", action="store_true", help="Shorter runs, worlds up to 10,000 groups, no compiling anew."
    )


def run(args: argparse.Namespace) -> int:
    """Carry out the command; see `bench`."""
    return bench(as_json=args.json, quick=args.quick)


def bench(as_json: bool, quick: bool) -> int:
    """Measure, with a word on the error stream about what is being done, and print.

    Returns
    -------
    int
        Exit code: 0.
    """
    import json

    from r2psim.bench.measure import Effort, measure
    from r2psim.bench.report import table

    shown = sys.stderr.isatty()

    def tell(what: str) -> None:
        # On a terminal a line takes the place of the one before.
        sys.stderr.write(f"\r\033[K{what}" if shown else f"{what}\n")
        sys.stderr.flush()

    found = {"quick": quick, **measure(Effort.of(quick), tell)}
    if shown:
        sys.stderr.write("\r\033[K")
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if as_json else table(found))
    return 0
