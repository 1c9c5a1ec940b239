"""Load on the pages: a room in one seminar and people on Compare at once, with real websocket clients.

Run it with ``python -m r2psim.bench.app_load``. It starts a server of its own on this machine, with a directory of its
own, and ends it again; everything is bounded in number and time. Clients and server share the processors.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from r2psim.bench.app_client import Client, ClientError

__all__ = ["Load", "main", "measure"]

SECOND = 1.0
ARRIVE = 30.0
"""Seconds in which all participants come."""

MOST_PEOPLE = 60
MOST_ROUNDS = 30


class Load:
    """What is measured: the seconds of every interaction by its kind, and what went wrong."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.failed: list[str] = []
        self.committed = 0

    async def time(
        self, kind: str, act: Callable[[], Awaitable[None]], true: Callable[[], bool], client: Client
    ) -> bool:
        """Do something and measure until its answer is shown; say whether it came."""
        began = perf_counter()
        try:
            await act()
            await client.until(true)
        except (ClientError, OSError) as error:
            self.failed.append(f"{kind}: {error}")
            return False
        self.seconds[kind].append(perf_counter() - began)
        return True

    def rows(self) -> list[dict[str, Any]]:
        """Give number, median, 95th percentile, largest and the share within a second, by kind and for all."""
        everything = [x for seconds in self.seconds.values() for x in seconds]
        return [_row(kind, found) for kind, found in [*self.seconds.items(), ("all", everything)] if found]


def _row(kind: str, found: list[float]) -> dict[str, Any]:
    found = sorted(found)
    return {
        "kind": kind,
        "number": len(found),
        "median": statistics.median(found),
        "p95": found[min(len(found) - 1, int(0.95 * len(found)))],
        "largest": found[-1],
        "within_a_second": sum(x <= SECOND for x in found) / len(found),
    }


# -- the server --------------------------------------------------------------------------------------------------------


@contextmanager
def server(directory: Path, processors: int | None) -> Iterator[tuple[str, int]]:
    """Serve the pages on a free port of this machine; give the address and the number of the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "r2psim", "app", "--port", str(port), "--data", str(directory)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
        try:
            if processors is not None and hasattr(os, "sched_setaffinity"):
                allowed = sorted(os.sched_getaffinity(0))[:processors]
                os.sched_setaffinity(running.pid, allowed)
                os.sched_setaffinity(0, allowed)
            _wait(port, running)
            yield f"127.0.0.1:{port}", running.pid
        finally:
            running.terminate()
            try:
                running.wait(20)
            except subprocess.TimeoutExpired:
                running.kill()


def _wait(port: int, running: subprocess.Popen, seconds: float = 300.0) -> None:
    from time import sleep

    end = perf_counter() + seconds
    while perf_counter() < end and running.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.2)
    raise ClientError("the server did not start")


def memory(pid: int) -> dict[str, float]:
    """Give the memory of a process, MiB: now and at its height; empty where the system does not tell."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return {}
    found = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+)", text))
    return {"now": int(found["VmRSS"]) / 1024.0, "height": int(found["VmHWM"]) / 1024.0}


# -- people ------------------------------------------------------------------------------------------------------------


async def _participant(load: Load, client: Client, role: str, rounds: int, think: float, chance: random.Random) -> None:
    """Decide in every round, after some time of thought."""
    for year in range(1, rounds + 1):
        try:
            await client.until(partial(_can_decide, client, role, year), 600.0)
        except ClientError as error:
            load.failed.append(f"waiting for year {year}: {error}")
            return
        await asyncio.sleep(think * chance.random())
        if await load.time(
            "commit", partial(_decide, client, role, chance), partial(_has_committed, client, year), client
        ):
            load.committed += 1


def _has_committed(client: Client, year: int) -> bool:
    """Say whether a commitment was answered: told, or overtaken by the year that the facilitator ran meanwhile."""
    told = (str(w.get("message", "")) for w in client.widgets.values())
    return any(f"Committed for year {year}:" in words for words in told) or not _reads(client, f"Year {year} of")


def _can_decide(client: Client, role: str, year: int) -> bool:
    """Say whether the page is there with all that the role needs to decide this year."""
    kind = role.partition("-")[0]
    form = {"government": "Consent to assistance", "body": "Plan for the year"}.get(kind, "Votes on mandates")
    return client.named(form) is not None and _reads(client, f"Year {year} of") and _reads(client, "Decide now")


async def _decide(client: Client, role: str, chance: random.Random) -> None:
    """Commit what the role decides."""
    if role.startswith("government-"):
        await client.form("Consent to assistance", consent=chance.choice(["yes", "no", ""]))
    elif role.startswith("body-"):
        widget = client.widgets[str(client.named("Plan for the year"))]
        offers = [(s["state"], o) for s in widget["rows"] for o in s["offers"]]
        picked = chance.sample(offers, min(len(offers), 6))
        share = widget["room"] / 6.0
        plan = [[state, o["form"], round(min(o["cost"], share) - 0.005, 2)] for state, o in picked if share > 1.0]
        await client.event("Plan for the year", "event_commit", {"plan": plan})
    else:
        fields = client.widgets[str(client.named("Votes on mandates"))]["fields"]
        states = [f["key"] for f in fields if f["kind"] == "select"]
        await client.form("Votes on mandates", **{s: chance.choice(["yes", "no", "abstain", ""]) for s in states})


