"""Small days for the practice market, and a bare client that is not ours: websocket-client and httpx2, nothing else."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import httpx2
import polars as pl
import websocket

from flows.market.day import MarketDay
from flows.market.faults import Fault, parse_fault
from flows.market.running import Running, in_thread
from flows.market.server import MarketOptions
from flows.simulation.vendor import COLUMNS
from operators.times import SECOND_NS

START_NS: Final = 1_781_703_000 * SECOND_NS
"""2026-06-17 09:30 New York."""
KEY: Final = "canary-market-5521"


def made_day(count: int = 200, symbols: Sequence[str] = ("AAA", "BRK.B"), gap_ns: int = SECOND_NS) -> MarketDay:
    """Return prints one `gap_ns` apart, the symbols in turn; every fifth off exchange, every seventh an odd lot."""
    rows = []
    for number in range(count):
        sip_ns, off = START_NS + number * gap_ns + 123_456, number % 5 == 0
        rows.append(
            {
                "ticker": symbols[number % len(symbols)],
                "conditions": "14,37" if number % 7 == 0 else None,
                "correction": 0,
                "exchange": 4 if off else 11,
                "id": str(number // len(symbols)),
                "participant_timestamp": sip_ns - 40_000,
                "price": 100 + number / 100,
                "sequence_number": number + 1,
                "sip_timestamp": sip_ns,
                "size": 0.5 if number % 7 == 0 else 100.0,
                "tape": 1,
                "trf_id": 201 if off else 0,
                "trf_timestamp": sip_ns - 10_000 if off else 0,
            }
        )
    return MarketDay(pl.DataFrame(rows, schema=COLUMNS), "made for a test")


@contextmanager
def serving(day: MarketDay, *faults: str | Fault, **options: Any) -> Iterator[Running]:
    """Serve a day, fast, on a free port."""
    parsed = tuple(parse_fault(each) if isinstance(each, str) else each for each in faults)
    options.setdefault("speed", 1000.0)
    options.setdefault("step_seconds", 0.005)
    with in_thread(day, MarketOptions(faults=parsed, **options)) as running:
        try:
            yield running
        finally:
            for client in Bare.open:
                client.close()
            Bare.open.clear()


class Bare:
    """A client that does what it is told."""

    open: ClassVar[list["Bare"]] = []

    def __init__(self, url: str) -> None:
        self.line = websocket.create_connection(url, timeout=60)
        Bare.open.append(self)

    def hear(self) -> list[dict[str, Any]]:
        """Return the next frame."""
        frame: list[dict[str, Any]] = json.loads(self.line.recv())
        return frame

    def say(self, action: str, params: str) -> None:
        self.line.send(json.dumps({"action": action, "params": params}))

    def subscribe(self, params: str) -> list[dict[str, Any]]:
        """Log in and subscribe; return what was answered."""
        assert [each["status"] for each in self.hear()] == ["connected"]
        self.say("auth", KEY)
        assert [each["status"] for each in self.hear()] == ["auth_success"]
        self.say("subscribe", params)
        return self.hear()

    def trades(self, count: int) -> list[dict[str, Any]]:
        """Return the next `count` trades."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            found += [each for each in self.hear() if each["ev"] == "T"]
        return found

    def close(self) -> None:
        self.line.shutdown()  # type: ignore[no-untyped-call]


def rest(url: str, **query: str) -> httpx2.Response:
    """Ask the REST side."""
    query = {name.replace("__", "."): value for name, value in query.items()}
    return httpx2.get(url, params=query or None, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False)
