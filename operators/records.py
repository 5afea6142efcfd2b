"""What a symbol's tape holds for its plans, besides frames of ticks.  Each record carries its own event time.

What comes once a plan is a struct: quick to make, and the collector need not look at it.
"""

from dataclasses import dataclass

import msgspec

from operators.plans import Gate, Plan
from operators.targets import LadderMeasure


class Tick(msgspec.Struct, frozen=True, gc=False):
    """One print that a plan may act on.  `at_ns`: SIP time, ns since the epoch, UTC.  `price`: dollars, > 0."""

    at_ns: int
    price: float


class Register(msgspec.Struct, frozen=True, gc=False):
    """Start watching this version of the plan at `at_ns`.  `profile`: its ladder, once measured."""

    at_ns: int
    plan: Plan
    profile: LadderMeasure | None = None


class Cancel(msgspec.Struct, frozen=True, gc=False):
    """Stop watching the plan at `at_ns`."""

    at_ns: int
    plan_id: str


class GateEdge(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """The gate of one plan changes at `at_ns`.  `causes` are the market events of the window (both edges)."""

    at_ns: int
    gate: Gate
    causes: tuple["GateCause", ...]


@dataclass(frozen=True, slots=True, order=True)
class GateCause:
    """Why a window is there: a market event of `kind` and `severity` at `at_ns`."""

    event_id: str
    kind: str
    severity: str
    label: str
    at_ns: int


class Expiry(msgspec.Struct, frozen=True, gc=False):
    """The plan's own deadline passed.  `at_ns` is the deadline, not the record that showed it had passed."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class ClockMark:
    """Time has reached `at_ns` for every symbol: all deadlines at or before it have passed."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class TapeEnd:
    """The recording stops at `at_ns`, its last record: commands up to there are on it, deadlines beyond are not.

    None: the tape was left before its end, and nothing more is known.
    """

    at_ns: int | None


Command = Register | Cancel
