"""What a seed's market does: prints, clock marks and market events as a feed hears them, and what people ask for.

Equal seeds give equal worlds.  A world is a minute or two around an open, a noon or a close, so that deadlines pass.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from random import Random
from typing import Any

from flows.simulation.market import simulate
from flows.simulation.paths import Shape, SymbolSpec
from flows.tape.segments.payloads import clock, frame, market_events
from flows.tape.segments.record import Record
from operators.conditions import flags_of
from operators.gating import GateMargins, GateSettings, GateTimeline, gate_timeline
from operators.market_events import EVERY_SYMBOL, MarketEvent, Severity
from operators.nyse import nyse_calendar
from operators.plans import SessionPhase
from operators.sessions import PHASE_CODES
from operators.times import SECOND_NS
from tests.operators.scenarios import Print
from tests.oracle.times import new_york_ns

MS_NS = 1_000_000
LATENCY_NS = 30 * MS_NS
TOGETHER_NS = 100 * MS_NS
"""Prints of one message lie no further apart: none is kept back."""
SYMBOLS = ("AA", "BB", "CC")
STARTS = tuple(new_york_ns("2013-10-08", at) for at in ("09:29", "12:00", "15:59"))
SESSION = nyse_calendar().day_on_or_after(date(2013, 10, 8))
BEFORE_OPEN_NS, MORNING_NS = 600 * SECOND_NS, 7_200 * SECOND_NS
GATES = GateSettings(GateMargins(0.5, 0.25))
LAST_WORD_NS = 3600 * SECOND_NS
"""So long after the last print the feed's clock speaks for the last time: every deadline of a world has passed."""


@dataclass(frozen=True)
class Heard(Print):
    """A print of a real day.  `symbol`, `number`: whose and which."""

    symbol: str = ""
    number: int = 0

    @property
    def phase(self) -> SessionPhase:
        return phase_at(self.at_ns)

    def as_event(self) -> dict[str, Any]:
        """As the feed sends it."""
        stamp = self.at_ns // MS_NS
        event = {"ev": "T", "sym": self.symbol, "i": str(self.number), "x": 4, "p": self.price, "s": 100, "z": 1}
        return event | {"t": stamp, "pt": stamp, "q": self.number, "c": [37] if self.flags == ODD_LOT else []}

    def as_result(self) -> dict[str, Any]:
        """As the REST side has it."""
        given = {"id": str(self.number), "exchange": 4, "price": self.price, "size": 100, "tape": 1}
        given |= {"conditions": [37] if self.flags == ODD_LOT else [], "sequence_number": self.number}
        return given | {"sip_timestamp": self.at_ns + 4_321, "participant_timestamp": self.at_ns}


ODD_LOT, REGULAR = int(flags_of([37])), int(flags_of([]))


@lru_cache(maxsize=65_536)
def phase_at(at_ns: int) -> SessionPhase:
    """The session phase of an instant of the real calendar."""
    import numpy as np

    return PHASE_CODES[int(nyse_calendar().phase_codes(np.array([at_ns]))[0])]


@dataclass(frozen=True)
class Wish:
    """Something that a person puts into the table of commands at an instant."""

    at_ns: int
    kind: str
    plan_id: str
    symbol: str
    plan: dict[str, Any] | None = None


@dataclass(frozen=True)
class World:
    """All that happens outside.  `arrivals` in order of time; the first are the market events known beforehand, others
    are told of when they become known.

    `known`: the symbols that runs are started with; the others come with plans.  `scan`: whether bars are built, and
    plans found.
    """

    symbols: tuple[str, ...]
    known: tuple[str, ...]
    prints: tuple[Heard, ...]
    arrivals: tuple[Record, ...]
    wishes: tuple[Wish, ...]
    events: tuple[MarketEvent, ...]
    scan: bool = False

    def gates(self, symbol: str) -> GateTimeline:
        """The gate windows of a symbol."""
        return gate_timeline(symbol, [each for each in self.events if each.symbol in (symbol, EVERY_SYMBOL)], GATES)


def draw_world(rng: Random, *, scan: bool = False) -> World:
    """Draw a world; one that is to be scanned lasts for two hours, so that there are bars to find anything in."""
    symbols = SYMBOLS[: rng.randint(1, len(SYMBOLS))]
    start_ns = rng.choice(STARTS)
    begins_ns = start_ns + rng.randrange(50) * SECOND_NS
    prints = _morning(rng, symbols) if scan else _prints(rng, symbols, begins_ns)
    events = _events(rng, symbols, prints)
    beforehand = [each for each in events if each.known_at_ns < prints[0].at_ns]
    head_ns = min(start_ns, prints[0].at_ns)
    head = [market_events(beforehand, head_ns)] if beforehand else []
    later = [market_events((each,), each.known_at_ns) for each in events if each not in beforehand]
    frames = _frames(rng, prints)
    arrivals = (*head, *sorted((*frames[:-1], *later), key=lambda each: each.receive_ns), frames[-1])
    known = tuple(each for each in symbols if rng.random() < 0.5)
    told = tuple(replace(each, told_ns=head_ns) for each in events)
    return World(symbols, known, tuple(prints), arrivals, tuple(_wishes(rng, prints)), told, scan)


