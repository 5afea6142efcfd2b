"""Records of the tape, cut into what each partition gets.  Nothing here touches a topic.

Rule: prints are keyed by symbol, and a symbol's stay in their order; everything else goes to every partition, whole.
The elements of a message stay the bytes that the feed sent, so a topic is as raw a recording as the tape is.  A cut
depends on the record alone: cut again after a crash, it is the same.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from flows.tape.segments.payloads import read_repair
from flows.tape.segments.record import Kind, Record
from operators.wire.ahead import believed
from operators.wire.frames import read_frame
from operators.wire.pages import read_page
from operators.wire.rows import Reject, WireRow

MOST_BYTES: Final = 1 << 19
"""Of a value, unless a single element is longer; brokers take 1 MB by default."""
NOBODY: Final = ""
"""The key of what has no symbol."""


class Part(NamedTuple):
    """What one message holds.  `symbol` None: for every partition.  `held`, `steps`: its elements, see `wire`."""

    symbol: str | None
    value: bytes
    held: int = 0
    steps: tuple[int, ...] = ()


class Cut(NamedTuple):
    """A record's parts, and the SIP time of its newest print that is believed, ns UTC, 0 when it has none."""

    parts: list[Part]
    newest_ns: int


class _Named(msgspec.Struct, gc=False):
    sym: str = NOBODY


class _Page(msgspec.Struct, gc=False):
    results: list[msgspec.Raw] | None = None


_named: Final = msgspec.json.Decoder(list[_Named])
_name: Final = msgspec.json.Decoder(_Named)
_elements: Final = msgspec.json.Decoder(list[msgspec.Raw])
_page: Final = msgspec.json.Decoder(_Page)


def cut(record: Record) -> Cut:
    """Cut a record."""
    if record.kind is Kind.FRAME:
        rows, rejects = read_frame(record.payload)
        return Cut(list(_of_frame(record.payload, rows, rejects)), _newest(rows, record))
    if record.kind is Kind.REPAIR:
        symbol, body = read_repair(record.payload)
        rows, _ = read_page(symbol, body)
        return Cut(list(_of_page(record.payload)), _newest(rows, record))
    return Cut([Part(None, record.payload)], 0)


def _newest(rows: Sequence[WireRow], record: Record) -> int:
    return max([row.sip_ns for row in believed(rows, record.receive_ns)], default=0)


def _of_frame(payload: bytes, rows: Sequence[WireRow], rejects: Sequence[Reject]) -> Iterator[Part]:
    if not rows and [(each.place, each.field) for each in rejects] == [(0, "frame")]:
        yield Part(NOBODY, payload)  # none of it can be read; whoever reads it says so
        return
    elements = _elements.decode(payload if payload.lstrip().startswith(b"[") else b"[" + payload + b"]")
    by_symbol: dict[str, list[int]] = {}
    for place, symbol in enumerate(_symbols(payload, elements)):
        by_symbol.setdefault(symbol, []).append(place)
    for symbol, places in by_symbol.items():
        for some in [places] if len(payload) <= MOST_BYTES else _bounded(places, elements):
            yield Part(symbol, b"[" + _joined(some, elements) + b"]", len(some), _steps(some))


def _of_page(payload: bytes) -> Iterator[Part]:
    name, _, body = payload.partition(b"\n")
    symbol = name.decode(errors="replace")
    try:
        elements = _page.decode(body).results or []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield Part(symbol, payload)
        return
    for some in _bounded(list(range(len(elements))), elements):
        yield Part(symbol, name + b'\n{"results":[' + _joined(some, elements) + b"]}", len(some), _steps(some))


def _symbols(payload: bytes, elements: Sequence[msgspec.Raw]) -> Iterator[str]:
    """Yield each element's symbol; one that has none, or is no event at all, is nobody's."""
    try:
        yield from [each.sym for each in _named.decode(payload)]
    except (msgspec.DecodeError, UnicodeDecodeError):
        yield from map(_symbol, elements)


def _symbol(element: Any) -> str:
    try:
        return _name.decode(element).sym
    except (msgspec.DecodeError, UnicodeDecodeError):
        return NOBODY


def _bounded(places: Sequence[int], elements: Sequence[msgspec.Raw]) -> Iterator[list[int]]:
    """Yield the places in runs whose elements fit into one message."""
    some, size = list[int](), 0
    for place in places:
        more = len(memoryview(elements[place]))
        if some and size + more > MOST_BYTES:
            yield some
            some, size = [], 0
        some.append(place)
        size += more + 1
    if some:
        yield some


def _joined(places: Sequence[int], elements: Sequence[msgspec.Raw]) -> bytes:
    return b",".join([bytes(elements[place]) for place in places])


def _steps(places: Sequence[int]) -> tuple[int, ...]:
    return () if places[-1] == len(places) - 1 else tuple(places)
