"""A client that talks to an ASGI application without a network."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

HOST = "127.0.0.1:8765"


def scope_of(kind: str, path: str, headers: dict[str, str] | None, client: str) -> dict[str, Any]:
    raw, _, query = path.partition("?")
    given = {"host": HOST} | {name.lower(): value for name, value in (headers or {}).items()}
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": unquote(raw),
        "raw_path": raw.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        "client": (client, 5000),
        "server": ("127.0.0.1", 8765),
    }


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: str
    cookies: list[str]


async def ask(
    app: Any, path: str, headers: dict[str, str] | None = None, method: str = "GET", client: str = "10.0.0.9"
) -> Answer:
    """Send one request."""
    sent: list[dict[str, Any]] = []
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.sleep(3600.0)
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app({**scope_of("http", path, headers, client), "method": method}, receive, send)
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in sent[0]["headers"]]
    body = b"".join(m.get("body", b"") for m in sent[1:]).decode("utf-8", "replace")
    return Answer(sent[0]["status"], dict(pairs), body, [value for name, value in pairs if name == "set-cookie"])


class Socket:
    """A page's connection; ``said`` is what the application sent, in order."""

    def __init__(self, app: Any, path: str, headers: dict[str, str] | None = None, client: str = "10.0.0.9") -> None:
        self.said: list[str] = []
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.say("websocket.connect")
        scope = scope_of("websocket", path, headers, client)
        self.task = asyncio.ensure_future(app(scope, self._in.get, self._take))

    def say(self, kind: str, **more: Any) -> None:
        self._in.put_nowait({"type": kind, **more})

    async def _take(self, message: dict[str, Any]) -> None:
        self.said.append(message["type"])

    async def opened(self) -> bool:
        """Wait a moment, and say whether the connection is open."""
        for _ in range(5):
            await asyncio.sleep(0)
        return self.said[-1:] == ["websocket.accept"]

    async def close(self) -> None:
        self.say("websocket.disconnect", code=1000)
        await self.task
