"""Proposals for the desk: a long intraday idea at 100, stop 98 or so, unless told otherwise."""

import dataclasses
from typing import Any

from msgspec.structs import replace

from operators.engine.evaluation import evaluate
from operators.events import Kind, PlanEvent
from operators.gating import NO_GATES
from operators.plans import Direction, Style
from operators.proposing.desk import Desk, Taken
from operators.proposing.proposer import Proposal
from operators.scan.candidate import Candidate
from operators.sessions import new_york
from tests.operators.engine.engine_cases import AS_OF_NS, ask, move
from tests.operators.structured.plan_cases import CONDITIONS, HOUR_NS, SESSION

MINUTE_NS = 60_000_000_000
DAY_NS = 24 * HOUR_NS
CLOSE_NS = AS_OF_NS + 6 * HOUR_NS
"""16:00 of the examples' day."""


def proposal(at_ns: int = AS_OF_NS, price: float = 100.0, em: float | None = 5.0, **changes: Any) -> Proposal:
    """A candidate and the engine's answer; without an expected move, a plan to be watched."""
    fields: dict[str, Any] = {
        "symbol": "TEST",
        "strategy": "vwap_reclaim",
        "style": Style.INTRADAY,
        "direction": Direction.LONG,
        "at_ns": at_ns,
        "session_date": new_york(at_ns).date(),
        "reference_price": price,
        "atr": 1.0,
        "conditions": CONDITIONS,
        "confidence": 0.5,
        "features": (("close", price), ("vwap", None)),
    }
    days = max(0, (at_ns - CLOSE_NS) // DAY_NS + 1)
    close_ns = changes.pop("close_ns", CLOSE_NS + days * DAY_NS)
    candidate = Candidate(**(fields | changes))
    question = ask(
        style=candidate.style,
        direction=candidate.direction,
        reference=price,
        as_of_ns=at_ns,
        atr=candidate.atr,
        em=None,
        risk_budget=500.0,
    )
    if em is not None:
        question = replace(question, expected_move=replace(move(em), available_at_ns=at_ns))
    return Proposal(candidate, evaluate(question), dataclasses.replace(SESSION, as_of_ns=at_ns, next_close_ns=close_ns))


def take(desk: Desk, *proposals: Proposal) -> list[Taken]:
    """Decide on proposals, one after the other."""
    return [desk.take(each, NO_GATES) for each in proposals]


def ended(plan_id: str, kind: Kind, at_ns: int) -> PlanEvent:
    """The last word of a plan."""
    return PlanEvent(plan_id=plan_id, version=1, seq=3, symbol="TEST", kind=kind, at_ns=at_ns, price=None, data={})
