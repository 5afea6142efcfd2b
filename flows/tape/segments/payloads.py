"""The payloads of records, built and read in one place.

FRAME: the bytes of one WebSocket message, as received.  REPAIR: a symbol, a line end, and the body of one page of
/v3/trades, as received.  COMMAND: JSON, see `PlanCommand`.  EVENTS: a JSON array of `EventUpdate`.  CLOCK: nothing,
time has reached the record's own.  GAP: JSON, see `GapMark`.
"""

from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec

from flows.tape.segments.record import Kind, Record
from operators.market_events import EVERY_SYMBOL, MarketEvent, Severity


class PlanCommand(msgspec.Struct, frozen=True, omit_defaults=True):
    """Register `plan` (as in a plans file), cancel `plan_id`, or watch `symbol`: add it to the universe.

    `id` names the command: the second of a name is none.  It acts at its record's time; a plan that is silent about its
    start begins then.  `symbol` of a cancel: whose plan it is, where the tape itself may not know.
    """

    id: str
    kind: Literal["register", "cancel", "watch"]
    plan: dict[str, Any] | None = None
    plan_id: str | None = None
    symbol: str | None = None


class EventUpdate(msgspec.Struct, frozen=True):
    """One market event as it stands from the record's time on.  Times in ns UTC."""

    id: str
    symbol: str
    kind: str
    severity: Severity
    at_ns: int
    known_at_ns: int
    label: str = ""


class GapMark(msgspec.Struct, frozen=True, omit_defaults=True):
    """Prints of `symbols` (`*`: all) from `from_ns` to `to_ns` may be missing.

    `gap` names the gap and is the same in all of its marks.  `open`: found, and perhaps to be mended; `close`: mended,
    all of it is on the tape; `lost`: it stays, and nothing more will be fetched.  `to_ns` is None while nobody knows.
    """

    gap: str
    state: Literal["open", "close", "lost"]
    from_ns: int
    to_ns: int | None = None
    symbols: tuple[str, ...] = (EVERY_SYMBOL,)
    reason: str = ""


_encoder: Final = msgspec.json.Encoder(order="deterministic")
_command: Final = msgspec.json.Decoder(PlanCommand)
_events: Final = msgspec.json.Decoder(list[EventUpdate])
_gap: Final = msgspec.json.Decoder(GapMark)


def frame(payload: bytes, receive_ns: int, feed: int = 0) -> Record:
    """Record one message of a feed as received."""
    return Record(Kind.FRAME, receive_ns, payload, feed)


def repair(symbol: str, body: bytes, receive_ns: int, feed: int = 0) -> Record:
    """Record one page of a symbol's trades as the REST endpoint gave it."""
    return Record(Kind.REPAIR, receive_ns, symbol.encode() + b"\n" + body, feed)


def command(given: PlanCommand, receive_ns: int) -> Record:
    """Record a plan command."""
    return Record(Kind.COMMAND, receive_ns, _encoder.encode(given))


def market_events(events: Iterable[MarketEvent], receive_ns: int) -> Record:
    """Record market events that became known or changed."""
    rows = [
        EventUpdate(each.event_id, each.symbol, each.kind, each.severity, each.at_ns, each.known_at_ns, each.label)
        for each in events
    ]
    return Record(Kind.EVENTS, receive_ns, _encoder.encode(rows))


def clock(at_ns: int) -> Record:
    """Record that time has reached `at_ns`, ns UTC."""
    return Record(Kind.CLOCK, at_ns)


def gap(mark: GapMark, receive_ns: int, feed: int = 0) -> Record:
    """Record that a gap opened, was mended, or stays."""
    return Record(Kind.GAP, receive_ns, _encoder.encode(mark), feed)


def read_repair(payload: bytes) -> tuple[str, bytes]:
    """Return a page's symbol and body."""
    symbol, _, body = payload.partition(b"\n")
    return symbol.decode(errors="replace"), body


def read_command(payload: bytes) -> PlanCommand:
    """Read a plan command.  Raises ValueError for what is none."""
    return _command.decode(payload)


def read_events(payload: bytes) -> tuple[MarketEvent, ...]:
    """Read market events.  Raises ValueError for what are none."""
    return tuple(
        MarketEvent(each.id, each.symbol, each.kind, each.severity, each.at_ns, each.known_at_ns, each.label)
        for each in _events.decode(payload)
    )


def read_gap(payload: bytes) -> GapMark:
    """Read a gap mark.  Raises ValueError for what is none."""
    return _gap.decode(payload)


def standing_gaps(records: Iterable[Record]) -> dict[str, GapMark]:
    """Return the last mark of every gap on a tape that was not mended, by the gap's name, the oldest gap first.

    Those that are `open` had a writer that died before it knew: the next one mends them, or marks them `lost`.
    """
    found: dict[str, GapMark] = {}
    for record in records:
        if record.kind is Kind.GAP:
            mark = read_gap(record.payload)
            if mark.state == "close":
                found.pop(mark.gap, None)
            else:
                found[mark.gap] = mark
    return found
