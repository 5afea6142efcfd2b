"""How fast the API answers reads.  Prints JSON; run by `fancy-trader bench api`.

Three processes: `fancy-trader serve`; a flow that commits a few times a second, so that nothing that was read stays
true for long; and this one, which asks on an even schedule, whatever becomes of the answers (open loop): every delay
counts from the scheduled time to the last byte.  `list`: pages of 100 rows of 100 000 plans, from anywhere in the
list, a third of them narrowed by symbol, phase, style or direction; `list_as_of`: such pages as of instants; `as_of`:
one plan at instants between its 1 000 events.  No path comes twice in a part; the server keeps no answers.
`server_ms_each`: processor time of the server for a request, with all else that it does meanwhile.
`client_late_p99_ms`: how late this program itself came to a request; it is part of the request's delay.
"""

import argparse
import asyncio
import json
import multiprocessing
import random
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from msgspec.structs import replace

from api.cursors import cursor
from operators.events import PlanEvent
from operators.lifecycle import Record, register, step
from operators.plans import Direction, Gate, Plan, Style
from operators.records import GateEdge
from operators.rows import Batch, plan_row, state_row
from operators.state import PlanState
from sinks.database import open_database
from sinks.schema import ensure_schema
from sinks.writer import SinkWriter
from tests.api.happening import Flow
from tests.api.processes import serve_process
from tests.operators.builders import CAUSE, START_NS, make_plan, tick, ticks

SYMBOLS: Final = 500
BATCH: Final = 10_000
APART_NS: Final = 1_000
ENDS_NS: Final = START_NS + 390 * 60 * 10**9
CONNECTIONS: Final = 16
PAGE: Final = 100
LEAD_S: Final = 0.2
START_S: Final = 120.0
EVENTFUL: Final = "eventful"
COMMITS_PER_S: Final = 5
TOGETHER: Final = 40
"""Plans that one commit of the flow speaks of."""

Life = tuple[Plan, PlanState, list[PlanEvent]]


def lived(plan: Plan, records: Sequence[Record]) -> Life:
    """Take a plan through records."""
    state, happened = register(plan, START_NS)
    events = list(happened)
    for record in records:
        state, more = step(plan, state, record)
        events += more
    return plan, state, events


def lives() -> list[Life]:
    """Plans of every style and direction that wait, entered, hit a target, or were stopped."""
    plans = [make_plan(side, style=style, expires_at_ns=ENDS_NS) for style in Style for side in Direction]
    ways = ((), (100.0,), (100.0, 101.0), (100.0, 98.5))
    return [lived(plan, ticks(plan, way)) for plan in plans for way in ways]


