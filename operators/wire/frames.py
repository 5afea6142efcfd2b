"""Trades in one message of the vendor's WebSocket.  Every event of channel T becomes a row or a reject; others pass by.

Layout, units and what is missing where: the vendor's specification of the stocks cluster.  `ds`, a decimal text, is the
size where it is given: `s` is rounded.  A live print has no correction: the feed never tells of one.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from math import isfinite
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from operators import ticks
from operators.times import EARLIEST_NS, LATEST_NS
from operators.wire.rows import (
    LOW_MS,
    LOW_US,
    MS_NS,
    TOO_LATE_NS,
    Int32,
    Int64,
    Reject,
    WireRow,
    as_ns,
    finding,
    misfit,
)

TRADE: Final = "T"
RAW_LENGTH: Final = 300
_TOO_LATE_MS: Final = TOO_LATE_NS // MS_NS


class _Event(msgspec.Struct, gc=False):
    """What a trade may hold.  Other channels give some of the names to other things; these types let them pass."""

    ev: str = ""
    sym: str | None = None
    p: float | str | None = None
    s: float | str | None = None
    ds: str | float | None = None
    c: list[int] | int | float | None = None
    t: int | None = None
    pt: int | None = None
    q: Int64 | None = None
    i: str | int | list[Any] | None = None
    x: Int32 | None = None
    trfi: Int32 | None = None
    trft: int | None = None
    z: Int32 | list[Any] | float | None = None


class _Usual(msgspec.Struct, gc=False):
    """A trade as it usually is: of such a frame nothing needs to be asked twice.  A superset of no other channel."""

    ev: str
    sym: str
    p: float
    t: int
    s: float | None = None
    ds: str | None = None
    c: tuple[int, ...] | None = None
    pt: int | None = None
    q: Int64 | None = None
    i: str | None = None
    x: Int32 | None = None
    trfi: Int32 | None = None
    trft: int | None = None
    z: Int32 | None = None


_usual: Final = msgspec.json.Decoder(list[_Usual])
_events: Final = msgspec.json.Decoder(list[_Event])
_anything: Final = msgspec.json.Decoder()


def read_frame(payload: bytes) -> tuple[list[WireRow], list[Reject]]:
    """Return a message's trades in order, and what could not be used.  Never fails."""
    try:
        return _read(payload)
    except RecursionError:
        return [], [Reject(0, "frame", "is not JSON that can be read (nested too deep)", _text(payload))]


def _read(payload: bytes) -> tuple[list[WireRow], list[Reject]]:
    usual = _usual_rows(payload)
    if usual is not None:
        return usual, []
    try:
        events = _events.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _one_by_one(payload)
    rows: list[WireRow] = []
    rejects: list[Reject] = []
    for place, event in enumerate(events):
        if event.ev == TRADE:
            read = _row(event)
            if isinstance(read, WireRow):
                rows.append(read)
            else:
                rejects.append(Reject(place, *read, _shown(event)))
    return rows, rejects


def _usual_rows(payload: bytes) -> list[WireRow] | None:
    """Return the rows of a frame of nothing but usable trades; None for any other, which is read with more care.

    Field by field, not print by print: what is asked of one is asked of all at once.
    """
    try:
        events = _usual.decode(payload)
        if not events:
            return []
        ev, sym, p, t, s, ds, c, pt, q, i, x, trfi, trft, z = zip(*map(astuple, events), strict=True)
        sizes = s if ds.count(None) == len(ds) else tuple(map(float, ds))
        participant_ns, trf_ns = _all_ns(pt), _all_ns(trft)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, TypeError):
        return None
    if ev.count(TRADE) < len(ev) or not (min(t) >= LOW_MS and max(t) < LOW_US and _usable(sym, t, p, sizes)):
        return None
    conditions = [_conditions(each) if each else None for each in c]
    sip_ns = [each * MS_NS for each in t]
    return list(map(WireRow, sym, sip_ns, participant_ns, p, sizes, x, conditions, q, i, trfi, trf_ns, repeat(0), z))


