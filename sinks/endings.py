"""Reading how plans ended: the event that ended each plan's newest version."""

from typing import Final

import sqlalchemy as sa

from operators.state import LIVE, Phase
from sinks.tables import plan_events, plan_states

ENDINGS: Final = tuple(str(phase) for phase in Phase if phase not in LIVE)
"""Terminal phases; the events that lead there are called alike."""


def endings(connection: sa.Connection) -> dict[str, tuple[int, float | None]]:
    """When (ns UTC) each finished plan ended, and at what price it left if it was in, by plan_id.

    Live plans have no entry.  What follows the end, a `replan`, does not hide it.
    """
    same = (plan_events.c.plan_id == plan_states.c.plan_id) & (plan_events.c.version == plan_states.c.version)
    left_at = sa.case((plan_states.c.fill_price.is_not(None), plan_events.c.price))
    query = sa.select(plan_events.c.plan_id, plan_events.c.at_ns, left_at).select_from(
        plan_states.join(plan_events, same)
    )
    over = plan_states.c.phase.in_(ENDINGS) & plan_events.c.kind.in_(ENDINGS)
    return {plan_id: (at_ns, price) for plan_id, at_ns, price in connection.execute(query.where(over))}
