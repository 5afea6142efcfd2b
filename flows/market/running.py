"""Running a practice market: in the foreground until a signal, or in a thread for as long as a block lasts."""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from flows.errors import CommandError
from flows.market.day import MarketDay
from flows.market.server import MarketOptions, PracticeMarket, Say

MARKET: Final = "stocks"
START_SECONDS: Final = 20.0


def run_market(day: MarketDay, options: MarketOptions, say: Say) -> None:
    """Serve until SIGINT or SIGTERM.  Raises CommandError when the port cannot be had."""

    async def serve() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        market = PracticeMarket(day, options, say)
        await market.run(stop, lambda address: say("serving", url=feed_url(address), rest=f"http://{address}"))

    try:
        asyncio.run(serve())
    except OSError as error:
        msg = f"port {options.port} cannot be had ({error.strerror or error})"
        raise CommandError(msg) from None


@dataclass
class Running:
    """A market in a thread.  `said`: what it wrote down, in order, and when (`at_s`, monotonic)."""

    url: str = ""
    rest: str = ""
    said: list[dict[str, Any]] = field(default_factory=list)
    market: PracticeMarket | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def logins(self) -> int:
        """Return how often somebody logged in."""
        return sum(each["event"] == "login" for each in self.said)


@contextmanager
def in_thread(day: MarketDay, options: MarketOptions) -> Iterator[Running]:
    """Serve a day while the block lasts.  Raises CommandError when it does not come up."""
    thread = _MarketThread(day, options)
    thread.start()
    try:
        if not thread.up.wait(START_SECONDS) or not thread.running.url:
            msg = "the practice market did not come up"
            raise CommandError(msg)
        yield thread.running
    finally:
        thread.end()


class _MarketThread(threading.Thread):
    """A market with an event loop of its own."""

    def __init__(self, day: MarketDay, options: MarketOptions) -> None:
        super().__init__(name="practice-market", daemon=True)
        self.running, self.up = Running(), threading.Event()
        self._day, self._options = day, options
        self._loop, self._enough = asyncio.new_event_loop(), asyncio.Event()

    def run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self.up.set()

    def end(self) -> None:
        """Stop serving."""
        if self.is_alive():
            self._loop.call_soon_threadsafe(self._enough.set)
        self.join(START_SECONDS)
        self._loop.close()

    async def _serve(self) -> None:
        self.running.market = PracticeMarket(self._day, self._options, self._say)
        await self.running.market.run(self._enough, self._ready)

    def _say(self, event: str, **fields: Any) -> None:
        self.running.said.append({"event": event, "at_s": time.monotonic(), **fields})
        if event == "day_over":
            self.running.over.set()

    def _ready(self, address: str) -> None:
        self.running.url, self.running.rest = feed_url(address), f"http://{address}"
        self.up.set()


def feed_url(address: str) -> str:
    """Return the URL for `--feed-url` of HOST:PORT."""
    return f"ws://{address}/{MARKET}"
