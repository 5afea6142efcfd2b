"""The same lifecycle over columns.  Rule: skip only ticks that `lifecycle.step` would merely have absorbed.

For every live plan there is a quiet band of prices in which a tick moves nothing but the last price and the
extremes.  The columns are searched for the first tick outside it; that tick goes through `step`, and so on.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from operators.events import PlanEvent
from operators.lifecycle import absorb, step
from operators.plans import EntryType, Gate, Plan
from operators.position import health_thresholds, trail_level
from operators.records import Tick
from operators.state import Health, Phase, PlanState, Quiet, breakeven_on, effective_stop

SLACK: Final = 1e-8
"""Dollars by which the quiet band is narrowed: more than every tolerance in `step`, less than a tick."""

FEW: Final = 16
"""Of so many prices plain Python finds the extremes sooner than numpy."""
STEPPED: Final = 2
"""So few ticks are stepped through sooner than searched."""
FIRST_CHUNK: Final = 64
CHUNK_GROWTH: Final = 8

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ticks:
    """Eligible ticks of one symbol in tape order: SIP time in ns UTC (int64) and price in dollars (float64).

    `low`, `high`: the extreme prices; infinities the wrong way round when there is no tick.
    """

    sip_ns: Ints
    price: Floats
    low: float
    high: float
    _places: dict[int, int] = field(default_factory=dict, repr=False, compare=False)
    _parts: dict[tuple[int, int], Quiet] = field(default_factory=dict, repr=False, compare=False)

    def as_quiet(self) -> Quiet:
        """Return what they leave if all are quiet; of one tick or more."""
        return self.quiet(0, len(self.price))

    def place(self, at_ns: int) -> int:
        """Return the index of the first tick at or after an instant; plans ask for the same few instants again."""
        place = self._places.get(at_ns)
        if place is None:
            place = self._places[at_ns] = int(self.sip_ns.searchsorted(at_ns))
        return place

    def quiet(self, start: int, end: int) -> Quiet:
        """Return what `ticks[start:end]`, one or more, leave if all are quiet; plans ask for the same few again."""
        quiet = self._parts.get((start, end))
        if quiet is None:
            part = self.price[start:end]
            whole = len(part) == len(self.price)
            high, low = (self.high, self.low) if whole else (float(part.max()), float(part.min()))
            quiet = self._parts[start, end] = Quiet(int(self.sip_ns[end - 1]), float(part[-1]), high, low)
        return quiet

    @classmethod
    def of(cls, sip_ns: Ints, price: Floats) -> Self:
        """Build from columns of equal length."""
        if len(price) > FEW:
            return cls(sip_ns, price, float(price.min()), float(price.max()))
        few = price.tolist()
        return cls(sip_ns, price, min(few, default=math.inf), max(few, default=-math.inf))


class Band(msgspec.Struct, frozen=True, gc=False):
    """Prices strictly between `low` and `high` dollars are quiet for a plan; an empty band notices every tick."""

    low: float
    high: float

    def holds(self, ticks: Ticks) -> bool:
        """Whether all ticks are quiet."""
        return self.low < ticks.low and ticks.high < self.high


NOTICE_ALL: Final = Band(math.inf, math.inf)


def quiet_band(plan: Plan, state: PlanState) -> Band:
    """Return the prices at which a tick would change nothing but last price, high and low."""
    sign = plan.sign
    signed_band = _waiting_band if state.phase is Phase.WAITING else _position_band
    against, towards = signed_band(plan, state, sign)
    if against == math.inf:
        return NOTICE_ALL
    if sign > 0:
        return Band(against + SLACK, towards - SLACK)
    return Band(SLACK - towards, -SLACK - against)


def _waiting_band(plan: Plan, state: PlanState, sign: int) -> tuple[float, float]:
    """Signed prices (long as they are, short negated): noticed at or under the first, at or over the second."""
    if state.gate is Gate.SUPPRESS:
        return sign * plan.stop, math.inf
    entry = plan.entry
    if entry.type is EntryType.MARKET or entry.price is None:
        return math.inf, math.inf
    if entry.type is EntryType.LIMIT:
        return sign * entry.price, math.inf
    return sign * plan.stop, sign * entry.price


def _position_band(plan: Plan, state: PlanState, sign: int) -> tuple[float, float]:
    against = sign * effective_stop(plan, state)
    near, far = health_thresholds(plan, state)
    towards = _next_target(plan, state)
    if state.health is Health.AT_RISK:
        towards = min(towards, against + far)
    else:
        against += near
    if state.best_price is not None:
        towards = min(towards, sign * state.best_price)
    return against, towards


def _next_target(plan: Plan, state: PlanState) -> float:
    if state.targets_hit == len(plan.targets):
        return math.inf
    return plan.sign * plan.targets[state.targets_hit].price


def run(plan: Plan, state: PlanState, ticks: Ticks, start: int, end: int) -> tuple[PlanState, list[PlanEvent]]:
    """Take a plan through `ticks[start:end]`, all eligible for it: what `step` on each of them would give."""
    events: list[PlanEvent] = []
    if start >= end or not state.live:
        return state, events
    if end - start <= STEPPED:
        for place in range(start, end):
            state, happened = step(plan, state, _tick(ticks, place))
            events += happened
            if not state.live:
                break
        return state, events
    while start < end and state.live:
        band, seen = quiet_band(plan, state), ticks.quiet(start, end)
        if band.low < seen.low and seen.high < band.high:  # most plans are far from all their levels
            state = absorb(state, *seen)
            break
        noticed = _first_noticed(plan, state, band, ticks, start, end)
        if noticed > start:
            state = _fold(plan, state, ticks, start, noticed)
        if noticed == end:
            break
        state, happened = step(plan, state, _tick(ticks, noticed))
        events += happened
        start = noticed + 1
    return state, events


def _tick(ticks: Ticks, place: int) -> Tick:
    return Tick(int(ticks.sip_ns[place]), float(ticks.price[place]))


def _first_noticed(plan: Plan, state: PlanState, band: Band, ticks: Ticks, start: int, end: int) -> int:
    if band is NOTICE_ALL:
        return start
    if state.best_price is not None:
        return _first_noticed_trailing(plan, state, ticks.price, start, end)
    for left, right in _chunks(start, end):
        part = ticks.price[left:right]
        outside = (part <= band.low) | (part >= band.high)
        first = int(outside.argmax())
        if outside[first]:
            return left + first
    return end


def _first_noticed_trailing(plan: Plan, state: PlanState, price: Floats, start: int, end: int) -> int:
    """As `_first_noticed` where the stop follows the running best."""
    trail, best = plan.trail, state.best_price
    if trail is None or best is None or state.announced_trail is None:
        return start
    floor = plan.sign * plan.stop
    if state.fill_price is not None and breakeven_on(plan, state):
        floor = max(floor, plan.sign * state.fill_price)
    near, far = health_thresholds(plan, state)
    target, running = _next_target(plan, state), plan.sign * best
    raise_at = plan.sign * state.announced_trail + trail.step + trail.distance
    for left, right in _chunks(start, end):
        signed = plan.sign * price[left:right]
        bests = np.maximum(np.maximum.accumulate(signed), running)
        room = signed - np.maximum(bests - trail.distance, floor)
        noticed = signed >= min(target, raise_at) - SLACK
        noticed |= (room >= far - SLACK) if state.health is Health.AT_RISK else (room <= near + SLACK)
        noticed |= room <= SLACK
        first = int(noticed.argmax())
        if noticed[first]:
            return left + first
        running = float(bests[-1])
    return end


def _chunks(start: int, end: int) -> Iterable[tuple[int, int]]:
    """Cut [start, end) into growing pieces: what is near is found cheaply, what is far in few steps."""
    size = FIRST_CHUNK
    while start < end:
        yield start, min(start + size, end)
        start += size
        size *= CHUNK_GROWTH


def _fold(plan: Plan, state: PlanState, ticks: Ticks, start: int, end: int) -> PlanState:
    """Absorb quiet ticks at once, the trail's best among them."""
    seen = ticks.quiet(start, end)
    state = absorb(state, *seen)
    if plan.trail is None or state.best_price is None:
        return state
    best = max(state.best_price, seen.high) if plan.sign > 0 else min(state.best_price, seen.low)
    return replace(state, best_price=best, trail_stop=trail_level(plan.sign, best, plan.trail))
