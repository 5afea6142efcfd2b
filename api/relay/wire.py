"""What clients and server say to each other, as typed values; each is written once, whoever gets it.

`seq` is the position in the log of all plans, from 1 without gaps; `plan_seq` counts one plan's events likewise, so a
client that hears of one plan only can prove that it missed nothing.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec

from api.relay.frames import Said, said
from operators.events import Kind, PlanEvent
from operators.tickers import TICKER
from operators.times import iso


class Category(StrEnum):
    """What sort of news an event is."""

    HIT = "hit"
    HEALTH = "health"
    GATE = "gate"
    REPLAN = "replan"
    LIFECYCLE = "lifecycle"


CATEGORIES: Final = {
    **dict.fromkeys((Kind.ENTERED, Kind.TARGET_HIT, Kind.STOPPED, Kind.COMPLETED), Category.HIT),
    **dict.fromkeys((Kind.AT_RISK, Kind.RECOVERED, Kind.TRAIL_RAISED), Category.HEALTH),
    **dict.fromkeys((Kind.GATED, Kind.UNGATED), Category.GATE),
    Kind.REPLAN: Category.REPLAN,
    **dict.fromkeys(
        (Kind.REGISTERED, Kind.INVALIDATED, Kind.MISSED, Kind.EXPIRED, Kind.CANCELLED, Kind.REPLACED),
        Category.LIFECYCLE,
    ),
}


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a client has come: everything up to `seq` of the log `epoch` has reached it."""

    epoch: str
    seq: int


class Auth(msgspec.Struct, frozen=True, tag_field="type", tag="auth", forbid_unknown_fields=True):
    """A key, for clients that cannot send headers."""

    key: str


class Subscribe(
    msgspec.Struct, frozen=True, tag_field="type", tag="subscribe", forbid_unknown_fields=True, rename={"start": "from"}
):
    """What a client wants to hear from now on, instead of what it wanted before.

    `plans` and `symbols` both None: everything; else what either names.  `start` None: a snapshot first.
    """

    plans: list[str] | None = None
    symbols: list[Annotated[str, msgspec.Meta(pattern=rf"^{TICKER}\Z")]] | None = None
    categories: list[Category] | None = None
    start: Place | None = None
    mode: Literal["events", "latest"] = "events"


class Unsubscribe(msgspec.Struct, frozen=True, tag_field="type", tag="unsubscribe", forbid_unknown_fields=True):
    """Hear nothing any more."""


class Ping(msgspec.Struct, frozen=True, tag_field="type", tag="ping", forbid_unknown_fields=True):
    """Ask for a heartbeat now."""


Request = Auth | Subscribe | Unsubscribe | Ping
_DECODE: Final[msgspec.json.Decoder[Request]] = msgspec.json.Decoder(Request)


class Relayed(msgspec.Struct, frozen=True):
    """An event on its way: what decides who gets it, and its words."""

    seq: int
    plan_id: str
    symbol: str
    category: Category
    said: Said


def read(text: str | bytes) -> Request:
    """Read a client's message.  Raises ValueError saying what is wrong, and where."""
    try:
        return _DECODE.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        msg = str(error) or "is no message"
        raise ValueError(msg) from None


def write(message: str, **fields: Any) -> str:
    """Write a message of the server."""
    return msgspec.json.encode({"type": message, **fields}).decode()


def relayed(seq: int, event: PlanEvent) -> Relayed:
    """Write an event for its way."""
    category = CATEGORIES[event.kind]
    text = write(
        "event",
        seq=seq,
        plan_id=event.plan_id,
        plan_seq=event.seq,
        version=event.version,
        symbol=event.symbol,
        kind=event.kind,
        category=category,
        at=iso(event.at_ns),
        at_ns=event.at_ns,
        price=event.price,
        data=dict(event.data),
    )
    return Relayed(seq, event.plan_id, event.symbol, category, said(text))


def snapshot(epoch: str, seq: int, plans: Sequence[str], *, more: bool) -> str:
    """Write a piece of a snapshot out of plans that are JSON already; `more`: another piece follows."""
    head = write("snapshot", epoch=epoch, seq=seq, more=more)
    return f'{head[:-1]},"plans":[{",".join(plans)}]}}'
