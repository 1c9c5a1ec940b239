"""What the server lets in: no request speaks for another visitor, takes the server from others, or learns of it."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
import uvicorn
from asgi_client import HOST, Answer, Socket, ask
from typer.testing import CliRunner

from r2psim.app import connections
from r2psim.app.allowed_hosts import SiteError, site_of
from r2psim.app.connections import Kernels, PatientProtocol
from r2psim.app.middleware import Gate
from r2psim.app.responses import page_policy
from r2psim.app.settings import Limits
from r2psim.cli import app as command_line

SOME_KERNEL = UUID(int=7, version=4)
"""In names of tests: the same for every worker that collects them."""

SMALL = Limits(sockets=8, sockets_of_one=3, sockets_here=2, first_message=60.0)

SAID = '{"header": {"msg_type": "comm_msg"}, "content": {}}'
"""A message of a page."""


class Stub:
    """An application that accepts every page and answers every request, and keeps how it was asked."""

    def __init__(self) -> None:
        self.scopes: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            if scope["path"] == "/broken":
                raise RuntimeError("/home/somebody/secret.py")
            status = 404 if scope["path"] == "/nothing" else 200
            cookie = (b"set-cookie", b"id=1; Path=/; SameSite=none; Secure")
            await send({"type": "http.response.start", "status": status, "headers": [cookie]})
            await send({"type": "http.response.body", "body": b"from within: /srv/secret.py"})
            return
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass


def gate(url: str = "", limits: Limits = SMALL) -> tuple[Gate, Stub]:
    stub = Stub()
    return Gate(stub, site_of("0.0.0.0", 8765, url), limits), stub


def get(path: str, headers: dict[str, str] | None = None, url: str = "", **more: Any) -> tuple[Answer, Stub]:
    made, stub = gate(url)
    return asyncio.run(ask(made, path, headers, **more)), stub


def page() -> str:
    return f"/jupyter/api/kernels/{uuid4()}/channels?session_id={uuid4().hex}"


# -- who asks, in whose name -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["X-Script-Name", "Script-Name", "X-Forwarded-Prefix", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded",
     "X-Forwarded-For", "X-Original-URL", "X-R2psim-Client"],
)  # fmt: skip
def test_what_a_request_says_of_its_way_reaches_no_page(name: str) -> None:
    answer, stub = get("/", {name: "evil"}, client="10.1.2.3")
    assert answer.status == 200
    (scope,) = stub.scopes
    assert (scope["root_path"], scope["scheme"]) == ("", "http")
    assert dict(scope["headers"]) == {b"host": HOST.encode(), b"x-r2psim-client": b"10.1.2.3"}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8765", 'x"><script>', ""])
def test_a_name_that_is_not_the_servers_is_answered_with_a_plain_page(host: str) -> None:
    answer, stub = get("/", {"Host": host})
    assert answer.status == 421 and not stub.scopes
    assert "<script" not in answer.body and "evil" not in answer.body


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "192.168.1.7:8765", "localhost:80", "[::1]:8765", "10.0.0.1"])
def test_addresses_and_the_names_of_this_machine_are_taken(host: str) -> None:
    assert get("/", {"Host": host})[0].status == 200
    assert get("/", {"Host": socket.gethostname()})[0].status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", f"ftp://{HOST}", ""])
def test_a_page_of_another_site_opens_no_connection(origin: str) -> None:
    async def tried() -> tuple[list[str], list[str]]:
        made, _ = gate()
        foreign, own = (Socket(made, page(), {"Origin": o}) for o in (origin, f"http://{HOST}"))
        assert not await foreign.opened() and await own.opened()
        await own.close()
        return foreign.said, own.said

    assert asyncio.run(tried()) == (["websocket.close"], ["websocket.accept"])


def test_a_page_of_another_site_closes_no_page() -> None:
    close = f"/_solara/api/close/{uuid4()}?session_id={uuid4().hex}"
    assert get(close, {"Origin": "http://evil.example"}, method="POST")[0].status == 403
    assert get(close, {"Origin": f"http://{HOST}"}, method="POST")[0].status == 200


@pytest.mark.parametrize(
    ("path", "within"), [("/r2psim/seminar", "/seminar"), ("/seminar", "/seminar"), ("/r2psim", "/"), ("/r2", "/r2")]
)
def test_behind_a_proxy_the_url_tells_name_path_and_scheme(path: str, within: str) -> None:
    told = {"Host": "example.org", "X-Forwarded-For": "1.1.1.1, 203.0.113.5", "X-Forwarded-Proto": "http"}
    answer, stub = get(path, told, url="https://example.org/r2psim/", client="172.17.0.1")
    (scope,) = stub.scopes
    assert (scope["path"], scope["raw_path"], scope["scheme"]) == (within, within.encode(), "https")
    # Only the last address is the proxy's own word.
    assert dict(scope["headers"])[b"x-r2psim-client"] == b"203.0.113.5"
    assert answer.cookies == ["id=1; Path=/; HttpOnly; SameSite=Lax; Secure"]
    assert get("/nothing", told, url="https://example.org/r2psim/")[0].body.count('href="/r2psim/"') == 1


@pytest.mark.parametrize(
    "url",
    ["example.org", "ftp://example.org", "https://", "https://user@example.org", "https://example.org/a?b=c",
     'https://example.org/"><script>', "https://example.org/a b", "https://example.org:99999", "https://example.org/../x",
     "https://exa mple.org", "https://[1"],
)  # fmt: skip
def test_an_url_that_is_none_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(SiteError, match="for example https://example"):
        site_of("127.0.0.1", 8765, url)
    done = CliRunner().invoke(command_line, ["app", "seminar", "--url", url])
    assert done.exit_code == 2 and done.stderr.startswith("app: --url: ") and done.stderr.count("\n") == 1


# -- how much ----------------------------------------------------------------------------------------------------------


def test_one_client_takes_its_share_of_pages_and_this_machine_always_finds_room() -> None:
    async def tried() -> None:
        made, _ = gate()

        async def pages(client: str, count: int) -> list[Socket]:
            opened = []
            for _ in range(count):
                one = Socket(made, page(), client=client)
                if await one.opened():
                    one.say("websocket.receive", text=SAID)
                    await one.opened()
                    opened.append(one)
            return opened

        one = await pages("10.0.0.1", 20)
        assert len(one) == 3
        assert len(await pages("10.0.0.2", 20)) == 3
        assert len(await pages("10.0.0.3", 20)) == 0, "six of eight are taken, and two are kept"
        assert len(await pages("127.0.0.1", 20)) == 2
        # What is given back can be taken by others.
        await one[0].close()
        await one[1].close()
        assert len(await pages("10.0.0.3", 20)) == 2
        # A whole network of IPv6 is one client.
        made.sockets._held.clear()
        assert len(await pages("2001:db8::1", 2)) + len(await pages("2001:db8::2", 2)) == 3

    asyncio.run(tried())


async def quiet(made: Gate) -> Socket:
    opened = Socket(made, page(), client="10.0.0.1")
    assert await opened.opened()
    return opened


def test_connections_that_say_nothing_give_way_to_those_that_come() -> None:
    async def tried() -> None:
        made, _ = gate(limits=Limits(sockets=4, sockets_of_one=4, sockets_here=0))
        silent = [await quiet(made) for _ in range(200)]
        assert made.sockets._held == {"10.0.0.1": 4}
        visitor = Socket(made, page(), client="10.0.0.2")
        assert await visitor.opened()
        visitor.say("websocket.receive", text=SAID)
        again = [await quiet(made) for _ in range(200)]
        assert visitor.said == ["websocket.accept"] and made.sockets._held.total() == 4
        ended = await asyncio.wait_for(asyncio.gather(*(one.task for one in (*silent, *again[:-3]))), 10.0)
        assert len(ended) == 397 and {tuple(one.said) for one in again[-3:]} == {("websocket.accept",)}
        for one in (visitor, *again[-3:]):
            await one.close()
        assert made.sockets._held.total() == 0

    asyncio.run(tried())


def test_a_connection_that_says_nothing_is_closed_and_one_that_has_spoken_is_kept() -> None:
    async def tried() -> None:
        made, _ = gate(limits=replace(SMALL, first_message=0.1))
        silent, speaking = Socket(made, page()), Socket(made, page())
        assert await silent.opened() and await speaking.opened()
        speaking.say("websocket.receive", text=SAID)
        await asyncio.wait_for(silent.task, 10.0)
        assert silent.said == ["websocket.accept", "websocket.close"]
        await asyncio.sleep(0.3)
        assert speaking.said == ["websocket.accept"] and not speaking.task.done()
        assert made.sockets._held.total() == 1
        await speaking.close()
        assert made.sockets._held.total() == 0

    asyncio.run(tried())


@pytest.mark.parametrize(
    "path",
    ["/jupyter/api/kernels/x/channels?session_id=a", f"/jupyter/api/kernels/{SOME_KERNEL}/channels",
     f"/jupyter/api/kernels/{SOME_KERNEL}/channels?session_id=",
     f"/jupyter/api/kernels/{SOME_KERNEL}/shell?session_id=a", "/"],
)  # fmt: skip
def test_only_a_page_opens_a_connection(path: str) -> None:
    async def tried() -> list[str]:
        made, stub = gate()
        opened = Socket(made, path)
        await opened.task
        assert not stub.scopes
        return opened.said

    assert asyncio.run(tried()) == ["websocket.close"]


def test_the_oldest_pages_of_a_client_that_nobody_looks_at_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    from solara.server import kernel_context

    status = kernel_context.PageStatus
    there: dict[str, Any] = {}
    monkeypatch.setattr(kernel_context, "contexts", there)

    def opened(name: str, connected: bool) -> None:
        state = status.CONNECTED if connected else status.DISCONNECTED
        there[name] = SimpleNamespace(page_status={"p": state}, close=lambda reason: there.pop(name))

    kernels = Kernels(Limits(kernels_of_one=2))
    for number in range(6):
        name = f"a{number}"
        for end in kernels.note("one", name):
            end.join()
        opened(name, connected=number == 0)
    kernels.note("other", "b0")
    # Two: the one that is looked at, and the latest.
    assert list(there) == ["a0", "a5"]


def test_the_pages_that_are_kept_of_all_clients_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from solara.server import kernel_context

    status = kernel_context.PageStatus
    there: dict[str, Any] = {}
    monkeypatch.setattr(kernel_context, "contexts", there)
    kernels = Kernels(Limits(kernels=4, kernels_of_one=2))
    for number in range(20):
        name = f"k{number}"
        for end in kernels.note(f"10.0.0.{number}", name):
            end.join()
        state = status.CONNECTED if number < 2 else status.DISCONNECTED
        there[name] = SimpleNamespace(page_status={"p": state}, close=lambda reason, name=name: there.pop(name))
    assert list(there) == ["k0", "k1", "k18", "k19"], "those that are looked at, and the latest"


def packed(*parts: bytes) -> bytes:
    """Write a message of bytes as a browser does: how many parts, where each begins, the parts."""
    at = 4 * (len(parts) + 1)
    starts = [at + sum(map(len, parts[:i])) for i in range(len(parts))]
    return b"".join(number.to_bytes(4, "big") for number in (len(parts), *starts)) + b"".join(parts)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"text": SAID}, True),
        ({"bytes": packed(SAID.encode(), b"\x00\xff")}, True),
        ({"bytes": packed(SAID.encode())}, True),
        ({"text": "no json"}, False),
        ({"text": "{}"}, False),
        ({"text": '{"header": {"msg_type": 1}}'}, False),
        ({"text": "[" * 100_000}, False),
        ({"text": SAID.replace("{}", "[" * 60 + "]" * 60)}, False),
        ({"text": SAID.replace("{}", "[" + "1," * 60_000 + "1]")}, False),
        ({"bytes": b""}, False),
        ({"bytes": b"\x7f\xff\xff\xff"}, False),
        ({"bytes": b"\xff" * 100}, False),
        ({"bytes": b"\x00\x00\x00\x00"}, False),
        ({"bytes": packed(b"\xff\xfe")}, False),
    ],
    ids=range(14),
)
@pytest.mark.parametrize("before", [0, 1], ids=["first", "later"])
def test_only_a_message_reaches_the_framework(given: dict[str, Any], taken: bool, before: int) -> None:
    """Four bytes would have it take memory for two thousand million parts."""

    async def tried() -> list[str]:
        made, stub = gate()
        opened = Socket(made, page())
        assert await opened.opened()
        for message in [{"text": SAID}] * before + [given]:
            opened.say("websocket.receive", **message)
        await asyncio.sleep(0.01)
        said = list(opened.said)
        if taken:
            await opened.close()
        assert stub.scopes
        return said

    assert asyncio.run(tried()) == (["websocket.accept"] if taken else ["websocket.accept", "websocket.close"])


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the address of a server whose requests must be complete within a moment."""
    monkeypatch.setattr(connections, "here", lambda client: False)
    monkeypatch.setattr(PatientProtocol, "seconds", 0.4)
    monkeypatch.setattr(PatientProtocol, "most", 4)
    monkeypatch.setattr(PatientProtocol, "held", Counter())
    config = uvicorn.Config(gate()[0], http=PatientProtocol, log_level="critical", lifespan="off", port=0)
    server = uvicorn.Server(config)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        yield bound.getsockname()
        server.should_exit = True
        thread.join()


