"""Trades in one page of the vendor's /v3/trades endpoint, as rows like those of the feed.

Rule: a page on a tape is read as if its prints had come by the feed.  The endpoint's times are ns, the feed's ms; they
are cut to ms, so that the same print has the same time wherever it came from, and a repaired day equals an undisturbed
one.  Whoever asks the endpoint alone keeps the ns.
"""

from typing import Any, Final

import msgspec

from operators.wire.rows import MS_NS, Int32, Int64, Reject, WireRow, as_ns, finding, misfit

RAW_LENGTH: Final = 300


class _Trade(msgspec.Struct, gc=False):
    price: float | None = None
    size: float | None = None
    decimal_size: float | str | None = None
    sip_timestamp: int | None = None
    participant_timestamp: int | None = None
    conditions: list[int] | int | None = None
    correction: Int32 | None = None
    exchange: Int32 | None = None
    id: str | int | None = None
    sequence_number: Int64 | None = None
    trf_id: Int32 | None = None
    trf_timestamp: int | None = None
    tape: Int32 | None = None


class _Page(msgspec.Struct, gc=False):
    results: list[msgspec.Raw] | None = None


_page: Final = msgspec.json.Decoder(_Page)
_trade: Final = msgspec.json.Decoder(_Trade)


def read_page(symbol: str, body: bytes, *, whole_ms: bool = True) -> tuple[list[WireRow], list[Reject]]:
    """Return a page's trades in its order, and what could not be used.  Never fails."""
    cut = MS_NS if whole_ms else 1
    try:
        return _rows(symbol, body, cut)
    except RecursionError:
        return [], [Reject(0, "page", "is no page of trades (nested too deep)", _text(body))]


def _rows(symbol: str, body: bytes, cut: int) -> tuple[list[WireRow], list[Reject]]:
    try:
        results = _page.decode(body).results or []
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return [], [Reject(0, "page", f"is no page of trades ({error})", _text(body))]
    rows: list[WireRow] = []
    rejects: list[Reject] = []
    for place, raw in enumerate(results):
        read = _read(symbol, bytes(raw), cut)
        if isinstance(read, WireRow):
            rows.append(read)
        else:
            rejects.append(Reject(place, *read, _text(bytes(raw))))
    return rows, rejects


def _read(symbol: str, raw: bytes, cut: int) -> WireRow | tuple[str, str]:
    try:
        trade = _trade.decode(raw)
        size = trade.size if trade.decimal_size is None else float(trade.decimal_size)
    except (msgspec.DecodeError, ValueError) as error:
        return "row", str(error).replace("`", "")
    sip_ns, participant_ns, trf_ns = (
        _cut(each, cut) for each in (trade.sip_timestamp, trade.participant_timestamp, trade.trf_timestamp)
    )
    found = finding(symbol, sip_ns, trade.price, size) or misfit(participant_ns, trf_ns)
    if found is not None or sip_ns is None or trade.price is None or size is None:
        return found or ("row", "is incomplete")
    ids = [trade.conditions] if isinstance(trade.conditions, int) else trade.conditions
    return WireRow(
        symbol,
        sip_ns,
        participant_ns,
        trade.price,
        size,
        trade.exchange,
        ",".join(map(str, ids)) if ids else None,
        trade.sequence_number,
        None if trade.id is None else str(trade.id),
        trade.trf_id,
        trf_ns,
        trade.correction or 0,
        trade.tape,
    )


def _cut(stamp: Any, cut: int) -> int | None:
    """Return a time in ns, in whole multiples of `cut`."""
    if stamp is None:
        return None
    at_ns = as_ns(stamp)
    return at_ns - at_ns % cut


def _text(body: bytes) -> str:
    return body[:RAW_LENGTH].decode(errors="replace")
