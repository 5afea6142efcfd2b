"""The promise of the stream against a list: subscribe, events, drops, resuming, stalling, restarts, another log.

A hypothesis state machine over the real application, database and relay; only the sockets are queues here, so that a
client can stop reading at will (`tests/bench/reconnects.py` has real ones).  The model is a list: what the flow wrote.
Run by `fancy-trader bench resume --steps 10000`; prints JSON.
"""

import argparse
import asyncio
import json
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from api.app import create_app
from api.settings import ApiSettings
from tests.api.serving import Flow

PLANS: Final = ("aig-1", "aig-2", "spy-1")
CLIENTS: Final = 3
LATEST: Final = 2
"""The client that asks for the newest event of each plan only."""
PATIENCE_S: Final = 60.0
SLOW: Final = 4408
CLIENT = st.integers(0, CLIENTS - 1)


class Line:
    """A WebSocket made of two queues.  `reads`: whether the client takes what is sent."""

    def __init__(self, app: Any) -> None:
        self.reads, self.moved = asyncio.Event(), asyncio.Event()
        self.reads.set()
        self.came: list[dict[str, Any]] = []
        self.code: int | None = None
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._said.put_nowait({"type": "websocket.connect"})
        scope = {"type": "websocket", "path": "/ws/plans", "headers": [], "query_string": b"", "subprotocols": []}
        self.task = asyncio.create_task(app({**scope, "client": ("here", 1)}, self._said.get, self._send))

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            self.code = message["code"]
        elif message["type"] == "websocket.send":
            await self.reads.wait()
            self.came.append(json.loads(message["text"]))
        self.moved.set()

    def say(self, **message: Any) -> None:
        """Send a message."""
        self._said.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    async def drop(self) -> None:
        """Be gone."""
        self.reads.set()
        self._said.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await asyncio.wait_for(self.task, PATIENCE_S)


class Person:
    """One client: where it is in the log, and its connection."""

    def __init__(self, *, latest: bool) -> None:
        self.latest = latest
        self.place: dict[str, Any] | None = None
        self.line: Line | None = None
        self.newest: dict[str, int] = {}
        self.must_reset = False

    def connect(self, app: Any) -> None:
        """Subscribe, from the place that was reached."""
        self.line = Line(app)
        self.line.say(type="subscribe", mode="latest" if self.latest else "events", **{"from": self.place})

    def take(self, log: list[tuple[str, int]]) -> None:
        """Hold everything that came against the log."""
        assert self.line is not None
        came, self.line.came = self.line.came, []
        for message in came:
            match message["type"]:
                case "reset":
                    assert self.must_reset, f"a reset that nothing called for: {message}"
                    self.place = None
                case "snapshot":
                    assert self.place is None, "a snapshot that nobody asked for"
                    self._begin(message, log)
                case "event":
                    self._event(message, log)
                case _:
                    assert message["type"] in ("hello", "hb", "price"), message

    def _begin(self, message: dict[str, Any], log: list[tuple[str, int]]) -> None:
        told = {plan["plan_id"]: plan["last_seq"] for plan in message["plans"]}
        assert told == dict(log[: message["seq"]]), "a snapshot that is not true at its position"
        self.place, self.newest, self.must_reset = {"epoch": message["epoch"], "seq": message["seq"]}, told, False

    def _event(self, message: dict[str, Any], log: list[tuple[str, int]]) -> None:
        assert self.place is not None, "an event before a snapshot"
        assert not self.must_reset, "an event of another log"
        seq, plan_id = message["seq"], message["plan_id"]
        assert (plan_id, message["plan_seq"]) == log[seq - 1], "an event that the log does not have there"
        before = self.newest.get(plan_id, 0)
        if self.latest:
            assert message["plan_seq"] > before, "an old event"
            self.place["seq"] = max(seq, self.place["seq"])
        else:
            assert seq == self.place["seq"] + 1, "a hole, a repetition or disorder"
            self.place["seq"] = seq
        self.newest[plan_id] = message["plan_seq"]

    def has_all(self, log: list[tuple[str, int]]) -> bool:
        """Whether it knows the whole log, or the newest of each plan."""
        if self.place is None or self.must_reset:
            return False
        return self.newest == dict(log) if self.latest else self.place["seq"] == len(log)


