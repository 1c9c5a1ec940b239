"""What this server is called: the names, origins and clients that it believes, whatever a request says of itself."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["CLIENT", "Headers", "Site", "SiteError", "addresses", "site_of"]

Headers = list[tuple[bytes, bytes]]
"""Names and values of the headers of a request or an answer, as ASGI has them."""

CLIENT = b"x-r2psim-client"
"""Header in which the server itself tells its pages who asks; one that a request brings is dropped."""

_ABOUT_THE_WAY = {b"forwarded", b"script-name", b"x-script-name", b"x-real-ip", b"x-original-url", b"x-rewrite-url"}
"""What a request tells about the way that it took; so do all that begin with ``x-forwarded-``."""

_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")


class SiteError(ValueError):
    """An address under which no server can be; the message says what is allowed."""


@dataclass(frozen=True, slots=True)
class Site:
    """The names under which browsers reach the server.

    Attributes
    ----------
    names : frozenset of str
        Host names, in small letters; every IP address and ``localhost`` are taken besides.
    origin : str
        Scheme, name and port of ``--url``, such as ``https://example.org``; empty without it.
    prefix : str
        Path of ``--url`` without a slash at its end, such as ``/r2psim``; empty at the root.
    base : str
        Address of the first page.
    """

    names: frozenset[str]
    origin: str
    prefix: str
    base: str

    @property
    def behind(self) -> bool:
        """Whether a proxy stands before the server."""
        return bool(self.origin)

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by https."""
        return self.origin.startswith("https:")

    def called(self, host: str) -> bool:
        """Say whether a ``Host`` means this server.

        A page of somebody else's name that is made to lead here (DNS rebinding) brings that name; an address cannot be
        made to lead anywhere else.
        """
        name = _without_port(host)
        if not _HOST.fullmatch(name):
            return False
        return name.strip("[]") in self.names or _address(name.strip("[]")) is not None

    def own(self, origin: str, host: str) -> bool:
        """Say whether an ``Origin`` is this server's own pages, given the ``Host`` of the same request."""
        if self.origin and origin.lower() == self.origin:
            return True
        scheme, _, rest = origin.lower().partition("://")
        return scheme in ("http", "https") and bool(rest) and rest == host.lower()

    def client(self, peer: str, headers: Headers) -> str:
        """Name who asks: the address that is connected, or the one that the proxy says it speaks for.

        Behind a proxy the last address of ``X-Forwarded-For`` is the proxy's own word; those before it are the
        client's. Of IPv6 the network of 64 bits counts, all of which one machine can use.
        """
        said = [value for name, value in headers if name == b"x-forwarded-for"] if self.behind else []
        last = said[-1].decode("latin-1").rpartition(",")[2].strip() if said else peer
        address = _address(last) or _address(peer)
        if address is None:
            return "unknown"
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped is not None:
                return str(address.ipv4_mapped)
            if not address.is_loopback:
                return str(ipaddress.ip_network((address, 64), strict=False))
        return str(address)

    def believed(self, headers: Headers, client: str) -> Headers:
        """Give the headers of a request without what it says of its way here, and with who asks."""
        kept = [
            (name, value)
            for name, value in headers
            if name not in _ABOUT_THE_WAY and not name.startswith(b"x-forwarded-") and name != CLIENT
        ]
        return [*kept, (CLIENT, client.encode("ascii"))]

    def within(self, path: str) -> str:
        """Give a path as the pages know it: without the prefix, where a proxy has left it."""
        if self.prefix and (path == self.prefix or path.startswith(self.prefix + "/")):
            return path[len(self.prefix) :] or "/"
        return path


