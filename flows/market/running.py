"""Running a practice market: in the foreground until a signal, or in a thread for as long as a block lasts."""

import asyncio
import signal
import threading
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
    """A market in a thread.  `said`: what it wrote down, in order."""

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
    """Serve a day while the block lasts."""
    running, up = Running(), threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def say(event: str, **fields: Any) -> None:
        running.said.append({"event": event, **fields})
        if event == "day_over":
            running.over.set()

    def ready(address: str) -> None:
        running.url, running.rest = feed_url(address), f"http://{address}"
        up.set()

    async def serve() -> None:
        running.market = PracticeMarket(day, options, say)
        await running.market.run(stop, ready)

    def work() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            up.set()

    thread = threading.Thread(target=work, name="practice-market", daemon=True)
    thread.start()
    up.wait(START_SECONDS)
    try:
        yield running
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
        thread.join(START_SECONDS)
        loop.close()


def feed_url(address: str) -> str:
    """Return the URL for `--feed-url` of HOST:PORT."""
    return f"ws://{address}/{MARKET}"