def ended(connection: socket.socket, within: float) -> bool:
    """Say whether the other side has ended a connection, after it has sent whatever it sends."""
    connection.settimeout(within)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def test_requests_that_are_never_finished_do_not_keep_their_connections(listening: Any) -> None:
    whole = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    half = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-"
    with socket.create_connection(listening) as first, socket.create_connection(listening) as second:
        first.sendall(half)
        second.sendall(whole)
        assert second.recv(65536).startswith(b"HTTP/1.1 200")
        second.sendall(half)
        began = time.monotonic()
        assert ended(first, 10.0) and ended(second, 10.0)
        assert time.monotonic() - began < 4.0
    # One that is finished in time is answered.
    with socket.create_connection(listening) as slow:
        slow.sendall(whole[:20])
        time.sleep(0.1)
        slow.sendall(whole[20:])
        assert slow.recv(65536).startswith(b"HTTP/1.1 200")


def test_one_client_holds_a_bounded_number_of_connections(listening: Any) -> None:
    held = [socket.create_connection(listening) for _ in range(7)]
    try:
        time.sleep(0.2)
        assert sum(ended(c, 0.01) for c in held) == 3
    finally:
        for connection in held:
            connection.close()


# -- what comes back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/?" + "&".join(f"a{i}=1" for i in range(61)), 400),
        ("/?a=%ff", 400),
        ("/seminar?token=%00", 400),
        ("/%00", 400),
        ("/%ff", 400),
        ("/\xff", 400),
        ("/static/%0d%0aSet-Cookie:x", 400),
        ("/" + "a" * 9000, 414),
        ("/?a=" + "b" * 9000, 414),
        ("/nothing", 404),
        ("/broken", 500),
        ("/resourcez", 404),
        ("/resourcez?verbose", 404),
        ("/_solara/api/evict/x", 404),
        (f"/_solara/api/close/{SOME_KERNEL}", 404),
    ],
)
def test_whatever_is_wrong_is_a_plain_page_with_a_status(path: str, status: int) -> None:
    answer, _ = get(path)
    assert answer.status == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8" and f"<h1>{status} " in answer.body
    assert not re.search(r"Traceback|\.py|/home|/srv|evil", answer.body)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert get(path, method="HEAD")[0].body == ""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_pages_are_only_read(method: str) -> None:
    answer, stub = get("/", method=method)
    assert answer.status == 405 and not stub.scopes


