"""What goes with every answer: what a browser may do with it, and plain pages where something is wrong."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any

from r2psim.app.allowed_hosts import Headers
from r2psim.markup import escape

__all__ = ["PagePolicy", "closed_cookies", "guarded", "plain_page"]

NO_MORE = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Policy of everything that is no page: a file that is opened for itself runs nothing."""

PLAIN = (
    ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:12vh auto;max-width:34rem;"
    "padding:0 1rem;background:#ffffff;color:#1f2328}a{color:#1f5a8a}li{margin:.5rem 0}"
    "@media(prefers-color-scheme:dark){body{background:#14171a;color:#e8eaed}a{color:#7fb8e6}}"
)
"""Style of plain pages; it and no other style is taken."""
PLAIN_DIGEST = base64.b64encode(hashlib.sha256(PLAIN.encode()).digest())

ALWAYS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class _Scripts(HTMLParser):
    """Collects the scripts that stand in a page itself."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._inside: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and "src" not in dict(attrs):
            self._inside = []

    def handle_data(self, data: str) -> None:
        if self._inside is not None:
            self._inside.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._inside is not None:
            self.found.append("".join(self._inside))
            self._inside = None


@lru_cache(maxsize=16)
def page_policy(page: bytes) -> str:
    """Write the policy of a page: its own scripts run, by their digests, and none that is put into it later.

    Examples
    --------
    >>> page_policy(b"<script>1</script><script src='a.js'></script>").split("; ")[1]
    "script-src 'self' 'unsafe-eval' 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"
    """
    reader = _Scripts()
    reader.feed(page.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n"))
    reader.close()
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in reader.found)
    own = " ".join(f"'sha256-{digest}'" for digest in dict.fromkeys(digests))
    return "; ".join(
        (
            "default-src 'none'",
            # The front end compiles the templates of components in the browser, which needs unsafe-eval.
            f"script-src 'self' 'unsafe-eval' {own}".strip(),
            # Components bring their styles with them, and drawings set widths.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    )


class PagePolicy:
    """Middleware that gives every page of an application its content-security policy.

    Parameters
    ----------
    app : callable
        ASGI application; its pages must not be compressed yet.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer as the application does, pages with their policy."""
        start: Any = None
        parts: list[bytes] = []

        async def send_page(message: Any) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_page(message["headers"]):
                start = message
            elif start is not None and message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    body = b"".join(parts)
                    policy = page_policy(body).encode("ascii")
                    headers = [*start["headers"], (b"content-security-policy", policy), (b"cache-control", b"no-store")]
                    await send({**start, "headers": headers})
                    await send({"type": "http.response.body", "body": body})
            else:
                await send(message)

        await self.app(scope, receive, send_page if scope["type"] == "http" else send)


def _is_page(headers: Headers) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in headers)


def guarded(headers: Headers) -> Headers:
    """Give the headers of an answer with what a browser must know of it."""
    given = {name.lower() for name, _ in headers}
    policy = [] if b"content-security-policy" in given else [(b"content-security-policy", NO_MORE)]
    return [*headers, *(pair for pair in ALWAYS if pair[0] not in given), *policy]


def closed_cookies(headers: Headers, secure: bool) -> Headers:
    """Give headers with cookies that no script reads and no other site's request brings.

    Examples
    --------
    >>> closed_cookies([(b"set-cookie", b"a=1; Path=/; SameSite=none; Secure")], secure=False)
    [(b'set-cookie', b'a=1; Path=/; HttpOnly; SameSite=Lax')]
    """
    return [(n, _closed(v, secure)) if n.lower() == b"set-cookie" else (n, v) for n, v in headers]


def _closed(cookie: bytes, secure: bool) -> bytes:
    kept = [
        part.strip()
        for part in cookie.split(b";")
        if part.strip().partition(b"=")[0].lower() not in (b"samesite", b"secure", b"httponly")
    ]
    return b"; ".join([*kept, b"HttpOnly", b"SameSite=Lax", *([b"Secure"] if secure else [])])


def plain_page(status: int, why: str, home: str, ways: Mapping[str, str] | None = None) -> tuple[Headers, bytes]:
    """Write a page that says what is wrong, and nothing of the machine.

    Parameters
    ----------
    status : int
        Status of the answer.
    why : str
        What is wrong, and what is allowed.
    home : str
        Path of the first page.
    ways : mapping of str to str, optional
        Other pages that are offered: path -> what it is called.
    """
    name = HTTPStatus(status).phrase
    more = "".join(f'<li><a href="{escape(path)}">{escape(words)}</a></li>' for path, words in (ways or {}).items())
    body = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>r2psim: {name}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{PLAIN}</style></head><body><main><h1>{status} {name}</h1>"
        f'<p>{escape(why)}</p><ul><li><a href="{escape(home)}">The first page</a></li>{more}</ul></main></body></html>'
    ).encode()
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", NO_MORE + b"; style-src 'sha256-" + PLAIN_DIGEST + b"'"),
    ]
    return headers, body
