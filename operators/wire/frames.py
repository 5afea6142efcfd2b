"""Trades in one message of the vendor's WebSocket.  Every event of channel T becomes a row or a reject; others pass by.

Layout, units and what is missing where: the vendor's specification of the stocks cluster.  `ds`, a decimal text, is the
size where it is given: `s` is rounded.  A live print has no correction: the feed never tells of one.
"""

from functools import lru_cache
from typing import Any, Final

import msgspec

from operators.wire.rows import Reject, WireRow, as_ns, finding

TRADE: Final = "T"
RAW_LENGTH: Final = 300


class _Event(msgspec.Struct, gc=False):
    """What a trade may hold.  Other channels give some of the names to other things; these types let them pass."""

    ev: str = ""
    sym: str | None = None
    p: float | str | None = None
    s: float | str | None = None
    ds: str | float | None = None
    c: list[int] | float | None = None
    t: int | None = None
    pt: int | None = None
    q: int | None = None
    i: str | int | list[Any] | None = None
    x: int | None = None
    trfi: int | None = None
    trft: int | None = None


_events: Final = msgspec.json.Decoder(list[_Event])
_anything: Final = msgspec.json.Decoder()


def read_frame(payload: bytes) -> tuple[list[WireRow], list[Reject]]:
    """Return a message's trades in order, and what could not be used.  Never fails."""
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


def _row(event: _Event) -> WireRow | tuple[str, str]:
    """Return an event's row, or the field that keeps it from being one and why."""
    size = _size(event)
    if isinstance(size, str) or isinstance(event.p, str):
        field, value = ("size", size) if isinstance(size, str) else ("price", event.p)
        return field, f"got {value!r}; must be a number"
    sip_ns = None if event.t is None else as_ns(event.t)
    found = finding(event.sym, sip_ns, event.p, size)
    if found is not None or event.sym is None or sip_ns is None or event.p is None or size is None:
        return found or ("row", "is incomplete")
    given, trade_id = event.c, event.i
    return WireRow(
        event.sym,
        sip_ns,
        None if event.pt is None else as_ns(event.pt),
        event.p,
        size,
        event.x,
        _conditions(tuple(given)) if isinstance(given, list) and given else None,
        event.q,
        None if trade_id is None else str(trade_id),
        event.trfi,
        None if event.trft is None else as_ns(event.trft),
        0,
    )


def _size(event: _Event) -> float | str | None:
    """Shares; a text when it is no number."""
    given = event.s if event.ds is None else event.ds
    if isinstance(given, str):
        try:
            return float(given)
        except ValueError:
            return given
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
