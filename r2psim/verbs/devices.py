"""The option ``--device`` of all verbs whose runs are an ensemble's."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any

import typer

__all__ = ["with_device"]

_Option = Annotated[
    str,
    typer.Option(
        metavar="cpu|gpu",
        help="Where runs are done: on the processors, or on an NVIDIA GPU (extra r2psim[gpu]); the same bits.",
    ),
]


def with_device(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb the option ``--device``: all its ensembles run there.

    A GPU that cannot be used is told before anything else is done.
    """

    @wraps(verb)
    def on_device(*words: Any, device: str = "cpu", **options: Any) -> None:
        from r2psim.ensemble.devices import checked_device, runs_on

        try:
            checked_device(device)
        except ValueError as error:
            raise typer.BadParameter(f"--{error}") from None
        if device == "gpu":
            from r2psim.ensemble.gpu.cubins import check_device

            check_device()
        with runs_on(device):
            verb(*words, **options)

    # Typer evaluates what is written as a string of functions alone, not of signatures that are set.
    known = signature(verb, eval_str=True)
    option = Parameter("device", Parameter.KEYWORD_ONLY, default="cpu", annotation=_Option)
    on_device.__signature__ = known.replace(parameters=[*known.parameters.values(), option])  # type: ignore[attr-defined]
    on_device.__annotations__ = {**verb.__annotations__, "device": _Option}
    return on_device