def test_too_many_headers_are_refused() -> None:
    assert get("/", {f"x-{i}": "a" * 1000 for i in range(40)})[0].status == 431


def test_every_answer_says_what_a_browser_may_do_with_it() -> None:
    for path in ("/", "/nothing", "/?a=%ff"):
        told = get(path)[0].headers
        assert told["x-content-type-options"] == "nosniff"
        assert told["x-frame-options"] == "DENY" and "frame-ancestors 'none'" in told["content-security-policy"]
        assert told["referrer-policy"] == "no-referrer"
    assert get("/")[0].cookies == ["id=1; Path=/; HttpOnly; SameSite=Lax"]


def test_a_script_that_is_put_into_a_page_changes_its_policy_and_no_other() -> None:
    pages = (
        b"<script>1</script>",
        b"<script>1</script><p onclick='2'></p><script src='a.js'></script><script>2</script>",
    )
    before, after = (set(re.findall(r"'sha256-[^']+'", page_policy(page))) for page in pages)
    assert len(before) == 1 and len(after) == 2 and before < after


# -- the whole application ---------------------------------------------------------------------------------------------

WHOLE = """
import asyncio, json, sys
from pathlib import Path
from urllib.parse import urlsplit
import re, requests
from asgi_client import ask
from r2psim.app import settings
from r2psim.app.server import prepare
from solara.server import app, settings as framework

made = prepare(settings.Settings(url=sys.argv[1]))
app.apps["__default__"].init()
fetched = []
requests.get = lambda *a, **k: fetched.append(a)
cache = Path(sys.argv[2])
file = cache / "@who" / "what@1.0.0" / "dist" / "a.js"
file.parent.mkdir(parents=True)
file.write_text("1")
real, framework.assets.proxy_cache_dir = framework.assets.proxy_cache_dir, cache

async def main():
    evil = {"X-Script-Name": '//evil.example"><script>alert(1)</script>', "Script-Name": "//evil.example",
            "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil.example"}
    told = {"first": await ask(made, "/", evil), "next": await ask(made, "/seminar")}
    dist = "@who/what@1.0.0/dist"
    for path in (dist, "@who", "", f"{dist}/b.js", "..%2f..%2fx", f"{dist}/a.js"):
        told[path] = await ask(made, f"/_solara/cdn/{path}")
    framework.assets.proxy_cache_dir = real
    links = re.findall(r'(?:src|href)="(/[^"]+)"', told["next"].body)
    told["links"] = [(link, (await ask(made, link)).status) for link in links if not link.endswith("custom.css")]
    told["fetched"], told["there"] = len(fetched), file.is_file()
    print(json.dumps(told, default=lambda a: a.__dict__))

asyncio.run(main())
"""