def _reads(client: Client, words: str) -> bool:
    return words in _text(client)


def _shows(client: Client, words: str) -> bool:
    return words in client.html()


def _text(client: Client) -> str:
    """Give the words of the plain elements of a page."""
    return "\n".join(
        child for w in client.widgets.values() for child in (w.get("children") or ()) if isinstance(child, str)
    )


async def _facilitate(load: Load, chair: Client, people: list[Client], rounds: int, think: float) -> None:
    """Run year after year, and measure when it is seen by all."""
    begin = partial(chair.event, "Time", "event_press", {"key": "begin"})
    await load.time("begin, own page", begin, partial(_reads, chair, "Decide now"), chair)
    for year in range(1, rounds + 1):
        await asyncio.sleep(think + 1.0)
        _say(f"year {year}")
        seen = f"Year {min(year + 1, rounds)} of" if year < rounds else "The exercise is over"

        async def run_year(client: Client, act: Callable[[], Awaitable[None]], kind: str, seen: str = seen) -> None:
            await load.time(kind, act, lambda: seen in _text(client), client)

        await asyncio.gather(
            run_year(chair, lambda: chair.event("Time", "event_press", {"key": "advance"}), "run a year, own page"),
            *(run_year(person, _nothing, "run a year, seen by others") for person in people),
        )


async def _nothing() -> None:
    return


async def _on_compare(load: Load, client: Client, until: float, pause: float, chance: random.Random) -> None:
    """Move sliders until a time, and measure until the first figures of the new setting are shown."""
    while perf_counter() < until:
        await asyncio.sleep(pause * (0.5 + chance.random()))
        values = {"budget": chance.choice([0.5, 0.75, 1.25, 1.5, 2.0]), "effect": round(chance.uniform(0.1, 2.0), 1)}
        before = client.html()

        async def move(values: dict[str, float] = values, before: str = before) -> None:
            await client.form("Sliders", **values)
            await client.until(lambda: client.html() != before)

        await load.time("slider on Compare, first figures", move, partial(_answered, client), client)


def _answered(client: Client) -> bool:
    """Say whether what is shown is of the sliders as they stand."""
    return "r2p-stale" not in _classes(client) and "on their way" not in client.html()


def _classes(client: Client) -> str:
    return " ".join(str(w.get("class_", "")) for w in client.widgets.values())


# -- all of it ---------------------------------------------------------------------------------------------------------


async def _join(load: Load, address: str, code: str, name: str, role: str, wait: float = 0.0) -> Client:
    await asyncio.sleep(wait)
    client = Client(address)
    load.seconds["open a page"].append(await client.open("/seminar"))
    await load.time(
        "type the code",
        lambda: client.form("Code of the seminar", code=code),
        lambda: client.named("Who you are") is not None,
        client,
    )
    await load.time(
        "join",
        lambda: client.form("Who you are", name=name, role=role),
        lambda: f"You are {name}." in client.html(),
        client,
    )
    return client


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201


async def measure(
    load: Load, address: str, people: int, comparers: int, rounds: int, think: float, seed: int
) -> dict[str, Any]:
    """Hold a seminar while others compare; give what the server has at the end.

    Parameters
    ----------
    load : Load
        Gets what is measured.
    address : str
        Host and port of the server.
    people, comparers, rounds : int
        Participants, people on Compare, years.
    think : float
        Longest time of thought in a round, s.
    seed : int
        Of what people do.
    """
    chair = Client(address)
    await chair.open("/seminar")
    await chair.form("New seminar", title="Load", years=str(rounds), minutes="60", people="0")
    await chair.until(lambda: "r2p-code" in chair.html())
    code = re.findall(r"r2p-code\">([^<]+)<", chair.html())[0]
    first = Client(address)
    await first.open("/seminar")
    await first.form("Code of the seminar", code=code)
    await first.until(lambda: first.named("Who you are") is not None)
    fields = first.widgets[str(first.named("Who you are"))]["fields"]
    roles = [key for f in fields if f["key"] == "role" for key, _ in f["options"] if key]
    await first.close()
    chance = random.Random(seed)
    given = [roles[i % len(roles)] for i in range(people)]
    # People do not come through the door in one instant.
    joined = await asyncio.gather(
        *(_join(load, address, code, f"Person {i}", role, ARRIVE * chance.random()) for i, role in enumerate(given))
    )
    _say(f"{people} have joined")
    on_compare = [Client(address) for _ in range(comparers)]
    for client in on_compare:
        load.seconds["open a page"].append(await client.open("/compare"))
        # The first waits for the rules to be loaded and for the first runs; the others find them made.
        await client.until(partial(_shows, client, 'data-done="yes"'), 300.0)
    _say(f"{comparers} are on Compare; the exercise begins")
    until = perf_counter() + rounds * (think + 1.0)
    await asyncio.gather(
        _facilitate(load, chair, joined, rounds, think),
        *(
            _participant(load, client, role, rounds, think, random.Random(chance.random()))
            for client, role in zip(joined, given, strict=True)
        ),
        *(_on_compare(load, client, until, 4.0, random.Random(chance.random())) for client in on_compare),
    )
    await chair.event("Save the session as a file", "event_ask", 1, key="action")
    await chair.until(lambda: any(w.get("content") for w in chair.widgets.values()))
    content = next(w["content"] for w in chair.widgets.values() if w.get("content"))
    for client in (chair, *joined, *on_compare):
        await client.close()
    session: dict[str, Any] = json.loads(content)
    return session


