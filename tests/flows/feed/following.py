"""Running the real client against the real practice market, and reading what it left, plainly."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from threading import Thread
from typing import Any

from flows.feed.address import feed_address
from flows.feed.api_key import ApiKey
from flows.feed.backoff import Backoff
from flows.feed.client import FeedClient
from flows.feed.decisions import Ending
from flows.feed.settings import FeedSettings
from flows.feed.sink import Gap, GapState
from flows.market.day import MarketDay
from flows.market.running import Running

CANARY = "canary-feed-9c41"
Print = tuple[str, int, float]
"""Symbol, sequence number (unique in made days), price."""


class ListSink:
    """Keeps everything in order; `slow`: seconds that each frame takes."""

    def __init__(self, slow: float = 0.0) -> None:
        self.records: list[tuple[str, Any]] = []
        self.commits, self._slow = 0, slow

    def append(self, frame: bytes, received_ns: int) -> None:
        time.sleep(self._slow)
        self.records.append(("frame", frame))

    def repair(self, symbol: str, page: bytes, received_ns: int) -> None:
        self.records.append(("repair", (symbol, page)))

    def mark_gap(self, gap: Gap, received_ns: int) -> None:
        self.records.append(("gap", gap))

    def clock(self, at_ns: int) -> None:
        self.records.append(("clock", at_ns))

    def commit(self) -> None:
        self.commits += 1

    def of(self, kind: str) -> list[Any]:
        return [value for each, value in self.records if each == kind]

    def gaps(self, state: GapState) -> list[str]:
        return [gap.name for gap in self.of("gap") if gap.state is state]


def prints_of(records: list[tuple[str, Any]]) -> list[Print]:
    """Read prints in order; one that was there before, by symbol, exchange, TRF and id, is none."""
    seen, found = set[tuple[Any, ...]](), list[Print]()
    for kind, value in records:
        rows: list[tuple[Any, ...]] = []
        if kind == "frame":
            rows = [
                (e["sym"], e["x"], e.get("trfi", 0), e["i"], e["q"], e["p"])
                for e in json.loads(value)
                if e["ev"] == "T"
            ]
        elif kind == "repair":
            rows = [
                (value[0], r["exchange"], r.get("trf_id", 0), r["id"], r["sequence_number"], r["price"])
                for r in json.loads(value[1])["results"]
            ]
        for row in rows:
            if row[:4] not in seen:
                seen.add(row[:4])
                found.append((row[0], row[4], row[5]))
    return found


def doubled(records: list[tuple[str, Any]]) -> int:
    """Count the prints that came twice by the socket alone."""
    keys = Counter(
        (e["sym"], e["x"], e.get("trfi", 0), e["i"])
        for kind, value in records
        if kind == "frame"
        for e in json.loads(value)
        if e["ev"] == "T"
    )
    return sum(count - 1 for count in keys.values())


def day_prints(day: MarketDay, *symbols: str) -> list[Print]:
    """Return what a day holds."""
    rows = day.prints.select("ticker", "sequence_number", "price").iter_rows()
    return [row for row in rows if not symbols or row[0] in symbols]


def by_symbol(prints: list[Print]) -> dict[str, list[Print]]:
    """Return prints per symbol, in their order."""
    return {name: [each for each in prints if each[0] == name] for name in sorted({each[0] for each in prints})}


def client_for(market: Running, sink: Any, *subscriptions: str, **options: Any) -> tuple[FeedClient, list[Any]]:
    """Return a client that does not wait long, and its log."""
    log: list[Any] = []
    backoff = options.pop("backoff", Backoff(first=0.02, longest=0.1, stable=5, cool_down=0.3, rng=Random(1)))
    options.setdefault("settle_seconds", 0.02)
    options.setdefault("hear_seconds", 0.02)
    options.setdefault("mark_seconds", 0.1)
    options.setdefault("watched", ("AAA", "BRK.B"))
    settings = FeedSettings(feed_address(market.url), subscriptions or ("T.*",), **options)
    client = FeedClient(
        settings, ApiKey(CANARY), sink, lambda event, **fields: log.append((event, fields)), backoff=backoff
    )
    return client, log


@contextmanager
def running(client: FeedClient) -> Iterator[list[Ending | None]]:
    """Run a client in a thread while the block lasts; what it returned is in the list then."""
    returned: list[Ending | None] = []
    thread = Thread(target=lambda: returned.append(client.run()), name="feed")
    thread.start()
    try:
        yield returned
    finally:
        client.stop.set()
        thread.join(60)
        assert not thread.is_alive()


def until(true: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)
