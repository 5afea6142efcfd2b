"""Clients whose connections break at random moments, while the server and the flow are killed and started again.

Real processes, sockets and SIGKILLs: the clients are the project's own, a proxy breaks their connections, and in the
end each client's log is held against the database.  Run by `fancy-trader bench reconnects`; prints JSON; exits 1 when a
log differs.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api.client import Event, Reset, Snapshot, stream
from sinks.database import open_database
from sinks.reader import events_after
from tests.api.processes import WRITER, Process, ServeProcess, serve_process
from tests.api.serving import Flow

Log = list[tuple[int, str, int]]


@dataclass
class Proxy:
    """Passes connections on to the server and breaks each after a random time, in the middle of whatever comes."""

    port: int
    longest_s: float
    chance: random.Random
    broken: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        pair = [(reader, writer)]
        try:
            pair.append(await asyncio.open_connection("127.0.0.1", self.port))
            (near, near_out), (far, far_out) = pair
            async with asyncio.timeout(self.chance.uniform(0, self.longest_s)):
                await asyncio.wait(
                    [asyncio.create_task(_pump(near, far_out)), asyncio.create_task(_pump(far, near_out))],
                    return_when=asyncio.FIRST_COMPLETED,
                )
        except TimeoutError:
            self.broken += 1
        except OSError:
            pass  # the server is not there just now
        finally:
            for _, out in pair:
                out.transport.abort()
            self.tasks.discard(task)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(4_096):
            writer.write(data)
            await writer.drain()


@dataclass
class Listener:
    """What one client heard: the position of its snapshot, and every event since."""

    first: int | None = None
    log: Log = field(default_factory=list)
    reached: int = 0
    connections: int = 0
    resets: int = 0

    async def follow(self, url: str) -> None:
        """Hear everything, for ever."""
        async with stream(url) as messages:
            async for message in messages:
                self.connections = messages.connections
                match message:
                    case Snapshot():
                        self.first, self.reached = message.seq, message.seq
                    case Event():
                        self.log.append((message.seq, message.plan_id, message.plan_seq))
                        self.reached = message.seq
                    case Reset():
                        self.resets += 1
                    case _:
                        pass


async def soak(url: str, server: ServeProcess, flow: Process, plan: argparse.Namespace) -> dict[str, Any]:
    """Break and kill until there were enough of both; then let everybody hear the rest."""
    chance = random.Random(plan.seed)
    proxy = Proxy(server.port, plan.longest_s, chance)
    listening = await asyncio.start_server(proxy.take, "127.0.0.1", 0)
    here = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    people = [Listener() for _ in range(plan.clients)]
    tasks = [asyncio.create_task(each.follow(here)) for each in people]
    kills = {"server": 0, "flow": 0}
    while sum(each.connections - 1 for each in people) < plan.times or min(kills.values()) < plan.kills:
        await asyncio.sleep(chance.uniform(0, plan.between_s))
        name, process = ("flow", flow) if kills["flow"] <= kills["server"] else ("server", server)
        if kills[name] < plan.most_kills:
            await asyncio.to_thread(process.kill)
            kills[name] += 1
            process.start()
            await asyncio.to_thread(server.wait)  # on a busy machine a server would be killed before it serves at all
        _fail(tasks)
    reconnected = sum(each.connections - 1 for each in people)
    flow.kill()
    proxy.longest_s = 3_600
    log = _log_of(url)
    until = time.monotonic() + 120
    while min(each.reached for each in people) < log[-1][0] and time.monotonic() < until:
        await asyncio.sleep(0.1)
        _fail(tasks)
    await _end(tasks)
    await _end(list(proxy.tasks))
    listening.close()
    wrong = [number for number, each in enumerate(people) if each.resets or each.log != log[each.first or 0 :]]
    told = {"clients": len(people), "reconnections": reconnected, "broken": proxy.broken, "killed": kills}
    return {**told, "events": len(log), "logs_that_differ": wrong}


def _fail(tasks: list[asyncio.Task[None]]) -> None:
    """Raise what a client raised: it found a gap, or was refused."""
    for task in tasks:
        if task.done():
            task.result()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _log_of(url: str) -> Log:
    engine = open_database(url)
    try:
        with engine.connect() as connection:
            return [(seq, event.plan_id, event.seq) for seq, event in events_after(connection, 0, 10**9)]
    finally:
        engine.dispose()


def run(folder: Path, plan: argparse.Namespace) -> dict[str, Any]:
    """Start everything, soak, and say what came of it."""
    url = f"sqlite:///{folder / 'plans.db'}"
    begun = Flow(url)
    begun.happen("aig-0")  # the first event names the log: before it there is none to go on with
    begun.close()
    with ExitStack() as opened:
        server = opened.enter_context(serve_process(url))
        flow = Process((*WRITER, url, str(plan.commits)))
        opened.callback(flow.clean_up)
        return asyncio.run(soak(url, server, flow, plan))


def wanted(arguments: list[str]) -> argparse.Namespace:
    """Read what is asked for."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench reconnects", description=__doc__)
    parser.add_argument("--times", type=int, default=1_000, help="reconnections, of all clients together")
    parser.add_argument("--kills", type=int, default=5, help="of the server and of the flow, at least, each")
    parser.add_argument("--most-kills", type=int, default=1_000_000, help="of each, and no more")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--commits", type=float, default=30, help="a second, three events each")
    parser.add_argument("--longest-s", type=float, default=2, help="the longest that a connection holds")
    parser.add_argument("--between-s", type=float, default=8, help="the longest time between two kills")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


def main() -> None:
    """Soak and print."""
    with TemporaryDirectory(prefix="fancy-trader-bench-") as folder:
        told = run(Path(folder), wanted(sys.argv[1:]))
    print(json.dumps(told, indent=1))
    sys.exit(bool(told["logs_that_differ"]))


if __name__ == "__main__":
    main()
