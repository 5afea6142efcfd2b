"""A structured plan for examples: the engine's long intraday idea at 100, with levels and conditions."""

from typing import Any

from operators.engine.evaluation import evaluate
from operators.engine.to_plan import PlanIdentity
from operators.levels.level import Level, LevelKind
from operators.plans import SessionPhase
from operators.sessions import SessionBlock, new_york
from operators.structured.build import structured_plan
from operators.structured.conditions import Condition
from operators.structured.document import StructuredPlan
from tests.operators.engine.engine_cases import AS_OF_NS, ask, level

IDENTITY = PlanIdentity("TEST:vwap_reclaim:long:2013-10-08:1", "vwap_reclaim", AS_OF_NS, None)

HOUR_NS = 3_600_000_000_000
SESSION = SessionBlock(
    status="open",
    phase=SessionPhase.REGULAR,
    session_date=new_york(AS_OF_NS).date(),
    as_of_ns=AS_OF_NS,
    next_open_ns=AS_OF_NS + 23 * HOUR_NS + HOUR_NS // 2,
    next_close_ns=AS_OF_NS + 6 * HOUR_NS,
    tz="America/New_York",
    banner="Regular session until 16:00 ET",
)

CONDITIONS = (
    Condition("relative_volume", 2.1, ok=True, weight=1.0, required=False),
    Condition("reclaimed_vwap", None, ok=True, weight=3.0, required=True),
    Condition("trend_5m", -0.31, ok=False, weight=2.0, required=False),
)

LEVELS = (
    level(99.2, 0.6, LevelKind.SESSION_LOW),
    level(100.1, 0.4, LevelKind.PIVOT),
    level(99.9, 0.9, LevelKind.VWAP),
    level(102.3, 0.7, LevelKind.PRIOR_DAY_HIGH),
    level(120.0, 1.0, LevelKind.ROUND),
    level(101.0, 0.5, LevelKind.POC, AS_OF_NS + 1),
)


def make_document(*levels: Level, conditions: tuple[Condition, ...] = CONDITIONS, **changes: Any) -> StructuredPlan:
    """The document of the examples; changes go to the engine's question."""
    profile = evaluate(ask(*(levels or LEVELS), **({"risk_budget": 100.0} | changes)))
    return structured_plan(profile, IDENTITY, SESSION, conditions)
