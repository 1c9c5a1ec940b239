"""Everything that comes to the server passes here first: what is asked, by whom, in whose name, and how often."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from r2psim.app.allowed_hosts import Headers, Site
from r2psim.app.connections import Kernels, Sockets
from r2psim.app.entries import PAGES
from r2psim.app.responses import closed_cookies, guarded, plain_page
from r2psim.app.settings import MOST_FIELDS, Limits
from r2psim.files import Bounds, decoded, parse_json
from r2psim.scenario.errors import nearest

__all__ = ["Gate"]

log = logging.getLogger(__name__)

READS = ("GET", "HEAD")

MOST_PARTS = 16
"""Parts of a message of bytes: the message itself, and what it carries."""

SOCKET = re.compile(r"/jupyter/api/kernels/([0-9a-fA-F-]{36})/channels")
CLOSE = re.compile(r"/_solara/api/close/[0-9a-fA-F-]{36}")
PAGE_ID = re.compile(rb"session_id=[0-9A-Za-z-]{1,64}")

WORDS = {
    400: "The address is not allowed.",
    403: "This is not allowed.",
    404: "There is no such page.",
    405: "This server shows pages; it takes nothing in this way.",
    503: "The server is at its limit; try again in a while.",
}


class Gate:
    """ASGI middleware around all of the application.

    Parameters
    ----------
    app : callable
        ASGI application.
    site : Site
        What the server is called.
    limits : Limits
        Bounds on what is asked, and on open pages.
    """

    def __init__(self, app: Any, site: Site, limits: Limits) -> None:
        self.app = app
        self.site = site
        self.limits = limits
        self.sockets = Sockets(limits)
        self.kernels = Kernels(limits)
        self._message = Bounds(limits.message_bytes, limits.message_depth, limits.message_values, "a message")
        self._silent: dict[_Silent, None] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers: Headers = scope["headers"]
        client = self.site.client((scope.get("client") or ("", 0))[0], headers)
        path = self.site.within(scope["path"])
        wrong = self._wrong(scope, path)
        inner = {
            **scope,
            "path": path,
            "raw_path": self.site.within(scope.get("raw_path", b"").decode("latin-1")).encode("latin-1"),
            "root_path": "",
            "headers": self.site.believed(headers, client),
        }
        if self.site.secure:
            inner["scheme"] = "https" if scope["type"] == "http" else "wss"
        if scope["type"] == "websocket":
            await self._socket(inner, receive, send, client, wrong)
        elif wrong is not None:
            await self._refuse(send, *wrong, head=scope["method"] == "HEAD")
        else:
            await self._page(inner, receive, send)

    # -- what is asked -------------------------------------------------------------------------------------------------

    def _wrong(self, scope: Any, path: str) -> tuple[int, str] | None:
        """Say what is wrong with a request, by status and words."""
        return _unreadable(scope, self.limits) or self._foreign(scope) or _unknown(scope, path)

    def _foreign(self, scope: Any) -> tuple[int, str] | None:
        """Refuse what asks for somebody else, or in somebody else's name."""
        hosts, origins = (
            [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
            for wanted in (b"host", b"origin")
        )
        if len(hosts) != 1 or not self.site.called(hosts[0]):
            return 421, (
                "This server does not go by this name. Open it by its address in numbers, or start it with --url and "
                "the address that browsers use."
            )
        asks = scope["type"] == "websocket" or scope["method"] not in READS
        if asks and any(not self.site.own(origin, hosts[0]) for origin in origins):
            return 403, "A page of another site asked for this."
        return None

    # -- pages and files -----------------------------------------------------------------------------------------------

    async def _page(self, scope: Any, receive: Any, send: Any) -> None:
        begun = swallowing = False

        async def answer(message: Any) -> None:
            nonlocal begun, swallowing
            if message["type"] == "http.response.start":
                begun = True
                status = message["status"]
                if status >= 400:
                    swallowing = True
                    why = WORDS.get(status, WORDS[404] if status < 500 else "Something went wrong on the server.")
                    why += _meant(scope["path"]) if status == 404 else ""
                    await self._refuse(send, status, why, head=scope["method"] == "HEAD")
                    return
                headers = guarded(closed_cookies(message["headers"], self.site.secure))
                await send({**message, "headers": headers})
            elif not swallowing:
                await send(message)

        try:
            await self.app(scope, receive, answer)
        except Exception:
            log.exception("a request failed")
            if not begun:
                await self._refuse(send, 500, "Something went wrong on the server.", head=scope["method"] == "HEAD")

    async def _refuse(self, send: Any, status: int, why: str, head: bool) -> None:
        others = {f"{self.site.prefix}/{e.path}": e.label for e in PAGES if e.path != "/"} if status == 404 else {}
        headers, body = plain_page(status, why, f"{self.site.prefix}/", others)
        await send({"type": "http.response.start", "status": status, "headers": guarded(headers)})
        await send({"type": "http.response.body", "body": b"" if head else body})

    # -- pages that are open -------------------------------------------------------------------------------------------

    async def _socket(self, scope: Any, receive: Any, send: Any, client: str, wrong: tuple[int, str] | None) -> None:
        if wrong is not None or not self._enter(client):
            await receive()
            # Before it was accepted: the browser is answered with status 403.
            await send({"type": "websocket.close", "code": 1008 if wrong is not None else 1013})
            return
        silent = _Silent(client)
        try:
            kernel = SOCKET.fullmatch(scope["path"])
            assert kernel is not None
            self.kernels.note(client, kernel[1])
            await self.app(scope, self._impatient(receive, send, silent), send)
        except Exception:
            log.exception("a page failed")
        finally:
            self._silent.pop(silent, None)
            if not silent.replaced.is_set():
                self.sockets.leave(client)

    def _enter(self, client: str) -> bool:
        """Take a place for a page, if need be that of a connection that has said nothing yet, the oldest first."""
        if self.sockets.enter(client):
            return True
        for silent in list(self._silent):
            if self.sockets.would(client, instead_of=silent.client):
                del self._silent[silent]
                silent.replaced.set()
                self.sockets.leave(silent.client)
                return self.sockets.enter(client)
        return False

    def _impatient(self, receive: Any, send: Any, silent: _Silent) -> Any:
        """Wait for the first message of a page only so long; later a page may be silent, while it is still there."""

        async def next_message() -> Any:
            if silent.spoken:
                return await self._sensible(await receive(), send)
            message = asyncio.ensure_future(receive())
            replaced = asyncio.ensure_future(silent.replaced.wait())
            try:
                ends = {message, replaced}
                await asyncio.wait(ends, timeout=self.limits.first_message, return_when=asyncio.FIRST_COMPLETED)
                if message.done() and not silent.replaced.is_set():
                    told = message.result()
                    if told["type"] == "websocket.connect":
                        self._silent[silent] = None
                    else:
                        silent.spoken = True
                        self._silent.pop(silent, None)
                    return await self._sensible(told, send)
            finally:
                message.cancel()
                replaced.cancel()
            await send({"type": "websocket.close", "code": 1008})
            return {"type": "websocket.disconnect", "code": 1008}

        return next_message

    async def _sensible(self, told: Any, send: Any) -> Any:
        """Hand on what the framework can read without harm; end the page of whoever sends anything else."""
        if told["type"] == "websocket.receive":
            try:
                _read_message(told, self._message)
            except ValueError as error:
                log.warning("a browser sent what is no message; its page was closed: %.200s", error)
                await send({"type": "websocket.close", "code": 1008})
                return {"type": "websocket.disconnect", "code": 1008}
        return told


def _read_message(told: Any, bounds: Bounds) -> None:
    """See that a message of a browser is one.

    The framework takes the number of parts of a message from its first four bytes, and memory for as many.

    Raises
    ------
    ValueError
        If it is none; the message says why.
    """
    text, raw = told.get("text"), told.get("bytes")
    if text is None:
        count = int.from_bytes((raw or b"")[:4], "big")
        if not 1 <= count <= MOST_PARTS or len(raw) < 4 * (count + 1):
            raise ValueError(f"{count} parts in {len(raw or b'')} bytes")
        starts = [int.from_bytes(raw[at : at + 4], "big") for at in range(4, 4 * (count + 1), 4)]
        text = decoded(raw[starts[0] : starts[1] if count > 1 else None], "a message")
    found = parse_json(text, "a message", bounds)
    header = found.get("header") if isinstance(found, dict) else None
    if not isinstance(header, dict) or not isinstance(header.get("msg_type"), str):
        raise ValueError("a message without a type")


def _meant(path: str) -> str:
    """Say which page may have been meant by a path that leads to none; nothing where none is near.

    Examples
    --------
    >>> _meant("/compere"), _meant("/static/x.js")
    (' Did you mean compare?', '')
    """
    near = nearest(path.strip("/"), [entry.path for entry in PAGES])
    return f" Did you mean {near}?" if near else ""


class _Silent:
    """A connection, until it has spoken; ``replaced`` is set when its place is given to another one before."""

    def __init__(self, client: str) -> None:
        self.client = client
        self.spoken = False
        self.replaced = asyncio.Event()


def _unreadable(scope: Any, limits: Limits) -> tuple[int, str] | None:
    """Refuse a request that is too long, or no text."""
    raw, query = scope.get("raw_path", b""), scope.get("query_string", b"")
    if len(raw) + len(query) > limits.address_bytes:
        return 414, f"The address is too long: at most {limits.address_bytes} characters."
    if sum(len(name) + len(value) for name, value in scope["headers"]) > limits.header_bytes:
        return 431, "The request has more headers than any browser sends."
    if not _readable(raw) or not _readable(query):
        return 400, "The address holds characters that are no text."
    if query.count(b"&") >= MOST_FIELDS:
        return 400, f"The address holds too many values: at most {MOST_FIELDS}."
    return None


def _unknown(scope: Any, path: str) -> tuple[int, str] | None:
    """Refuse what no page of this server asks for."""
    pages = [part for part in scope.get("query_string", b"").split(b"&") if PAGE_ID.fullmatch(part)]
    if scope["type"] == "websocket":
        return None if SOCKET.fullmatch(path) and len(pages) == 1 else (404, WORDS[404])
    closes = CLOSE.fullmatch(path) is not None
    if scope["method"] not in READS and not (scope["method"] == "POST" and closes):
        return 405, WORDS[405]
    # What the framework tells and offers to its operators is none of its visitors' business.
    if path.startswith("/resourcez") or (path.startswith("/_solara/api") and not (closes and len(pages) == 1)):
        return 404, WORDS[404]
    return None


def _readable(text: bytes) -> bool:
    """Say whether what stands in an address is text: UTF-8, without control characters."""
    try:
        whole = unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any(ord(c) < 32 or ord(c) == 127 for c in whole)