def kept(session: dict[str, Any]) -> int:
    """Count the commitments in an exported session."""
    return sum(entry["kind"] == "committed" for entry in session["log"])


def replayed(session: dict[str, Any]) -> bool:
    """Say whether an exported session runs again exactly."""
    from r2psim.seminar.export import read_session, replay_line

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "session.json"
        file.write_text(json.dumps(session), encoding="utf-8")
        found = read_session(file)
        same = True
        for line in found.lines:
            model, digests = replay_line(found, line)
            model.close()
            same = same and digests == line.digests
    return same


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m r2psim.bench.app_load", description=__doc__)
    parser.add_argument("--people", type=int, default=30, help="participants of the seminar")
    parser.add_argument("--comparers", type=int, default=10, help="people on Compare")
    parser.add_argument("--rounds", type=int, default=8, help="years of the seminar")
    parser.add_argument("--think", type=float, default=12.0, help="longest time of thought in a round, seconds")
    parser.add_argument("--processors", type=int, default=2, help="processors for server and clients together")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds after which it ends, finished or not")
    parser.add_argument("--seed", type=int, default=1, help="of what people do")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    if not 1 <= given.people <= MOST_PEOPLE or not 0 <= given.comparers <= MOST_PEOPLE:
        parser.error(f"--people, --comparers: at most {MOST_PEOPLE} each")
    if not 1 <= given.rounds <= MOST_ROUNDS or not 0.0 <= given.think <= 120.0:
        parser.error(f"--rounds: 1 to {MOST_ROUNDS}; --think: 0 to 120")
    load = Load()
    session: dict[str, Any] | None = None
    with tempfile.TemporaryDirectory() as folder, server(Path(folder), given.processors) as (address, pid):
        start = memory(pid)
        work = measure(load, address, given.people, given.comparers, given.rounds, given.think, given.seed)
        try:
            session = asyncio.run(asyncio.wait_for(work, given.limit))
        except TimeoutError:
            load.failed.append(f"not finished after {given.limit:.0f} s")
        except ClientError as error:
            load.failed.append(str(error))
        end = memory(pid)
    report = {
        "people": given.people,
        "comparers": given.comparers,
        "rounds": given.rounds,
        "processors": given.processors,
        "load_average": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "interactions": load.rows(),
        "failed": load.failed[:20],
        "committed_and_acknowledged": load.committed,
        "committed_in_the_log": None if session is None else kept(session),
        "replayed_exactly": session is not None and replayed(session),
        "memory_mib": {"start": start, "end": end},
    }
    print(json.dumps(report, indent=2) if given.json else _told(report))  # noqa: T201


def _told(report: dict[str, Any]) -> str:
    lines = [
        f"{report['people']} participants, {report['comparers']} on Compare, {report['rounds']} years, "
        f"{report['processors']} processors for server and clients together",
        f"{'':34}{'number':>8}{'median':>9}{'95 %':>9}{'largest':>9}{'within 1 s':>12}",
    ]
    lines += [
        f"{r['kind']:34}{r['number']:8}{r['median']:8.2f}s{r['p95']:8.2f}s{r['largest']:8.2f}s"
        f"{100.0 * r['within_a_second']:11.1f}%"
        for r in report["interactions"]
    ]
    lines.append(f"unanswered: {len(report['failed'])}" + "".join(f"\n  {text}" for text in report["failed"]))
    lines.append(
        f"commitments acknowledged {report['committed_and_acknowledged']}, in the log "
        f"{report['committed_in_the_log']}; the session runs again exactly: "
        f"{'yes' if report['replayed_exactly'] else 'NO'}"
    )
    if report["memory_mib"]["end"]:
        start, end = report["memory_mib"]["start"], report["memory_mib"]["end"]
        lines.append(f"memory of the server: {start['now']:.0f} MiB at the start, {end['height']:.0f} at its height")
    load = report["load_average"]
    if load:
        lines.append(f"load average of the machine at the end: {load[0]:.1f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
