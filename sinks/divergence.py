"""What a rerun must not do: offer another content for a row that is stored already.  Here it is found and worded."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from operators.times import iso
from sinks.copying import Row
from sinks.tables import scan_results

Key = Callable[[Row], tuple[Any, ...]]
Contradiction = tuple[Row, Row]
"""A stored row and the one now offered under its key."""

_EVENT_DETAILS: Final = {"version": 1, "symbol": 3, "price": 6, "data": 7}


def plan_key(row: Row) -> tuple[Any, ...]:
    """(plan_id, version) of a row of plans."""
    return row[:2]


def event_key(row: Row) -> tuple[Any, ...]:
    """(plan_id, seq) of a row of plan_events."""
    return row[0], row[2]


def scan_key(row: Row) -> tuple[Any, ...]:
    """(symbol, strategy, direction, at_ns) of a row of scan_results."""
    return row[:4]


def sort_out(stored: Iterable[Row], offered: Sequence[Row], key: Key) -> tuple[list[Row], list[Contradiction]]:
    """Split what is offered: rows under new keys, and contradictions.  Repetitions are neither.

    Stored rows may have further columns at their end, which are not compared.
    """
    known = {key(row): row for row in stored}
    new: list[Row] = []
    contradictions: list[Contradiction] = []
    for row in offered:
        other = known.get(key(row))
        if other is None:
            known[key(row)] = row
            new.append(row)
        elif other[: len(row)] != row:
            contradictions.append((other, row))
    return new, contradictions


def say_event(contradiction: Contradiction) -> str:
    """Word a contradiction of events in one line."""
    old, new = contradiction
    details = [
        f"; {name} {old[place]} became {new[place]}"
        for name, place in _EVENT_DETAILS.items()
        if old[place] != new[place]
    ]
    was, now = (f"{row[4]} at {iso(row[5])}" for row in contradiction)
    return f"plan {new[0]} seq {new[2]}: stored {was}, now {now}{''.join(details)}"


def say_scan(contradiction: Contradiction) -> str:
    """Word a contradiction of scan results in one line."""
    new = contradiction[1]
    names = [column.name for column in scan_results.columns]
    changed = [name for name, *values in zip(names, *contradiction, strict=True) if values[0] != values[1]]
    return f"scan of {new[0]}, {new[1]} {new[2]} at {iso(new[3])}: stored with another {', '.join(changed)}"


def say_plan(contradiction: Contradiction) -> str:
    """Word a contradiction of registered plans in one line."""
    new = contradiction[1]
    bodies = [json.loads(row[6]) for row in contradiction]
    fields = sorted(name for name in bodies[0] | bodies[1] if bodies[0].get(name) != bodies[1].get(name))
    details = f"; its body differs in {', '.join(fields)}" if fields else ""
    was, now = (f"registered at {iso(row[5])}" for row in contradiction)
    return f"plan {new[0]} version {new[1]}: stored {was}, now {now}{details}"
