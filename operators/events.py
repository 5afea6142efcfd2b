"""What happened to a plan: facts in the past tense, numbered per plan from 1 without gaps."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec


class Kind(StrEnum):
    """Every kind of plan event."""

    REGISTERED = "registered"
    ENTERED = "entered"
    TARGET_HIT = "target_hit"
    TRAIL_RAISED = "trail_raised"
    AT_RISK = "at_risk"
    RECOVERED = "recovered"
    STOPPED = "stopped"
    COMPLETED = "completed"
    INVALIDATED = "invalidated"
    MISSED = "missed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    GATED = "gated"
    UNGATED = "ungated"
    REPLAN = "replan"


class PlanEvent(msgspec.Struct, frozen=True, gc=False):
    """One fact.  Identity: (plan_id, seq).  `at_ns`: event time, ns, UTC.  `price`: the tick's, dollars, or None.

    `data` is JSON-ready and always holds `why`, one sentence of the numbers that decided it.
    """

    plan_id: str
    version: int
    seq: int
    symbol: str
    kind: Kind
    at_ns: int
    price: float | None
    data: Mapping[str, Any]
