"""A browser without a screen: it opens a page over a websocket, keeps what the server shows, and sends what people do.

It speaks what the page's own script speaks: Jupyter's messages, with the state of each widget. What it leaves out is
the drawing; what it measures is the server's part of an answer and the way there and back.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable
from time import perf_counter
from typing import Any
from uuid import uuid4

__all__ = ["Client", "ClientError"]

PATIENCE = 60.0


class ClientError(RuntimeError):
    """An answer that did not come, or came as an error."""


class Client:
    """One browser.

    Parameters
    ----------
    server : str
        Host and port.

    Attributes
    ----------
    widgets : dict of str to dict
        State of every widget of the page.
    received : int
        Bytes that came.
    """

    def __init__(self, server: str) -> None:
        self.server = server
        self.widgets: dict[str, dict[str, Any]] = {}
        self.received = 0
        self._socket: Any = None
        self._page = uuid4().hex
        self._control = uuid4().hex
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._ended: str | None = None
        self._finished = False

    async def open(self, path: str) -> float:
        """Open a page, such as ``/seminar``; give the seconds until its content was there."""
        from websockets.asyncio.client import connect

        began = perf_counter()
        address = f"ws://{self.server}/jupyter/api/kernels/{uuid4()}/channels?session_id={self._page}"
        cookie = {"Cookie": f"solara-session-id={uuid4()}"}
        self._socket = await connect(address, additional_headers=cookie, max_size=2**25, open_timeout=PATIENCE)
        self._reader = asyncio.create_task(self._read())
        await self._send("comm_open", {"comm_id": self._control, "target_name": "solara.control", "data": {}})
        themes: dict[str, Any] = {"light": {}, "dark": {}}
        run = {"method": "run", "args": {"path": path, "appName": None, "dark": False, "themes": themes}}
        await self._send("comm_msg", {"comm_id": self._control, "data": run})
        await self.until(lambda: self._finished)
        return perf_counter() - began

    async def close(self) -> None:
        """Leave, as if the network were gone."""
        if self._reader is not None:
            self._reader.cancel()
        if self._socket is not None:
            await self._socket.close()

    # -- what is shown -------------------------------------------------------------------------------------------------

    def html(self) -> str:
        """Give all text that is shown as HTML."""
        return "\n".join(str(w["html"]) for w in self.widgets.values() if w.get("html"))

    def named(self, label: str, key: str = "label") -> str | None:
        """Find a widget by its label."""
        return next((i for i, w in self.widgets.items() if w.get(key) == label), None)

    async def until(self, true: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until something is so.

        Raises
        ------
        ClientError
            If it does not become so in time, or the server has closed the connection.
        """
        end = perf_counter() + seconds
        while not true():
            if self._ended is not None:
                raise ClientError(f"the connection ended: {self._ended}")
            self._news.clear()
            left = end - perf_counter()
            if left <= 0.0:
                raise ClientError(f"no answer within {seconds:.0f} s")
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                continue

    # -- what is done --------------------------------------------------------------------------------------------------

    async def event(self, label: str, event: str, data: Any, key: str = "label") -> None:
        """Do something with the widget of a label.

        Raises
        ------
        ClientError
            If it is not there.
        """
        widget = self.named(label, key)
        if widget is None:
            raise ClientError(f"{label!r} is not on the page")
        content = {"event": event, "data": data}
        await self._send("comm_msg", {"comm_id": widget, "data": {"method": "custom", "content": content}})

    async def form(self, label: str, **values: Any) -> None:
        """Send a form with some values changed."""
        widget = self.named(label)
        fields = self.widgets[widget]["fields"] if widget is not None else []
        await self.event(label, "event_change", {f["key"]: f["value"] for f in fields} | values)

    # -- messages ------------------------------------------------------------------------------------------------------

    async def _send(self, kind: str, content: dict[str, Any]) -> None:
        header = {
            "msg_id": uuid4().hex,
            "msg_type": kind,
            "username": "",
            "session": self._page,
            "date": "",
            "version": "5.3",
        }
        message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
        await self._socket.send(json.dumps({**message, "buffers": []}))

    async def _read(self) -> None:
        try:
            async for raw in self._socket:
                self.received += len(raw)
                self._take(json.loads(raw if isinstance(raw, str) else _first_part(raw)))
                self._news.set()
            self._ended = "closed"
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._ended = f"{type(error).__name__}: {error}"
        self._news.set()

    def _take(self, message: dict[str, Any]) -> None:
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "comm_open":
            self.widgets[content["comm_id"]] = dict(content["data"].get("state", {}))
        elif kind == "comm_close":
            self.widgets.pop(content["comm_id"], None)
        elif kind == "comm_msg" and content["comm_id"] == self._control:
            self._finished = self._finished or content["data"].get("method") == "finished"
        elif kind == "comm_msg" and content["data"].get("method") == "update":
            self.widgets.setdefault(content["comm_id"], {}).update(content["data"].get("state", {}))


def _first_part(raw: bytes) -> bytes:
    """Give the text of a message that comes with binary parts."""
    count = struct.unpack("!I", raw[:4])[0]
    offsets = struct.unpack(f"!{count}I", raw[4 : 4 * (count + 1)])
    return raw[offsets[0] : offsets[1] if count > 1 else None]
