"""Reading how plans ended: the event that was each plan's last word."""

from typing import Final

import sqlalchemy as sa

from operators.events import Kind
from sinks.tables import plan_events, plan_states

ENDINGS: Final = (
    Kind.COMPLETED,
    Kind.STOPPED,
    Kind.INVALIDATED,
    Kind.MISSED,
    Kind.EXPIRED,
    Kind.CANCELLED,
    Kind.REPLACED,
)


def endings(connection: sa.Connection) -> dict[str, tuple[int, float | None]]:
    """When (ns UTC) and at what price each finished plan ended, by plan_id; live plans have no entry."""
    last = (plan_events.c.plan_id == plan_states.c.plan_id) & (plan_events.c.seq == plan_states.c.last_seq)
    query = sa.select(plan_events.c.plan_id, plan_events.c.at_ns, plan_events.c.price)
    query = query.select_from(plan_states.join(plan_events, last))
    rows = connection.execute(query.where(plan_events.c.kind.in_([str(kind) for kind in ENDINGS])))
    return {plan_id: (at_ns, price) for plan_id, at_ns, price in rows}