class Resuming(RuleBasedStateMachine):
    """Clients of a server over a database that grows."""

    template: ClassVar[Path]
    folder: ClassVar[Path]
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.file = self.folder / "plans.db"
        for old in self.folder.glob("plans.db*"):  # of the example before
            old.unlink()
        shutil.copy(self.template, self.file)
        self.flow = Flow(f"sqlite:///{self.file}")
        self.log: list[tuple[str, int]] = []
        self._happen([0, 1])
        self.loop = asyncio.new_event_loop()
        self.people = [Person(latest=number == LATEST) for number in range(CLIENTS)]
        self._do(self._start)

    def teardown(self) -> None:
        """Everybody hears the rest; then all leave."""
        for number in range(CLIENTS):
            self._do(lambda number=number: self._hear_all(self.people[number]))  # type: ignore[misc]
        self._do(self._stop)
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self.flow.close()

    @rule(plans=st.lists(st.integers(0, len(PLANS) - 1), min_size=1, max_size=30))
    def events(self, plans: list[int]) -> None:
        """Things happen, in one commit."""
        self._count()
        self._happen(plans)

    @rule(number=CLIENT)
    def connects_or_hears_the_rest(self, number: int) -> None:
        """A client resumes if it is not there, and then knows everything."""
        self._count()
        self._do(lambda: self._hear_all(self.people[number]))

    @rule(number=CLIENT)
    def connects_and_is_dropped(self, number: int) -> None:
        """Whatever had come by then."""
        self._count()
        self._do(lambda: self._drop(self.people[number]))

    @rule(number=CLIENT)
    def stalls(self, number: int) -> None:
        """It reads nothing more until it is asked to hear the rest."""
        self._count()
        line = self.people[number].line
        if line is not None:
            line.reads.clear()

    @rule(ms=st.integers(0, 30))
    def waits(self, ms: int) -> None:
        """Time goes by: who stalls may be sent away."""
        self._count()
        self._do(lambda: asyncio.sleep(ms / 1000))

    @precondition(lambda self: len(self.log) > 5)
    @rule()
    def the_server_is_started_again(self) -> None:
        """Places hold."""
        self._count()
        self._do(self._stop)
        self._do(self._start)

    @precondition(lambda self: len(self.log) > 20)
    @rule()
    def another_log_takes_its_place(self) -> None:
        """As a restored copy does: places hold no more, and clients are told."""
        self._count()
        self._do(self._stop)
        with self.flow.engine.begin() as connection:
            connection.execute(sa.text("UPDATE identity SET generation = generation || 'x'"))
        for person in self.people:
            person.must_reset = person.place is not None
        self._do(self._start)

    def _count(self) -> None:
        type(self).steps += 1

    def _do(self, work: Callable[[], Awaitable[None]]) -> None:
        self.loop.run_until_complete(work())

    def _happen(self, plans: list[int]) -> None:
        names = [PLANS[each] for each in plans]
        self.flow.happen(*names)
        for name in names:
            self.log.append((name, dict(self.log).get(name, 0) + 1))

    async def _start(self) -> None:
        url = f"sqlite:///{self.file}"
        times = {"follow_s": 0.001, "send_s": 0.01, "busy_s": PATIENCE_S, "auth_s": PATIENCE_S, "poll_s": 0.05}
        app = create_app(ApiSettings(url, client_queue=8, connects_per_s=1_000_000, **times))  # type: ignore[arg-type]
        self.life: AbstractAsyncContextManager[Any] = app.router.lifespan_context(app)
        self.app = app
        await self.life.__aenter__()

    async def _stop(self) -> None:
        for person in self.people:
            await self._drop(person, connect=False)
        await self.life.__aexit__(None, None, None)

    async def _drop(self, person: Person, *, connect: bool = True) -> None:
        if person.line is None and connect:
            person.connect(self.app)
            await asyncio.sleep(0)
        if person.line is not None:
            person.take(self.log)
            await person.line.drop()
            person.line = None

    async def _hear_all(self, person: Person) -> None:
        until, connections = time.monotonic() + PATIENCE_S, 0
        while not person.has_all(self.log):
            assert time.monotonic() < until, (
                f"still at {person.place} of {len(self.log)}, {connections} times connected"
            )
            if person.line is None:
                person.connect(self.app)
                connections += 1
            line = person.line
            assert line is not None
            line.reads.set()
            if not line.moved.is_set():
                await asyncio.wait([asyncio.ensure_future(line.moved.wait())], timeout=1)
            line.moved.clear()
            person.take(self.log)
            if line.code is not None:
                assert line.code == SLOW
                await line.drop()
                person.line = None


def run(examples: int, steps_each: int) -> int:
    """Run the machine; return how many steps were taken.  Raises AssertionError for a broken promise."""
    with TemporaryDirectory() as folder:
        Resuming.folder, Resuming.template = Path(folder), Path(folder) / "template.db"
        flow = Flow(f"sqlite:///{Resuming.template}")
        flow.engine.dispose()
        Resuming.steps = 0
        options = settings(
            max_examples=examples,
            stateful_step_count=steps_each,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(Resuming, settings=options)
    return Resuming.steps


def main() -> None:
    """Run, and print how far it came."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench resume", description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000)
    given = parser.parse_args()
    taken, began = 0, time.monotonic()
    while taken < given.steps:
        taken += run(50, 50)
        print(f"{taken} steps, {time.monotonic() - began:.0f} s", file=sys.stderr)
    print(json.dumps({"steps": taken, "violations": 0, "seconds": round(time.monotonic() - began, 1)}))


if __name__ == "__main__":
    main()
