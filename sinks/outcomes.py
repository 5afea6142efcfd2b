"""How the scanner's proposals ended: each scan result that was proposed, with the state of its plan."""

from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa

from operators.backtest.outcome import TradeOutcome
from operators.plans import Direction, Style
from operators.state import Phase
from operators.transitions import ENDS
from sinks.tables import plan_events, plan_states, scan_results

_COLUMNS: Final = (
    scan_results.c.at_ns,
    scan_results.c.strategy,
    scan_results.c.direction,
    scan_results.c.actionable,
    scan_results.c.profile,
    *(plan_states.c[name] for name in ("phase", "fill_price", "realized_r", "mfe_r", "mae_r")),
    *(plan_states.c[name] for name in ("targets_hit", "updated_ns")),
    plan_events.c.at_ns.label("ended_ns"),
)
# Not the state's last change: a word about what came after the end (`replan`) changes a state too.
_ENDED: Final = sa.and_(
    plan_events.c.plan_id == plan_states.c.plan_id,
    plan_events.c.version == plan_states.c.version,
    plan_events.c.kind.in_(sorted(ENDS)),
)


def outcomes(
    connection: sa.Connection, strategy: str | None = None, sessions: Collection[str] | None = None
) -> list[TradeOutcome]:
    """Proposals in order of their time and id, actionable or only to be watched; of one strategy, of days if asked.

    A candidate that was withheld because its setup's plan lived is no proposal.
    """
    joined = scan_results.outerjoin(plan_states, plan_states.c.plan_id == scan_results.c.plan_id)
    joined = joined.outerjoin(plan_events, _ENDED)
    query = sa.select(*_COLUMNS).select_from(joined).where(scan_results.c.ordinal.is_not(None))
    if strategy is not None:
        query = query.where(scan_results.c.strategy == strategy)
    if sessions is not None:
        query = query.where(scan_results.c.session_date.in_(sorted(sessions)))
    found = [_outcome(row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda each: (each.at_ns, each.plan_id))


def strategies(connection: sa.Connection) -> list[str]:
    """The strategies that found something, by name."""
    return list(connection.scalars(sa.select(scan_results.c.strategy).distinct().order_by(scan_results.c.strategy)))


def _outcome(row: Any) -> TradeOutcome:
    document, live = row["profile"], row["phase"] is not None
    return TradeOutcome(
        plan_id=document["plan_id"],
        symbol=document["symbol"],
        strategy=row["strategy"],
        style=Style(document["style"]),
        direction=Direction(row["direction"]),
        phase=Phase(row["phase"]) if live else Phase.WAITING,
        entered=row["fill_price"] is not None,
        realized_r=row["realized_r"] if live else 0.0,
        mfe_r=row["mfe_r"],
        mae_r=row["mae_r"],
        at_ns=_at_ns(row),
        probabilities=tuple(each["before_stop"] for each in document["probabilities"]),
        targets_hit=row["targets_hit"] if live else 0,
        n_targets=max(1, len(document["targets"])),
        actionable=bool(row["actionable"]),
    )


def _at_ns(row: Any) -> int:
    """When the plan ended, else its last change, else when it was proposed, ns UTC."""
    known: tuple[int | None, ...] = row["ended_ns"], row["updated_ns"]
    return next((at_ns for at_ns in known if at_ns is not None), int(row["at_ns"]))
