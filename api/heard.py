"""What a client of the stream hears, as typed values.  Fields that are not known here are left out."""

from typing import Any, Final

import msgspec

from api.relay.wire import Category
from api.shapes.plans import PlanOut
from operators.events import Kind


class Hello(msgspec.Struct, frozen=True, tag_field="type", tag="hello"):
    """The first word: which log it is, and how often a heartbeat comes, seconds."""

    epoch: str
    heartbeat_s: float


class Snapshot(msgspec.Struct, frozen=True, tag_field="type", tag="snapshot"):
    """The plans that were asked for as they stood at position `seq`; `more`: another piece of it follows."""

    epoch: str
    seq: int
    plans: list[PlanOut]
    more: bool = False


class Event(msgspec.Struct, frozen=True, tag_field="type", tag="event"):
    """Something that happened to a plan.  `seq` counts the whole log, `plan_seq` the plan's own events, both from 1."""

    seq: int
    plan_id: str
    plan_seq: int
    version: int
    symbol: str
    kind: Kind
    category: Category
    at: str
    at_ns: int
    price: float | None
    data: dict[str, Any]


class Price(msgspec.Struct, frozen=True, tag_field="type", tag="price"):
    """Where a plan's price stands, without a place in the log: dollars, reward to risk of the next target, open R.

    `effective_stop`: the stop that holds, dollars, which moves with the price while it trails; None: an older server's.
    """

    plan_id: str
    price: float
    at: str
    at_ns: int
    rr: float | None
    open_r: float | None
    effective_stop: float | None = None


class Heartbeat(msgspec.Struct, frozen=True, tag_field="type", tag="hb"):
    """All that was asked for up to `seq` has been sent; the server looked at the database `lag_ms` ago."""

    seq: int
    lag_ms: int


class Reset(msgspec.Struct, frozen=True, tag_field="type", tag="reset"):
    """What was heard so far belongs to another log, or cannot be gone on from; a snapshot follows."""

    reason: str
    epoch: str | None = None


class Refusal(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    """Something that was asked for cannot be had."""

    code: str
    detail: str


Message = Hello | Snapshot | Event | Price | Heartbeat | Reset | Refusal


def _plan(wanted: type, given: Any) -> Any:
    """Read what msgspec does not know: where a plan stands."""
    return wanted.model_validate(given) if issubclass(wanted, PlanOut) else given


_DECODE: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message, dec_hook=_plan)


def understood(text: str | bytes) -> Message:
    """Read a message of the server.  Raises ValueError for what is none.

    >>> understood('{"type":"hb","seq":7,"lag_ms":3}')
    Heartbeat(seq=7, lag_ms=3)
    """
    return _DECODE.decode(text)
