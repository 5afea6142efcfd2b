"""A trading plan: what to enter, where it is wrong, where it pays.  Frozen values that cannot be built wrong."""

import re
from enum import StrEnum
from itertools import pairwise
from math import inf
from typing import Final, NoReturn

import msgspec

from operators.prices import PRICE_TOLERANCE, plain
from operators.tickers import SYMBOL_LENGTH, is_ticker

PLAN_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
MAX_TARGETS: Final = 5
LAST_VERSION: Final = 2**31 - 1
FRACTION_TOLERANCE: Final = 1e-9


class PlanError(ValueError):
    """A plan that breaks a rule.  `field` names it, in one line; the text says what was given and what is allowed."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field if field.isprintable() else repr(field)
        super().__init__(f"{self.field}: {message}")
        self.message = message


class Style(StrEnum):
    """How long the idea is meant to live."""

    SCALP = "scalp"
    INTRADAY = "intraday"
    SWING = "swing"
    LEAP = "leap"


class Direction(StrEnum):
    """Which way the plan profits."""

    LONG = "long"
    SHORT = "short"


class EntryType(StrEnum):
    """What lets the plan in: any price, a price at or better than the entry, or a price at or beyond it."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"


class Gate(StrEnum):
    """What market events allow, weakest first."""

    ALLOW = "allow"
    DEFINED_RISK = "defined_risk"
    SUPPRESS = "suppress"


class SessionPhase(StrEnum):
    """Part of the trading day, New York time, half-open."""

    PRE = "pre"
    REGULAR = "regular"
    POST = "post"
    CLOSED = "closed"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """`price` in dollars; for a market entry it is only a reference and may be None."""

    type: EntryType
    price: float | None


class Target(msgspec.Struct, frozen=True, gc=False):
    """`price` in dollars; `fraction` of the whole position sold there, in (0, 1]."""

    price: float
    fraction: float


class Trail(msgspec.Struct, frozen=True, gc=False):
    """A stop that follows the best price at `distance` dollars once `after` targets were hit.

    A raise is announced when it is at least `step` dollars above the last announced one.
    """

    distance: float
    step: float
    after: int = 1

    def __post_init__(self) -> None:
        """Refuse distances that cannot trail."""
        for field, dollars in (("trail.distance", self.distance), ("trail.step", self.step)):
            if not 0 < dollars < inf:
                raise PlanError(field, f"got {dollars}; must be dollars above 0")
        if not 1 <= self.after <= MAX_TARGETS:
            raise PlanError("trail.after", f"got {self.after}; must be a number of targets, 1 to {MAX_TARGETS}")


class Plan(
    msgspec.Struct, frozen=True, gc=False, rename={"valid_from_ns": "valid_from", "expires_at_ns": "expires_at"}
):
    """One version of a plan.  Prices in dollars per share; times in ns since the epoch, UTC.

    Live for ticks with `valid_from_ns` <= sip_ns < `expires_at_ns` (None: no end).
    Raises PlanError naming the field when the values contradict each other.
    """

    plan_id: str
    version: int
    symbol: str
    style: Style
    direction: Direction
    entry: Entry
    stop: float
    targets: tuple[Target, ...]
    valid_from_ns: int
    expires_at_ns: int | None
    sessions: tuple[SessionPhase, ...] = (SessionPhase.REGULAR,)
    breakeven_after: int = 1
    trail: Trail | None = None
    at_risk_buffer: float = 0.2
    on_event: Gate = Gate.DEFINED_RISK
    odd_lots: bool = False
    extended_hours: bool = False

    def __post_init__(self) -> None:
        """Hold the values against DESIGN section 6."""
        if not PLAN_ID.fullmatch(self.plan_id):
            raise PlanError("plan_id", f"got {self.plan_id[:65]!r}; must be 1 to 64 of A-Z a-z 0-9 . _ : -")
        if not 1 <= self.version <= LAST_VERSION:
            raise PlanError("version", f"got {self.version}; must be 1 to {LAST_VERSION}")
        if not is_ticker(self.symbol):
            allowed = f"a ticker: 1 to {SYMBOL_LENGTH} characters of ASCII without spaces, commas and stars"
            raise PlanError("symbol", f"got {self.symbol[: SYMBOL_LENGTH + 1]!r}; must be {allowed}")
        if self.expires_at_ns is not None and self.expires_at_ns <= self.valid_from_ns:
            raise PlanError("expires_at", "must be later than valid_from")
        _check_sessions(self.sessions)
        _check_fractions(self.targets)
        _check_ladder(self)
        if not 0 <= self.breakeven_after <= MAX_TARGETS:
            allowed = f"0 (never) to {MAX_TARGETS}"
            raise PlanError("breakeven_after", f"got {self.breakeven_after}; must be {allowed}")
        if not 0 <= self.at_risk_buffer < inf:
            raise PlanError("at_risk_buffer", f"got {self.at_risk_buffer}; must be a fraction of risk, 0 or more")
        if self.on_event is Gate.ALLOW:
            raise PlanError("on_event", "got 'allow'; must be defined_risk or suppress")

    @property
    def sign(self) -> int:
        """+1 for a long plan, -1 for a short one: a signed move is `sign * (price - fill)`."""
        return 1 if self.direction is Direction.LONG else -1


