"""The practice market's server: WebSocket and REST on one port of this machine.

Rule 1: everything that it says of itself says that it is practice.  Rule 2: keys are neither checked nor written down.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from flows.market.customer import GREETING, TOO_MANY, Customer, Reply, status
from flows.market.day import MarketDay
from flows.market.faults import COUNTED, Fault, FaultKind, Faults
from flows.market.market_clock import RunningClock
from flows.market.option_side import OptionSide
from flows.market.rest import Answer, RestSide
from flows.market.stream import ClientStream, DayStream
from operators.times import MINUTE_NS, SECOND_NS, iso

STEP_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 1.0
"""How long a connection too many lives before one is closed."""
CUT_SECONDS: Final = 0.05
"""How long an answer has to get out before the line is cut."""
CLOSE_SECONDS: Final = 1.0
"""How long a client that is being left has to say goodbye."""
CLOCK_SECONDS: Final = 0.25
MOST_UNTOLD_NS: Final = 2 * MINUTE_NS
"""Between two words on what time it is in the market, of wall time and of the market's own, whichever is shorter."""
LOOPBACK: Final = "127.0.0.1"

Say = Callable[..., None]
"""Takes the name of an event and its fields."""


@dataclass(frozen=True, slots=True)
class MarketOptions:
    """`speed`: market seconds per second; `start_ns`: market time at the first subscription, None: the first print.

    `port` 0: a free one.  `connections`: how many clients the plan allows at once.  `option_side`: options, by REST.
    """

    speed: float = 1.0
    port: int = 0
    start_ns: int | None = None
    seed: int = 1
    faults: tuple[Fault, ...] = ()
    connections: int = 1
    step_seconds: float = STEP_SECONDS
    option_side: OptionSide | None = None