def eventful(events: int) -> Life:
    """A plan that is at risk and recovers, and is gated and not, until it has so many events."""
    plan = make_plan(plan_id=EVENTFUL, symbol="EVENT")
    records: list[Record] = [tick(100.0)]
    for second in range(1, events // 2 + 1):
        action = (Gate.DEFINED_RISK, Gate.ALLOW)[second % 2]
        records += [tick((99.1, 99.6)[second % 2], second), GateEdge(START_NS + second * 10**9 + 1, action, (CAUSE,))]
    _, state, happened = lived(plan, records)
    at = happened[events - 1]
    return plan, replace(state, updated_ns=at.at_ns, last_seq=events), happened[:events]


def moved(life: Life, number: int) -> Life:
    """The same life of another plan, a little later."""
    plan, state, events = life
    name = {"plan_id": f"s{number % SYMBOLS:03d}-{number // SYMBOLS + 1}", "symbol": f"S{number % SYMBOLS:03d}"}
    later = number * APART_NS
    again = [replace(event, at_ns=event.at_ns + later, **name) for event in events]
    return replace(plan, **name), replace(state, updated_ns=state.updated_ns + later, **name), again


def filled(url: str, plans: int, events: int) -> int:
    """Fill a database; return the instant of the eventful plan's last event, ns UTC."""
    engine = open_database(url)
    ensure_schema(engine)
    writer, ways, rare = SinkWriter(engine, "tape"), lives(), eventful(events)
    for first in range(0, plans, BATCH):
        some = [moved(ways[number % len(ways)], number) for number in range(first, min(first + BATCH, plans))]
        some += [rare] if not first else []
        writer.write(
            Batch(
                plans=tuple(plan_row(plan, log[0].at_ns) for plan, _, log in some),
                events=tuple(event for _, _, log in some for event in log),
                states=tuple(state_row(plan, state) for plan, state, _ in some),
            )
        )
    engine.dispose()
    return rare[1].updated_ns


def keep_writing(url: str, began: Event) -> None:
    """Commit a few times a second until killed: plans that are new, and gates of those that are there."""
    flow, chance = Flow(url), random.Random(2)
    flow.at_ns = START_NS + 3_600 * 10**9
    while True:
        flow.happen(*{f"s{chance.randrange(SYMBOLS):03d}-x{chance.randrange(9)}" for _ in range(TOGETHER)})
        began.set()
        time.sleep(1 / COMMITS_PER_S)


@contextmanager
def flowing(url: str) -> Iterator[None]:
    """Have a flow write meanwhile; what it takes to start is not what is measured."""
    spawn = multiprocessing.get_context("spawn")
    began = spawn.Event()
    flow = spawn.Process(target=keep_writing, args=(url, began), daemon=True)
    flow.start()
    try:
        if not began.wait(START_S):
            msg = f"{url}: the flow has not committed within {START_S} s"
            raise RuntimeError(msg)
        yield
    finally:
        flow.kill()
        flow.join()


def pages(plans: int, count: int, *as_of: str) -> list[str]:
    """Paths of pages from anywhere in the list."""
    chance = random.Random(1)
    narrowed = ["symbol=S{symbol:03d}", "phase=open", "phase=waiting", "style=swing", "style=leap&direction=short"]
    paths: dict[str, None] = {}
    while len(paths) < count:
        symbol, number = chance.randrange(SYMBOLS), chance.randrange(max(1, plans // SYMBOLS // 2))
        words = [f"limit={PAGE}", f"cursor={cursor('plans', f's{symbol:03d}-{number + 1}')}"]
        if chance.random() < 1 / 3:
            words.append(chance.choice(narrowed).format(symbol=symbol))
        words += [f"as_of={START_NS + chance.randrange(10**9, 4 * 10**9)}" for _ in as_of]
        paths[f"/api/v1/plans?{'&'.join(words)}"] = None
    return list(paths)


class Line:
    """A connection, with no more of HTTP than there is need for: the client must not be what is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, path: str) -> bytes:
        """Ask; return the whole body.  Raises RuntimeError for any answer but 200."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].split("\r\n")[0])
        body = await self._reader.readexactly(length)
        if " 200 " not in head.split("\r\n")[0]:
            msg = f"{path}: {head} {body[:200]!r}"
            raise RuntimeError(msg)
        return body


async def delays(port: int, paths: Sequence[str], per_s: float) -> list[tuple[float, float]]:
    """Ask for each path, evenly; return of each how late this program was, and its answer, by the schedule, in s."""
    idle: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(Line(*await asyncio.open_connection("127.0.0.1", port)))
    told: list[tuple[float, float]] = []

    async def ask(due: float, path: str) -> None:
        late_s = time.monotonic() - due
        line = await idle.get()
        await line.ask(path)
        told.append((late_s, time.monotonic() - due))
        idle.put_nowait(line)

    began = time.monotonic() + LEAD_S
    async with asyncio.TaskGroup() as group:
        for number, path in enumerate(paths):
            due = began + number / per_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            group.create_task(ask(due, path))
    return told


def busy_s(url: str) -> float:
    """The processor time of the server so far, in s."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("process_cpu_seconds_total "))


def summary(told: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Percentiles in ms."""
    late_ms, answered_ms = np.array(told).T * 1e3
    shares = {f"p{share}_ms": round(float(np.percentile(answered_ms, share)), 2) for share in (50, 95, 99)}
    client = {"client_late_p99_ms": round(float(np.percentile(late_ms, 99)), 2)}
    return {"requests": len(told), **shares, "max_ms": round(float(answered_ms.max()), 2), **client}


def measured(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Run all parts once, each after a second of warming up."""
    url = f"sqlite:///{folder / 'plans.db'}"
    last_ns = filled(url, given.plans, given.events)
    count = round(given.rate * (given.seconds + 1))
    instants = [int(each) for each in np.linspace(START_NS + 1, last_ns - 1, count)]
    random.Random(3).shuffle(instants)
    parts = {
        "list": (given.rate, pages(given.plans, count)),
        "as_of": (given.rate, [f"/api/v1/plans/{EVENTFUL}?as_of={instant}" for instant in instants]),
        "list_as_of": (given.rate / 4, pages(given.plans, count // 4, "as_of")),
    }
    report: dict[str, Any] = {"plans": given.plans, "events_of_one_plan": given.events, "commits_per_s": COMMITS_PER_S}
    with serve_process(url) as server, flowing(url):
        for name, (per_s, paths) in parts.items():
            before_s = busy_s(server.url)
            told = asyncio.run(delays(server.port, paths, per_s))
            each_ms = (busy_s(server.url) - before_s) / len(paths) * 1e3
            report[name] = {"per_s": per_s, "server_ms_each": round(each_ms, 2), **summary(told[round(per_s) :])}
    return report


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench api", description=__doc__)
    parser.add_argument("--plans", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000, help="of the one plan that is read as of")
    parser.add_argument("--rate", type=float, default=200, help="requests a second; of lists as of, a quarter")
    parser.add_argument("--seconds", type=float, default=15)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="fancy-trader-bench-") as folder:
        print(json.dumps(measured(Path(folder), given), indent=1))


if __name__ == "__main__":
    main()