def _check_sessions(sessions: tuple[SessionPhase, ...]) -> None:
    if sessions == (SessionPhase.REGULAR,):
        return
    if not sessions or len(set(sessions)) != len(sessions) or SessionPhase.CLOSED in sessions:
        got = ", ".join(sessions) or "nothing"
        raise PlanError("sessions", f"got {got}; must be one or more of pre, regular, post, each once")


def _check_fractions(targets: tuple[Target, ...]) -> None:
    if not 1 <= len(targets) <= MAX_TARGETS:
        raise PlanError("targets", f"got {len(targets)}; must be 1 to {MAX_TARGETS}")
    total = 0.0
    for index, target in enumerate(targets, 1):
        if not 0 < target.fraction <= 1 + FRACTION_TOLERANCE:
            field = f"targets[{index}].fraction"
            raise PlanError(field, f"got {target.fraction}; must be above 0, at most 1")
        total += target.fraction
    if total > 1 + FRACTION_TOLERANCE:
        raise PlanError("targets", f"fractions sum to {total:g}; must be at most 1")


def _check_ladder(plan: Plan) -> None:
    """Long: stop < entry < targets ascending; short mirrored.  A market entry's price is no rung."""
    price, market, sign = plan.entry.price, plan.entry.type is EntryType.MARKET, plan.sign
    if price is None and not market:
        raise PlanError("entry.price", f"is missing; a {plan.entry.type} entry needs one")
    if not 0 < plan.stop < inf or not (price is None or 0 < price < inf):
        _refuse_ladder(plan)
    below = plan.stop
    if price is not None and not market:
        if not sign * (price - below) > PRICE_TOLERANCE:
            _refuse_ladder(plan)
        below = price
    for target in plan.targets:
        if not (sign * (target.price - below) > PRICE_TOLERANCE and 0 < target.price < inf):
            _refuse_ladder(plan)
        below = target.price


def _refuse_ladder(plan: Plan) -> NoReturn:
    """Name the first rung that is wrong."""
    rungs = [("stop", plan.stop)]
    if plan.entry.price is not None:
        rungs.append(("entry", plan.entry.price))
    rungs += [(f"targets[{index}]", target.price) for index, target in enumerate(plan.targets, 1)]
    for name, price in rungs:
        if not 0 < price < inf:
            raise PlanError(name, f"got {price}; must be dollars above 0")
    if plan.entry.type is EntryType.MARKET:
        rungs = [rung for rung in rungs if rung[0] != "entry"]
    wider, tighter = ("below", "above") if plan.sign > 0 else ("above", "below")
    for (name, price), (next_name, next_price) in pairwise(rungs):
        if plan.sign * (next_price - price) > PRICE_TOLERANCE:
            continue
        if name == "stop":
            rule = f"for a {plan.direction} must be {wider} {next_name} {plain(next_price)}"
            raise PlanError("stop", f"got {plain(price)}; {rule}")
        rule = f"for a {plan.direction} must be {tighter} {name} {plain(price)}"
        raise PlanError(next_name, f"got {plain(next_price)}; {rule}")
    raise PlanError("stop", "levels do not ascend")
