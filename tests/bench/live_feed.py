"""The generator of `bench live`: a server that speaks the vendor's protocol and sends frames on schedule.

Open loop: frame k is due at the start plus k times the frame's length, whoever is slow; what it sent late is told.
Market time is told by the practice market's clock status.
"""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from flows.simulation.universe import Listing, universe

START_NS = 1_781_704_800 * 10**9
"""2026-06-17 10:00 New York: where market time begins."""
MS_NS = 1_000_000
CLOCK_SECONDS = 0.25
BEFORE_NS = 600 * 10**9
BEFORE_SPEED = 20.0
"""Before the start market time runs ten minutes towards it, fast: plans are registered as time passes."""
PROBE = "PROBE"
PROBE_PLAN = {
    "plan_id": "probe",
    "symbol": PROBE,
    "style": "intraday",
    "direction": "long",
    "entry": "market",
    "stop": 50.0,
    "targets": [100.15, 1e6],
    "trail": {"distance": 1.0, "step": 0.05},
    "at_risk_buffer": 0.0,
}
"""The probe's price only rises, so that each print raises the trail stop: an event."""


@dataclass(frozen=True)
class Load:
    """Ticks to send: `rate` a second for so many `seconds`, in frames of `frame_ms`.  Equal seeds, equal ticks.

    `probed`: the last tick of each frame is one of `PROBE`, whose plan has an event at each: so every frame is timed.
    """

    rate: int
    seconds: float
    frame_ms: int = 5
    symbols: int = 500
    seed: int = 1
    probed: bool = False

    @cached_property
    def listings(self) -> tuple[Listing, ...]:
        return universe(self.symbols, self.seed)

    @property
    def ticks(self) -> int:
        return self.per_frame * self.frames

    @property
    def per_frame(self) -> int:
        return self.rate * self.frame_ms // 1000

    @property
    def frames(self) -> int:
        return round(self.seconds * 1000) // self.frame_ms

    @property
    def last_ns(self) -> int:
        """The time of the last frame."""
        return START_NS + (self.frames - 1) * self.frame_ms * MS_NS

    def ticks_of(self, symbols: set[str]) -> int:
        """Return how many ticks some symbols have."""
        wanted = np.array([each.symbol in symbols for each in self.listings])[self.symbol]
        if self.probed:
            wanted[self.per_frame - 1 :: self.per_frame] = PROBE in symbols
        return int(wanted.sum())

    @cached_property
    def symbol(self) -> npt.NDArray[np.int64]:
        """The symbol of each tick, by rank: a few are busy and most are quiet."""
        rng = np.random.default_rng((self.seed, 1))
        return rng.choice(self.symbols, self.ticks, p=[each.share for each in self.listings])

    @cached_property
    def at_ns(self) -> npt.NDArray[np.int64]:
        """The SIP time of each tick: that of its frame, a whole millisecond."""
        return START_NS + np.repeat(np.arange(self.frames), self.per_frame) * self.frame_ms * MS_NS

    def prices(self) -> npt.NDArray[np.float64]:
        """Let each symbol wander as far as in a day, so that something happens to plans."""
        rng = np.random.default_rng((self.seed, 2))
        steps, prices = rng.normal(size=self.ticks), np.empty(self.ticks)
        for rank, listing in enumerate(self.listings):
            mine = np.flatnonzero(self.symbol == rank)
            walk = np.cumsum(steps[mine]) * listing.volatility / max(1, len(mine)) ** 0.5
            prices[mine] = np.round(listing.price * np.exp(walk), 2)
        return prices

    def texts(self) -> Iterator[bytes]:
        """Yield the frames."""
        names = [each.symbol for each in self.listings]
        rows = zip(self.symbol.tolist(), self.prices().tolist(), self.at_ns.tolist(), strict=True)
        events = [_event(names[rank], number, price, at_ns) for number, (rank, price, at_ns) in enumerate(rows, 1)]
        for number, first in enumerate(range(0, len(events), self.per_frame)):
            held = events[first : first + self.per_frame]
            if self.probed:
                at_ns = START_NS + number * self.frame_ms * MS_NS
                held[-1] = _event(PROBE, number + 1, round(100 + number / 10, 2), at_ns)
            yield f"[{','.join(held)}]".encode()