class PracticeMarket:
    """One day, served until told to stop."""

    def __init__(self, day: MarketDay, options: MarketOptions, say: Say) -> None:
        self._options, self._say, self._faults = options, say, Faults(options.faults)
        start_ns = int(day.sip_ns[0]) - 1 if options.start_ns is None else options.start_ns
        self._stream = DayStream(day, self._faults, options.seed, start_ns)
        self.clock = RunningClock(start_ns, options.speed)
        self._rest = RestSide(
            self._stream.day, self._faults, self.clock.now_ns, lambda: f"http://{self._address}", options.option_side
        )
        self._address, self._lines, self._silent, self._down_ns = (
            "",
            list[ServerConnection](),
            dict[ServerConnection, int](),
            0,
        )
        self._began, self.over = asyncio.Event(), asyncio.Event()
        self._later = set[asyncio.Task[None]]()

    async def run(self, stop: asyncio.Event, ready: Callable[[str], None]) -> None:
        """Serve until `stop`; `ready` is told HOST:PORT."""
        quiet = logging.getLogger("flows.market.line")  # clients that come and go badly are what it is for
        quiet.propagate = False
        quiet.addHandler(logging.NullHandler())
        serving = serve(
            self._client,
            LOOPBACK,
            self._options.port,
            process_request=self._request,
            compression=None,
            ping_interval=None,
            close_timeout=CLOSE_SECONDS,
            logger=quiet,
        )
        async with serving as server:
            host, port = next(iter(server.sockets)).getsockname()[:2]
            self._address = f"{host}:{port}"
            ready(self._address)
            faulting = asyncio.create_task(self._misbehave())
            await stop.wait()
            for task in (faulting, *self._later):
                task.cancel()

    def _request(self, line: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" not in request.headers:
            return _response(self._rest.answer(request.path, request.headers.get("Authorization", "")))
        if self.clock.now_ns() < self._down_ns:
            return _response(Answer(HTTPStatus.SERVICE_UNAVAILABLE, b""))
        return None

    async def _client(self, line: ServerConnection) -> None:
        customer = Customer(self._faults, self._stream.day.tickers)
        flowing = list[asyncio.Task[None]]()
        try:
            await line.send(json.dumps([status(*GREETING, practice=True)]))
            async for message in line:
                reply = customer.hear(message)
                self._note(line, customer)
                await self._answer(line, customer, reply, flowing)
        except ConnectionClosed:
            pass
        finally:
            if line in self._lines:
                self._lines.remove(line)
            for task in flowing:
                task.cancel()
            self._say("client_left", code=line.close_code)

    async def _answer(
        self, line: ServerConnection, customer: Customer, reply: Reply, flowing: list[asyncio.Task[None]]
    ) -> None:
        """Send a reply; with the first subscription, the day begins to flow."""
        client = None
        if customer.held and not flowing:
            client = ClientStream(self._stream, customer, self.clock.now_ns())  # the first one misses nothing
            self._begin()
            reply.statuses.insert(0, self._clock_status(self.clock.now_ns()))
        if reply.statuses:
            await line.send(json.dumps(reply.statuses))
        if client is not None:
            flowing.append(asyncio.create_task(self._flow(line, client)))
        if reply.cut:
            await asyncio.sleep(CUT_SECONDS)
            line.transport.abort()

    def _note(self, line: ServerConnection, customer: Customer) -> None:
        """Write a login down, and close the oldest client when it is one too many."""
        if not customer.authenticated or line in self._lines:
            return
        self._lines.append(line)
        self._say("login", market_time=iso(self.clock.now_ns()), clients=len(self._lines))
        if len(self._lines) > self._options.connections:
            task = asyncio.create_task(self._close_too_many(self._lines[0], PATIENCE_SECONDS))
            self._later.add(task)
            task.add_done_callback(self._later.discard)

    def _begin(self) -> None:
        if not self.clock.running:
            self.clock.begin()
            self._began.set()
            self._say("market_time_runs", market_time=iso(self.clock.now_ns()), speed=self._options.speed)

    def _clock_status(self, at_ns: int) -> dict[str, Any]:
        message = f"PRACTICE MARKET, not live: {self._stream.day.label}, at {self._options.speed:g} times its speed"
        return status("practice_clock", message, at_ns=at_ns, speed=self._options.speed)

    async def _flow(self, line: ServerConnection, client: ClientStream) -> None:
        """Send what is due, step by step; a client that reads slowly gets it late.

        Now and then the market's time follows: every print up to it has been sent, but for those made late on request.
        """
        said, every = 0.0, min(CLOCK_SECONDS, MOST_UNTOLD_NS / SECOND_NS / self._options.speed)
        try:
            while True:
                await asyncio.sleep(self._options.step_seconds)
                now_ns = self.clock.now_ns()
                if now_ns < self._silent.get(line, 0):
                    client.skip(now_ns)
                    continue
                for frame in client.frames(now_ns):
                    await line.send(frame)
                if time.monotonic() - said >= every:
                    said = time.monotonic()
                    await line.send(json.dumps([self._clock_status(now_ns)]))
                if client.at_end and not self.over.is_set():
                    self.over.set()
                    self._say("day_over", market_time=iso(now_ns))
        except ConnectionClosed:
            pass

    async def _misbehave(self) -> None:
        """Let the timed faults happen, each in its time."""
        await self._began.wait()
        for fault in self._faults.timed:
            at_ns = self.clock.start_ns + round(fault.at_s * SECOND_NS)
            await asyncio.sleep(self.clock.seconds_until(at_ns))
            self._say("fault", kind=str(fault.kind), market_time=iso(self.clock.now_ns()), value=fault.value)
            if fault.kind in COUNTED:
                self._faults.give(fault.kind, fault.value)
                continue
            until_ns = self.clock.now_ns() + round(fault.value * SECOND_NS)
            if fault.kind is FaultKind.SILENT:
                self._silent = dict.fromkeys(self._lines, until_ns)  # lines that come later know nothing of it
                continue
            self._down_ns = until_ns
            for line in list(self._lines):
                await self._hit(line, fault.kind)

    async def _hit(self, line: ServerConnection, kind: FaultKind) -> None:
        if kind is FaultKind.DROP:
            line.transport.abort()
        elif kind is FaultKind.CLOSE_1001:
            await line.close(1001, "going away")
        else:
            await self._close_too_many(line, 0)

    async def _close_too_many(self, line: ServerConnection, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        try:
            await line.send(json.dumps([status(*TOO_MANY)]))
        except ConnectionClosed:
            return
        await line.close(1008, "max_connections")


def _response(answer: Answer) -> Response:
    headers = Headers()
    headers["Content-Type"] = "application/json"
    headers["Content-Length"] = str(len(answer.body))
    headers["Connection"] = "close"
    body = answer.body[: len(answer.body) // 2] if answer.cut else answer.body
    return Response(int(answer.status), answer.status.phrase, headers, body)
