"""A real server on a loopback port, clients that keep what they hear, and events to hear of."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from api.app import create_app
from api.serve import Server as Serve
from api.serve import listening
from api.settings import ApiSettings
from operators.events import Kind, PlanEvent
from operators.lifecycle import register
from operators.plan_json import plan_to_json
from operators.rows import Batch, PlanRow, StateRow, state_row
from operators.state import PlanState
from sinks.database import open_database
from sinks.schema import ensure_schema
from sinks.writer import SinkWriter
from tests.operators.builders import START_NS, make_plan

Message = dict[str, Any]


@dataclass
class Server:
    """A running API."""

    port: int
    app: Any
    stop: Callable[[], None]

    def connect(self, path: str = "/ws/plans", **options: Any) -> ClientConnection:
        """Open a WebSocket; unless told otherwise it reads on while nobody looks, so that closing is heard at once."""
        url = f"ws://127.0.0.1:{self.port}{path}"
        socket: ClientConnection = connect(url, compression=None, **{"max_queue": None, **options})
        return socket


@contextmanager
def serving(url: str, port: int = 0, wrap: Any = None, **settings: Any) -> Iterator[Server]:
    """Serve a database on a port; 0: on a free one.  `wrap`: a middleware around the whole."""
    app = create_app(ApiSettings(url, **{"busy_s": 1.0, "price_s": 0.05, **settings}))
    if wrap is not None:
        app.add_middleware(wrap)
    server = Serve(app)
    listener = listening("127.0.0.1", port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join(20)

    while not server.started:
        time.sleep(0.01)
    try:
        yield Server(listener.getsockname()[1], app, stop)
    finally:
        stop()
        listener.close()


class Flow:
    """Writes events of plans as the flow would: numbered per plan, in one transaction with the plan's state."""

    def __init__(self, url: str) -> None:
        self.engine: sa.Engine = open_database(url)
        ensure_schema(self.engine)
        self.writer = SinkWriter(self.engine, "tape")
        self.states: dict[str, PlanState] = {}
        self.at_ns = START_NS

    def happen(self, *plan_ids: str, price: float | None = None) -> None:
        """Register plans that are new, and let something happen to the others, all in one batch."""
        plans: list[PlanRow] = []
        events: list[PlanEvent] = []
        for plan_id in plan_ids:
            self.at_ns += 1
            plan = make_plan(plan_id=plan_id, symbol=plan_id.split("-")[0].upper())
            state = self.states.get(plan_id)
            if state is None:
                state, registered = register(plan, self.at_ns)
                events += registered
                row = PlanRow(plan_id, 1, plan.symbol, "swing", "long", self.at_ns, plan_to_json(plan))
                plans.append(row)
            else:
                state = replace(state, last_seq=state.last_seq + 1, updated_ns=self.at_ns)
                kind = (Kind.GATED, Kind.UNGATED)[state.last_seq % 2]
                data = {"action": "allow" if kind is Kind.UNGATED else "defined_risk", "why": f"no {state.last_seq}"}
                events.append(PlanEvent(plan_id, 1, state.last_seq, plan.symbol, kind, self.at_ns, None, data))
            self.states[plan_id] = replace(state, last_price=price or state.last_price)
        self.writer.write(Batch(plans=tuple(plans), events=tuple(events), states=self._rows(plan_ids)))

    def move(self, plan_id: str, price: float) -> None:
        """Let a plan's price move, with no event."""
        self.at_ns += 1
        self.states[plan_id] = replace(self.states[plan_id], last_price=price, updated_ns=self.at_ns)
        self.writer.write(Batch(states=self._rows([plan_id])))

    def _rows(self, plan_ids: Any) -> tuple[StateRow, ...]:
        return tuple(
            state_row(make_plan(plan_id=each, symbol=each.split("-")[0].upper()), self.states[each])
            for each in dict.fromkeys(plan_ids)
        )

    def close(self) -> None:
        """Disconnect."""
        self.engine.dispose()


def hear(socket: ClientConnection, wait_s: float = 5.0) -> Message:
    """The next message."""
    message: Message = json.loads(socket.recv(timeout=wait_s))
    return message


def hear_until(socket: ClientConnection, done: Callable[[Message], bool], wait_s: float = 8.0) -> list[Message]:
    """Messages up to the first that is `done`, that one included."""
    heard: list[Message] = []
    until = time.monotonic() + wait_s
    while not heard or not done(heard[-1]):
        heard.append(hear(socket, max(0.01, until - time.monotonic())))
    return heard


def say(socket: ClientConnection, kind: str, **fields: Any) -> None:
    """Send a message."""
    socket.send(json.dumps({"type": kind, **fields}))


def subscribed(socket: ClientConnection, **fields: Any) -> list[Message]:
    """Subscribe; return what is heard up to the snapshot, the hello first."""
    heard = [hear(socket)]
    say(socket, "subscribe", **fields)
    return heard + hear_until(socket, lambda message: message["type"] == "snapshot" and not message["more"])


def events_of(messages: list[Message]) -> list[int]:
    """The positions of the events among messages."""
    return [message["seq"] for message in messages if message["type"] == "event"]


def at_seq(seq: int) -> Callable[[Message], bool]:
    """Whether a message is the event of a position."""
    return lambda message: message["type"] == "event" and message["seq"] == seq


def hear_out(socket: ClientConnection) -> list[Message]:
    """Everything up to the end of a connection."""
    heard: list[Message] = []
    with suppress(ConnectionClosed):
        while True:
            heard.append(hear(socket))
    return heard
