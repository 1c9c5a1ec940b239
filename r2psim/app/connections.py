"""How many connections one client and all clients together may hold, and how long one may say nothing."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, OrderedDict
from ipaddress import ip_address
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from r2psim.app.settings import LIMITS, Limits

__all__ = ["Kernels", "PatientProtocol", "Sockets", "here"]


def here(client: str) -> bool:
    """Say whether a client is this machine itself."""
    try:
        return ip_address(client).is_loopback
    except ValueError:
        return False


class Sockets:
    """The open pages of all clients.

    A client gets a share, so that it takes two of them and more to fill the server; and a few places are kept for the
    machine that it runs on, where the facilitator often sits.

    Parameters
    ----------
    limits : Limits
        ``sockets``, ``sockets_here`` and ``sockets_of_one`` count.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._held: Counter[str] = Counter()

    def would(self, client: str, instead_of: str | None = None) -> bool:
        """Say whether there is a place for one more page of a client, perhaps in place of another client's."""
        limits, held = self.limits, self._held.copy()
        if instead_of is not None:
            held[instead_of] -= 1
        others = sum(count for name, count in held.items() if not here(name))
        full = held.total() >= limits.sockets or (not here(client) and others >= limits.sockets - limits.sockets_here)
        return not full and held[client] < limits.sockets_of_one

    def enter(self, client: str) -> bool:
        """Take one more page of a client, or say that it is too many."""
        if not self.would(client):
            return False
        self._held[client] += 1
        return True

    def leave(self, client: str) -> None:
        """Give the place back."""
        self._held[client] -= 1
        if self._held[client] <= 0:
            del self._held[client]


class Kernels:
    """The state of pages, which outlives their connection so that a phone that slept finds its page again.

    Of each client, and of all together, the latest are kept; of those before, the ones that nobody is connected to are
    let go.

    Parameters
    ----------
    limits : Limits
        ``kernels`` and ``kernels_of_one`` count.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._of: OrderedDict[str, str] = OrderedDict()  # client by kernel, the latest last

    def note(self, client: str, kernel: str) -> list[threading.Thread]:
        """Note that a client connects to a page's state; give what lets go of others, begun already."""
        from solara.server import kernel_context

        there = kernel_context.contexts
        self._of[kernel] = client
        self._of.move_to_end(kernel)
        for gone in [name for name in self._of if name != kernel and name not in there]:
            del self._of[gone]
        mine = sum(owner == client for owner in self._of.values())
        ends = []
        for old, owner in list(self._of.items())[:-1]:
            too_many = len(self._of) > self.limits.kernels or (owner == client and mine > self.limits.kernels_of_one)
            context = there.get(old)
            if not too_many or context is None:
                continue
            if kernel_context.PageStatus.CONNECTED not in context.page_status.values():
                del self._of[old]
                mine -= owner == client
                # Closing may wait for a page that is at work.
                end = threading.Thread(target=context.close, kwargs={"reason": "cull"}, daemon=True)
                end.start()
                ends.append(end)
        return ends


class PatientProtocol(H11Protocol):
    """Requests of a connection, each of which must be complete within some seconds.

    Uvicorn itself waits without end for the rest of a request; so a few hundred that are never finished take all the
    connections that the system gives to one process.
    """

    seconds = LIMITS.request_seconds
    """Time for a request to be complete."""

    most = LIMITS.connections_of_one
    """Connections of one client at a time."""

    held: ClassVar[Counter[str]] = Counter()
    """Connections by client, of this process."""

    _timer: asyncio.TimerHandle | None = None
    _counted: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, or end it at once."""
        super().connection_made(transport)
        client = self.client[0] if self.client else ""
        if self.held[client] >= self.most and not here(client):
            transport.abort()
            return
        self.held[client] += 1
        self._counted = client
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request, and mind the time until it is complete."""
        super().data_received(data)
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering or self.timeout_keep_alive_task is not None:
            self._stop()
        elif self._counted is not None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count no more."""
        self._forget()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Hand over to the protocol of websockets, which are counted for themselves."""
        self._forget()
        super().handle_websocket_upgrade(event)

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.seconds, self._give_up)

    def _give_up(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.abort()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _forget(self) -> None:
        self._stop()
        if self._counted is not None:
            self.held[self._counted] -= 1
            if self.held[self._counted] <= 0:
                del self.held[self._counted]
            self._counted = None