def _prints(rng: Random, symbols: Sequence[str], at_ns: int) -> list[Heard]:
    cents, found = dict.fromkeys(symbols, 10_000), list[Heard]()
    widest = rng.choice((2, 5, 12, 30))
    for number in range(1, rng.randint(8, 32)):
        symbol = rng.choice(symbols)
        cents[symbol] += rng.randint(-widest, widest)
        at_ns += rng.choice((0, 1, 40, 400, 900, 3_000)) * MS_NS
        flags = ODD_LOT if rng.random() < 0.1 else REGULAR
        found.append(Heard(at_ns, cents[symbol] / 100, flags, symbol, number))
    return found


def _morning(rng: Random, symbols: Sequence[str]) -> list[Heard]:
    """Prints of a simulated session from before its open on, some every minute: enough to find plans in."""
    specs = [SymbolSpec(symbol, 100.0, 0.02, 1_500, rng.choice(list(Shape))) for symbol in symbols]
    prints = simulate(rng.randrange(1_000_000), SESSION, specs).select("ticker", "sip_timestamp", "price")
    found = list[Heard]()
    for symbol, at_ns, price in prints.iter_rows():
        if SESSION.open_ns - BEFORE_OPEN_NS <= at_ns < SESSION.open_ns + MORNING_NS:
            flags = ODD_LOT if rng.random() < 0.1 else REGULAR
            found.append(Heard(at_ns // MS_NS * MS_NS, price, flags, symbol, len(found) + 1))
    return found


def _events(rng: Random, symbols: Sequence[str], prints: Sequence[Heard]) -> list[MarketEvent]:
    return [
        MarketEvent(
            f"E{number}",
            rng.choice((*symbols, EVERY_SYMBOL)),
            "cpi",
            rng.choice(list(Severity)),
            rng.choice(prints).at_ns + rng.choice((0, 15, 30)) * SECOND_NS,
            rng.choice((prints[0].at_ns - 10**12, rng.choice(prints).at_ns)),
            "label",
        )
        for number in range(rng.choice((0, 0, 1, 2)))
    ]


def _frames(rng: Random, prints: Sequence[Heard]) -> list[Record]:
    """Messages of a few prints each, with clock marks between them; in the end silence, and the clock alone."""
    records, place, due_ns = list[Record](), 0, 0
    while place < len(prints):
        close = [
            each for each in prints[place : place + rng.randint(1, 4)] if each.at_ns - prints[place].at_ns < TOGETHER_NS
        ]
        some, place = close, place + len(close)
        receive_ns = some[-1].at_ns + LATENCY_NS
        if receive_ns >= due_ns:
            records.append(clock(receive_ns))
            due_ns = receive_ns + SECOND_NS
        payload = json.dumps([each.as_event() for each in some]).encode()
        records.append(frame(payload, receive_ns, feed=1))
    return [*records, clock(prints[-1].at_ns + LAST_WORD_NS)]


def _wishes(rng: Random, prints: Sequence[Heard]) -> list[Wish]:
    found = list[Wish]()
    for number in range(rng.randint(1, 4)):
        near, plan_id = rng.choice(prints[: 2 * len(prints) // 3 + 1]), f"p{number}"
        for version in rng.choice(((1,), (1,), (1, 2), (2, 1))):
            at_ns = near.at_ns + rng.randrange(3_000) * MS_NS
            found.append(Wish(at_ns, "register", plan_id, near.symbol, _plan(rng, plan_id, version, near)))
        if rng.random() < 0.3:
            at_ns = near.at_ns + rng.randrange(4_000, 30_000) * MS_NS
            found.append(Wish(at_ns, "cancel", plan_id, near.symbol))
    for _ in range(rng.choice((0, 0, 1, 2))):
        near = rng.choice(prints)
        found.append(Wish(near.at_ns + rng.randrange(3_000) * MS_NS, "watch", "", near.symbol))
    return sorted(found, key=lambda each: each.at_ns)


def _plan(rng: Random, plan_id: str, version: int, near: Heard) -> dict[str, Any]:
    sign, cents = rng.choice((1, -1)), round(near.price * 100)
    entry = cents + rng.randint(-8, 8)
    rungs = sorted(rng.sample(range(1, 60), rng.randint(1, 3)))
    plan: dict[str, Any] = {"plan_id": plan_id, "version": version, "symbol": near.symbol}
    plan |= {"style": rng.choice(("scalp", "swing")), "direction": "long" if sign > 0 else "short"}
    plan |= {"entry": {"type": rng.choice(("limit", "stop", "market")), "price": entry / 100}}
    plan |= {"stop": (entry - sign * rng.randint(2, 40)) / 100, "on_event": rng.choice(("suppress", "defined_risk"))}
    plan |= {"targets": [(entry + sign * each) / 100 for each in rungs], "odd_lots": rng.random() < 0.3}
    if rng.random() < 0.5:
        plan["trail"] = {"distance": rng.randint(1, 20) / 100, "step": 0.02, "after": 1}
    if rng.random() < 0.3:
        plan["expires_at"] = near.at_ns + rng.randint(120, 600) * SECOND_NS
    return plan
