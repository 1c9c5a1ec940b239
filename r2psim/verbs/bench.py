"""The command ``bench``: what it measures and prints. Nothing heavy is imported before it runs."""

from __future__ import annotations

import sys

__all__ = ["bench"]


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