def site_of(host: str, port: int, url: str = "") -> Site:
    """Make the names of a server.

    Parameters
    ----------
    host, port : str, int
        What it listens on.
    url : str
        Where browsers reach it if a proxy stands before it: scheme, name, maybe a port and a path.

    Raises
    ------
    SiteError
        If that is no such address.

    Examples
    --------
    >>> site = site_of("127.0.0.1", 8765, "https://Example.org/r2psim/")
    >>> site.origin, site.prefix, site.within("/r2psim/seminar"), site.called("example.org")
    ('https://example.org', '/r2psim', '/seminar', True)
    >>> site.called("elsewhere.org"), site.own("https://elsewhere.org", "127.0.0.1:8765")
    (False, False)
    """
    names = set(_machine())
    if _address(host) is None:
        names.add(host.lower())
    if not url:
        shown = f"[{host}]" if ":" in host else host
        return Site(frozenset(names), "", "", f"http://{shown}:{port}/")
    allowed = "http:// or https://, a name, maybe a port and a path of letters, digits and -._~"
    refused = SiteError(f"--url: {url[:100]!r} is not allowed: {allowed}; for example https://example.org/r2psim")
    try:
        parts = urlsplit(url)
        number = parts.port
    except ValueError:
        raise refused from None
    name = (parts.hostname or "").lower()
    path = parts.path.rstrip("/")
    plain = not (parts.query or parts.fragment or parts.username or parts.password or "@" in parts.netloc)
    shown = f"[{name}]" if ":" in name else name
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(shown) or not plain or not _PATH.fullmatch(path):
        raise refused
    names.add(name)
    usual = number is None or number == {"http": 80, "https": 443}[parts.scheme]
    origin = f"{parts.scheme}://{shown}" + ("" if usual else f":{number}")
    return Site(frozenset(names), origin, path, f"{origin}{path}/")


def addresses(host: str, port: int, url: str = "", asked: str = "") -> tuple[str, ...]:
    """Give the addresses at which others in the room reach the server, the likeliest first; none if nobody does.

    Parameters
    ----------
    host, port, url : str, int, str
        As in `site_of`.
    asked : str
        The ``Host`` of a request that reached it: what one browser has used others can use, unless it is this machine.

    Examples
    --------
    >>> addresses("127.0.0.1", 8765), addresses("10.0.0.7", 8765, asked="localhost:8765")
    ((), ('http://10.0.0.7:8765/',))
    >>> addresses("0.0.0.0", 8765, asked="class-room.local:8765")[0]
    'http://class-room.local:8765/'
    >>> addresses("127.0.0.1", 8765, "https://example.org/r2psim")
    ('https://example.org/r2psim/',)
    """
    if url:
        return (site_of(host, port, url).base,)
    listens = _address(host)
    if host.lower() == "localhost" or (listens is not None and listens.is_loopback):
        return ()
    found = []
    name = _without_port(asked).strip("[]")
    seen = _address(name)
    if asked and name != "localhost" and not (seen is not None and seen.is_loopback):
        found.append(asked)
    own = _own() if listens is not None and listens.is_unspecified else [host]
    found += [f"{f'[{one}]' if ':' in one else one}:{port}" for one in own]
    return tuple(dict.fromkeys(f"http://{one}/" for one in found))


def _own() -> list[str]:
    """Give the addresses of this machine in its networks, the one by which it would leave them first."""
    found = []
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        # Nothing is sent: the system only says from which address it would be, to one that is kept for examples.
        way.connect(("192.0.2.1", 9))
        found.append(str(way.getsockname()[0]))
    with contextlib.suppress(OSError):
        found += [str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    return [one for one in dict.fromkeys(found) if not ipaddress.ip_address(one).is_loopback]


def _machine() -> Iterable[str]:
    """Give the names that this machine has for itself and, by mDNS or a router, in its own network."""
    whole = socket.gethostname().lower().rstrip(".")
    short = whole.partition(".")[0]
    return ("localhost", whole, short, *(f"{short}.{domain}" for domain in ("local", "lan", "home", "fritz.box")))


def _without_port(host: str) -> str:
    host = host.strip().lower()
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() and (host.startswith("[") or ":" not in name) else host


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