def _usable(symbols: Sequence[str], times_ms: Sequence[int], prices: Sequence[float], sizes: Sequence[Any]) -> bool:
    """Whether it is plain that `finding` finds nothing in any of these prints."""
    if None in sizes or not all(symbols) or not isfinite(sum(prices) + sum(sizes)):
        return False
    in_time = min(times_ms) * MS_NS >= EARLIEST_NS and max(times_ms) * MS_NS < LATEST_NS
    return in_time and min(prices) > 0 and min(sizes) >= 0


def _all_ns(stamps: Sequence[int | None]) -> Sequence[int | None]:
    """Return times in ns; most are in ms.  Raises ValueError for one that does not fit."""
    if stamps.count(None) == len(stamps):
        return stamps
    return [each * MS_NS if each is not None and LOW_MS <= each < _TOO_LATE_MS else _fitting(each) for each in stamps]


def _fitting(stamp: int | None) -> int | None:
    at_ns = None if stamp is None else as_ns(stamp)
    if misfit(at_ns, None) is not None:
        raise ValueError(stamp)
    return at_ns


def _row(event: _Event) -> WireRow | tuple[str, str]:
    """Return an event's row, or the field that keeps it from being one and why."""
    symbol, price, given, trade_id, tape = event.sym, event.p, event.c, event.i, event.z
    size = event.s if event.ds is None else _number(event.ds)
    if isinstance(size, str) or isinstance(price, str):
        field, value = ("size", size) if isinstance(size, str) else ("price", price)
        return field, f"got {value!r}; must be a number"
    if isinstance(given, float):
        return ticks.CONDITIONS, f"got {given:g}; must be whole numbers"
    sip_ns = None if event.t is None else as_ns(event.t)
    participant_ns = None if event.pt is None else as_ns(event.pt)
    trf_ns = None if event.trft is None else as_ns(event.trft)
    found = finding(symbol, sip_ns, price, size) or misfit(participant_ns, trf_ns)
    if found is not None or symbol is None or sip_ns is None or price is None or size is None:
        return found or ("row", "is incomplete")
    return WireRow(
        symbol,
        sip_ns,
        participant_ns,
        price,
        size,
        event.x,
        None if given is None or given == [] else _conditions((given,) if isinstance(given, int) else tuple(given)),
        event.q,
        trade_id if trade_id is None or isinstance(trade_id, str) else str(trade_id),
        event.trfi,
        trf_ns,
        0,
        tape if isinstance(tape, int) else None,
    )


def _number(given: str | float) -> str | float:
    """Return a decimal text as a number; as it is when it is none."""
    try:
        return float(given)
    except ValueError:
        return given


@lru_cache(maxsize=65_536)
def _conditions(ids: tuple[int, ...]) -> str:
    return ",".join(map(str, ids))


def _one_by_one(payload: bytes) -> tuple[list[WireRow], list[Reject]]:
    """Some event is not as it should be: say which, and use the others."""
    try:
        given = _anything.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return [], [Reject(0, "frame", f"is not JSON ({error})", _text(payload))]
    rows: list[WireRow] = []
    rejects: list[Reject] = []
    for place, each in enumerate(given if isinstance(given, list) else [given]):
        if not isinstance(each, dict):
            rejects.append(Reject(place, "frame", "holds what is no event", str(each)[:RAW_LENGTH]))
        elif each.get("ev") == TRADE:
            read = _converted(each)
            if isinstance(read, WireRow):
                rows.append(read)
            else:
                rejects.append(Reject(place, *read, _text(msgspec.json.encode(each))))
    return rows, rejects


def _converted(event: dict[str, Any]) -> WireRow | tuple[str, str]:
    try:
        return _row(msgspec.convert(event, _Event))
    except msgspec.ValidationError as error:
        told, _, where = str(error).partition(" - at `$.")
        return where.rstrip("`") or "row", f"{told[:1].lower()}{told[1:]}".replace("`", "")


def _shown(event: _Event) -> str:
    given = {name: getattr(event, name) for name in event.__struct_fields__}
    return _text(msgspec.json.encode({name: value for name, value in given.items() if value is not None}))


def _text(payload: bytes) -> str:
    return payload[:RAW_LENGTH].decode(errors="replace")