def _event(symbol: str, number: int, price: float, at_ns: int) -> str:
    return (
        f'{{"ev":"T","sym":"{symbol}","x":11,"i":"{number}","z":1,"p":{price},"s":100,"ds":"100.0","c":[14],'
        f'"t":{at_ns // MS_NS},"pt":{at_ns // MS_NS},"q":{number}}}'
    )


@dataclass
class Generator:
    """What the other process shares: `start()` lets it send; then `began_ns` is when frame 0 was due, monotonic."""

    url: str
    _go: Any
    _said: Any

    def start(self) -> int:
        """Let it send; return when its first frame is due, monotonic ns."""
        self._go.set()
        began_ns: int = self._said.get(timeout=30)
        return began_ns

    def late_ms(self) -> float:
        """Wait for the last frame; return by how much the latest of all was sent after it was due."""
        late: float = self._said.get(timeout=600)
        return late


@contextmanager
def generating(load: Load) -> Iterator[Generator]:
    """Run a generator in a process of its own while the block lasts."""
    context = multiprocessing.get_context("spawn")
    go, said = context.Event(), context.Queue()
    process = context.Process(target=_run, args=(load, go, said), daemon=True)
    process.start()
    try:
        yield Generator(said.get(timeout=300), go, said)
    finally:
        process.terminate()
        process.join()


def _run(load: Load, go: Any, said: Any) -> None:
    asyncio.run(_serve(load, list(load.texts()), go, said))


async def _serve(load: Load, frames: list[bytes], go: Any, said: Any) -> None:
    async def client(line: ServerConnection) -> None:
        try:
            await _greet(line)
            began = time.monotonic()
            while not go.is_set():
                before_ns = round((time.monotonic() - began) * BEFORE_SPEED * 1e9)
                await line.send(_clock(min(START_NS - BEFORE_NS + before_ns, START_NS - MS_NS), BEFORE_SPEED))
                await asyncio.sleep(0.01)
            await _send(line, load, frames, said)
            await line.wait_closed()
        except ConnectionClosed:
            pass

    async with serve(client, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        said.put(f"ws://127.0.0.1:{port}/stocks")
        await asyncio.get_running_loop().create_future()


async def _greet(line: ServerConnection) -> None:
    await line.send(_status("connected", "Connected Successfully"))
    await line.recv()
    await line.send(_status("auth_success", "authenticated"))
    wanted = json.loads(await line.recv())["params"].split(",")
    answers = [{"ev": "status", "status": "success", "message": f"subscribed to: {each}"} for each in wanted]
    await line.send(json.dumps(answers))


async def _send(line: ServerConnection, load: Load, frames: list[bytes], said: Any) -> None:
    step_ns, latest_ns, clock_every = load.frame_ms * MS_NS, 0, round(CLOCK_SECONDS * 1000 / load.frame_ms)
    began_ns = time.monotonic_ns() + 20 * MS_NS
    said.put(began_ns)
    for number, frame in enumerate(frames):
        due_ns = began_ns + number * step_ns
        if (ahead := due_ns - time.monotonic_ns()) > 0:
            await asyncio.sleep(ahead / 1e9)
        if number % clock_every == 0:
            await line.send(_clock(START_NS + number * step_ns - MS_NS, 1.0))
        await line.send(frame, text=True)
        latest_ns = max(latest_ns, time.monotonic_ns() - due_ns)
    await line.send(_clock(START_NS + len(frames) * step_ns, 1.0))
    said.put(latest_ns / MS_NS)


def _clock(at_ns: int, speed: float) -> str:
    return _status("practice_clock", "PRACTICE MARKET, a benchmark", at_ns=at_ns, speed=speed)


def _status(word: str, message: str, **more: Any) -> str:
    return json.dumps([{"ev": "status", "status": word, "message": message, **more}])
