"""The plan events of two databases against each other.  Rule: equal means equal in everything but stream_seq."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from operators.times import iso
from sinks.canonical import canonical
from sinks.database import reading
from sinks.tables import plan_events

CHUNK: Final = 5_000
DETAILS: Final = ("version", "symbol", "kind", "at_ns", "price", "data")


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many events are the same and how many are not; `first`: the earliest difference on the tape, worded."""

    same: int
    different: int
    first: str | None


class _Found(NamedTuple):
    at_ns: int
    plan_id: str
    text: str


def compare_events(one: sa.Engine, other: sa.Engine) -> Comparison:
    """Compare all events of two databases by (plan_id, seq).  Raises DatabaseError."""
    same, different, first = 0, 0, list[_Found]()
    with reading(one) as left, reading(other) as right:
        for pair in _pairs(_events(left), _events(right)):
            found = _difference(*pair)
            if found is None:
                same += 1
                continue
            different += 1
            first = [min([*first, found])]
    return Comparison(same, different, first[0].text if first else None)


_Event = dict[str, Any]
_Pair = tuple[_Event | None, _Event | None]


def _events(connection: sa.Connection) -> Iterator[_Event]:
    """Yield all events in the order of their keys."""
    columns = [column for column in plan_events.columns if column.name != "stream_seq"]
    query = sa.select(*columns).order_by(plan_events.c.plan_id, plan_events.c.seq)
    for row in connection.execution_options(yield_per=CHUNK).execute(query):
        yield row._asdict()


def _key(event: _Event) -> tuple[str, int]:
    return event["plan_id"], event["seq"]


def _pairs(left: Iterator[_Event], right: Iterator[_Event]) -> Iterator[_Pair]:
    """Match the events of two ordered streams; None where one has no such event."""
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and _key(one) < _key(other)):
            yield one, None
            one = next(left, None)
        elif one is None or _key(other) < _key(one):
            yield None, other
            other = next(right, None)
        else:
            yield one, other
            one, other = next(left, None), next(right, None)


def _difference(one: _Event | None, other: _Event | None) -> _Found | None:
    present = one or other
    if present is None or one == other:
        return None
    name = f"plan {present['plan_id']} seq {present['seq']}"
    if one is None or other is None:
        where = "first" if other is None else "second"
        text = f"{name}: only the {where} has it: {present['kind']} at {iso(present['at_ns'])}"
        return _Found(present["at_ns"], present["plan_id"], text)
    details = "; ".join(
        f"{field} {_shown(field, one[field])} and {_shown(field, other[field])}"
        for field in DETAILS
        if one[field] != other[field]
    )
    return _Found(min(one["at_ns"], other["at_ns"]), present["plan_id"], f"{name}: {details}")


def _shown(field: str, value: Any) -> str:
    if field == "at_ns":
        return iso(value)
    return canonical(value) if field == "data" else str(value)
