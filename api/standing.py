"""Where plans stand, newest or as of an instant.  Rule: the flow's own state where it was so by then, else its events.

A state that last moved at or before the instant is the state of that instant; only when ticks have moved it on since,
it is rebuilt from the events up to then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import sqlalchemy as sa
from msgspec.structs import replace

from api.shapes.plan_text import PlanText
from operators.data_gaps import DataGap, mark_of
from operators.plan_reading import NO_DEFAULTS, read_plan
from operators.plans import Plan
from operators.rebuilding import Rebuilt, ended_ns, rebuilt, state_of
from operators.rows import StateRow, state_row
from operators.state import PlanState
from sinks.plan_reader import (
    EVER_NS,
    PlanFilter,
    StoredVersion,
    deciding_events,
    standings_known,
    standings_page,
    states_of,
    versions_of,
)
from sinks.prepared import Row
from sinks.told_reader import gaps_told

Basis = Literal["live", "events"]
CHUNK = 200
"""Plans looked at together, at least, once those that moved since were not what a list is narrowed to."""


class Stands(msgspec.Struct, frozen=True, gc=False):
    """A plan's state row, what a list shows of the plan, and where the row comes from."""

    row: StateRow
    style: str
    direction: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class Known:
    """All that was known of one plan at an instant.  `priced_ns`: when its last price was told, None: never."""

    stands: Stands
    plan: Plan
    state: PlanState
    versions: dict[int, StoredVersion]
    priced_ns: int | None


def page(
    connection: sa.Connection, wanted: PlanFilter, as_of_ns: int | None, after: str | None, limit: int
) -> list[PlanText]:
    """Up to `limit` plans behind the id `after`, in order of plan_id."""
    if as_of_ns is None:
        return [PlanText.read(each) for each in standings_page(connection, wanted, after, limit)]
    shown: list[PlanText] = []
    together = limit
    while len(shown) < limit:
        found = standings_known(connection, wanted, as_of_ns, after, together)
        shown += _shown(connection, wanted, found, as_of_ns)
        if len(found) < together:
            break
        after, together = found[-1][0], max(limit, CHUNK)
    return shown[:limit]


def _shown(connection: sa.Connection, wanted: PlanFilter, found: Sequence[Row], as_of_ns: int) -> list[PlanText]:
    """How plans stood at an instant: those that moved since are rebuilt, and left out where they do not fit.

    Those of symbols with gaps are looked at one by one, too.
    """
    in_gaps = gaps_told(connection, {row[2] for row in found if row[1] is not None}, as_of_ns)
    asked = [row[0] for row in found if row[1] is None or row[-1] is not None or row[2] in in_gaps]
    then = {each.plan.plan_id: each.stands for each in known(connection, asked, as_of_ns)} if asked else {}
    shown = []
    for row in found:
        stands = then.get(row[0])
        if stands is not None and _fits(stands, wanted):
            shown.append(PlanText.of(stands.row, stands.style, stands.direction, stands.basis))
        elif stands is None and row[1] is not None:
            shown.append(PlanText.read(row))
    return shown


def one(connection: sa.Connection, plan_id: str, as_of_ns: int | None) -> Known | None:
    """One plan, None when it was not registered by then."""
    return next(iter(known(connection, [plan_id], as_of_ns)), None)


def known(connection: sa.Connection, plan_ids: Sequence[str], as_of_ns: int | None) -> list[Known]:
    """What was known of plans at an instant, in the order of `plan_ids`; those not registered are left out."""
    until_ns = EVER_NS if as_of_ns is None else as_of_ns
    versions = versions_of(connection, plan_ids, until_ns)
    live = {
        plan_id: row
        for plan_id, row in states_of(connection, plan_ids).items()
        if plan_id in versions and row.updated_ns <= until_ns
    }
    moved = [plan_id for plan_id in plan_ids if plan_id in versions and plan_id not in live]
    logs = deciding_events(connection, moved, until_ns) if moved else {}
    found = []
    for plan_id in plan_ids:
        if plan_id in live:
            found.append(_live(live[plan_id], versions[plan_id]))
        elif logs.get(plan_id):
            plans = {number: read_plan(each.body, NO_DEFAULTS) for number, each in versions[plan_id].items()}
            told = rebuilt(plans, logs[plan_id])
            found += [] if told is None else [_rebuilt(told, versions[plan_id])]
    return found if as_of_ns is None else _marked(connection, found, as_of_ns)


def _marked(connection: sa.Connection, found: Sequence[Known], as_of_ns: int) -> list[Known]:
    """Let plans carry the gaps that were told by an instant; states say only what was told last."""
    open_to = [each for each in found if each.state.data_gap is None or each.state.data_gap.at_ns > as_of_ns]
    told = gaps_told(connection, {each.plan.symbol for each in open_to}, as_of_ns)
    ended = [each.plan.plan_id for each in open_to if each.plan.symbol in told and not each.state.live]
    logs = deciding_events(connection, ended, as_of_ns) if ended else {}
    marks = {
        each.plan.plan_id: mark_of(
            told.get(each.plan.symbol, ()),
            each.versions[each.plan.version].registered_ns,
            each.plan.valid_from_ns,
            ended_ns(logs.get(each.plan.plan_id, ()), each.plan.version),
        )
        for each in open_to
    }
    return [_with_gap(each, marks[each.plan.plan_id]) if each.plan.plan_id in marks else each for each in found]


def _with_gap(known: Known, gap: DataGap | None) -> Known:
    if known.state.data_gap == gap:
        return known
    stands = known.stands
    row = replace(stands.row, data_gap=None if gap is None else gap.to_json())
    state = replace(known.state, data_gap=gap)
    return Known(replace(stands, row=row), known.plan, state, known.versions, known.priced_ns)


def _live(row: StateRow, versions: dict[int, StoredVersion]) -> Known:
    plan = read_plan(versions[row.version].body, NO_DEFAULTS)
    stands = Stands(row, str(plan.style), str(plan.direction), "live")
    return Known(stands, plan, state_of(row), versions, row.updated_ns)


def _rebuilt(told: Rebuilt, versions: dict[int, StoredVersion]) -> Known:
    row = state_row(told.plan, told.state)
    stands = Stands(row, str(told.plan.style), str(told.plan.direction), "events")
    return Known(stands, told.plan, told.state, versions, told.priced_ns)


def _fits(stands: Stands, wanted: PlanFilter) -> bool:
    since = wanted.updated_since_ns
    return (
        wanted.phase in (None, stands.row.phase)
        and wanted.style in (None, stands.style)
        and wanted.direction in (None, stands.direction)
        and (since is None or stands.row.updated_ns >= since)
    )
