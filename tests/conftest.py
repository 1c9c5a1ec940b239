"""What all tests share: what hypothesis draws is the same in every run, and pages are closed after use."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# What the compiler holds for every rule stays as long as the process: looking through it for garbage again and again
# would take a twentieth of all the tests' time.
gc.set_threshold(100_000, 20, 100)

settings.register_profile(
    "fixed", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fixed")


@pytest.fixture
def shown() -> Iterator[Callable[..., Any]]:
    """Render components, and close them afterwards."""
    import solara  # here, because most tests need no browser's library

    opened = []

    def show(component: Any) -> Any:
        _, rc = solara.render(component, handle_error=False)
        opened.append(rc)
        return rc

    yield show
    for rc in opened:
        rc.close()