@pytest.mark.parametrize("url", [pytest.param("", marks=pytest.mark.slow), "http://127.0.0.1/deep/down"])
def test_the_first_request_decides_nothing_for_the_next_visitor(url: str, tmp_path: Path) -> None:
    """In a process of its own: the framework keeps what the first request told it for as long as it lives."""
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", WHOLE, url, str(tmp_path / "cache")],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    prefix = "/deep/down" if url else ""
    for answer in (told["first"], told["next"]):
        assert answer["status"] == 200 and "evil.example" not in answer["body"]
        assert f'solara.rootPath = "{prefix}";' in answer["body"]
        assert all("HttpOnly; SameSite=Lax" in cookie for cookie in answer["cookies"])
        # Every script that stands in the page may run.
        inline = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", answer["body"])
        policy = answer["headers"]["content-security-policy"]
        assert 0 < policy.count("'sha256-") <= len(inline) and "'unsafe-inline'" not in policy.split("style-src")[0]
    # Nothing is fetched for a browser, and nothing that is installed is removed for one.
    *missing, there = list(told)[2:8]
    assert [told[path]["status"] for path in missing] == [404] * 5 and told[there]["status"] == 200
    assert (told["fetched"], told["there"]) == (0, True)
    assert told["links"] and all(link.startswith(prefix) and status == 200 for link, status in told["links"])


