"""Why nothing happened, from what is stored: the rules' own sentences, and what only the tape could tell.

The API has no tape: for an instant before the newest, prices between events and the counts of prints are unknown.
"""

from typing import Final, TypedDict

import sqlalchemy as sa
from msgspec.structs import replace

from api.standing import Basis, one
from operators.explanation import Circumstances, explain
from operators.gating import GateSettings, gate_timeline
from operators.rows import ProgressRow
from operators.sessions import SessionCalendar
from sinks.plan_reader import EVER_NS, last_event
from sinks.reader import progress_of
from sinks.tables import streams
from sinks.told_reader import market_events_known

UNKNOWN: Final = (
    "the last eligible price between events, and distances from it",
    "a trail stop that rose by less than its step since it was announced",
    "how many prints there were, and how many did not count",
)


class Explained(TypedDict):
    """The fields of `api.shapes.plans.Explanation` that are the plan's own."""

    basis: Basis
    lines: list[str]
    unknown: list[str]


def explained(
    connection: sa.Connection, calendar: SessionCalendar, plan_id: str, at_ns: int | None
) -> Explained | None:
    """Explain a plan at an instant (ns UTC), None: where the tape has come to.  None for a plan not known by then."""
    found = one(connection, plan_id, at_ns)
    if found is None:
        return None
    symbol = found.plan.symbol
    progress = max(progress_of(connection, symbol).values(), key=_reached, default=None)
    last = last_event(connection, plan_id, EVER_NS if at_ns is None else at_ns)
    last_ns = max(_reached(progress) if progress else 0, last.at_ns if last else 0)
    at_ns = last_ns if at_ns is None else at_ns
    tape = found.stands.basis == "live" and progress is not None and progress.tape_ns <= at_ns
    state = found.state if found.priced_ns is None else replace(found.state, updated_ns=found.priced_ns)
    gates = gate_timeline(symbol, market_events_known(connection, at_ns), _gate_settings(connection))
    now = Circumstances(found.plan, state, last, at_ns, calendar.block(at_ns), gates, progress if tape else None, tape)
    return {"basis": found.stands.basis, "lines": explain(now), "unknown": [] if tape else list(UNKNOWN)}


def _reached(progress: ProgressRow) -> int:
    return progress.tape_ns


def _gate_settings(connection: sa.Connection) -> GateSettings:
    """The margins that the run was given; usual ones when no stream says."""
    inputs = next(iter(connection.scalars(sa.select(streams.c.inputs).order_by(streams.c.name))), None) or {}
    return GateSettings.from_json(inputs.get("gates", {}))