FAILS = """
import solara, ipywidgets
from r2psim.app.guard import close_doors
from r2psim.app.widgets import Form
close_doors()

@solara.component
def Broken():
    wrong, set_wrong = solara.use_state(False)
    if wrong:
        raise RuntimeError("secret")
    Form(label="x", fields=[], event_change=lambda data: set_wrong(data["wrong"]))

box, context = solara.render(Broken())
def texts(widget):
    yield str(getattr(widget, "value", ""))
    for child in getattr(widget, "children", ()):
        if isinstance(child, ipywidgets.Widget):
            yield from texts(child)
form = next(w for w in ipywidgets.Widget.widgets.values() if w.has_trait("fields"))
form._handle_custom_msg({"event": "event_change", "data": ["no", "mapping"]}, [])
before = " ".join(texts(box))
form._handle_custom_msg({"event": "event_change", "data": {"wrong": True}}, [])
print(before, "|", " ".join(texts(box)))
"""


def test_a_page_that_fails_shows_no_trace() -> None:
    """In a process of its own: closing the doors holds for all of it."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FAILS], capture_output=True, text=True, check=False)
    before, _, after = done.stdout.partition("|")
    assert "Something went wrong here" in after and "Something" not in before, done.stderr
    assert "Traceback" not in after and ".py" not in after and "secret" not in after
    assert "RuntimeError: secret" in done.stderr, "the server's log has it"
