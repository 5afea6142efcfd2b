"""The rules of one version of a plan, one tick at a time, from the design's text alone.

All arithmetic is exact: prices are whole numbers of 1e-9 dollars, shares and R are fractions.  Floats are
made only for the answer, each the nearest to the exact value.  Inside, every plan is long (see `spec`).
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import TypedDict

from tests.oracle.prints import UNITS
from tests.oracle.spec import Spec

FAR = UNITS**3


class Event(TypedDict):
    """What happened.  `level`: of target_hit, stopped, trail_raised.  `index`: of target_hit, from 1."""

    kind: str
    at_ns: int
    price: float | None
    level: float | None
    index: int | None
    reason: str | None
    seq: int
    version: int


class State(TypedDict):
    """How the last registered version stands.  `best`: of the trail, so null before it starts."""

    version: int
    phase: str
    health: str
    gate: str
    fill: float | None
    effective_stop: float
    trail_stop: float | None
    best: float | None
    targets_hit: int
    remaining: float
    realized_r: float
    open_r: float
    mfe_r: float
    mae_r: float
    last_price: float | None


@dataclass(slots=True)
class Track:
    """One registered version, told of every tick that it hears and every deadline that it has."""

    spec: Spec
    events: list[Event]
    edges: list[tuple[int, bool]]
    phase: str = "waiting"
    over: bool = False
    health: str = "ok"
    gate: str = "allow"
    last: int | None = None
    fill: int | None = None
    breakeven: int | None = None
    trail_stop: int | None = None
    best: int | None = None
    announced: int | None = None
    effective_stop: int = 0
    next_target: int = 0
    enter_from: int = -FAR
    enter_to: int = FAR
    targets_hit: int = 0
    high: int = 0
    low: int = 0
    at_risk_gap: int = 0
    recovered_gap: int = 0
    remaining: Fraction = Fraction(1)
    realized_r: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        self.effective_stop, self.next_target = self.spec.stop, self.spec.targets[0]
        if self.spec.entry_type == "limit":
            self.enter_to = self.spec.entry
        elif self.spec.entry_type == "stop":
            self.enter_from = self.spec.entry

    def tick(self, at_ns: int, price: int) -> None:
        """Take one eligible tick; `price` in units, as printed."""
        self.last = p = price * self.spec.sign
        if self.fill is None:
            self.wait(at_ns, p)
        else:
            self.hold(at_ns, p)

    def wait(self, at_ns: int, p: int) -> None:
        """Step 1."""
        if p <= self.effective_stop:
            self.end("invalidated", at_ns, p)
        elif self.gate == "suppress" or not self.enter_from <= p <= self.enter_to:
            return
        elif p >= self.next_target:
            self.end("missed", at_ns, p)
        else:
            self.enter(at_ns, p)

    def enter(self, at_ns: int, p: int) -> None:
        """Open the position; the gaps are rounded down, which no whole number of units can tell."""
        self.fill = self.high = self.low = p
        margin = self.spec.buffer * (p - self.spec.stop)
        self.at_risk_gap, self.recovered_gap = int(margin // 1), int(margin * 3 // 2)
        self.phase = "open"
        self.tell("entered", at_ns, p)

    def hold(self, at_ns: int, p: int) -> None:
        """Steps 2 to 5."""
        if p > self.high:
            self.high = p
        elif p < self.low:
            self.low = p
        if p <= self.effective_stop:
            self.stop_out(at_ns, p)
            return
        if p >= self.next_target:
            self.hit_targets(at_ns, p)
            if self.over:
                return
        if self.best is not None:
            self.follow(at_ns, p, self.best)
        self.check_health(at_ns, p)

    def stop_out(self, at_ns: int, p: int) -> None:
        """Step 2: at or below the effective stop as it stood before this tick."""
        level = self.effective_stop
        reason = "trail" if level == self.trail_stop else "breakeven" if level == self.breakeven else "stop"
        self.leave(self.remaining, p)
        self.end("stopped", at_ns, p, level=level, reason=reason)

    def hit_targets(self, at_ns: int, p: int) -> None:
        """Step 3: every target at or below the tick, nearest first."""
        targets = self.spec.targets
        while p >= self.next_target:
            level = self.next_target
            self.leave(self.spec.fractions[self.targets_hit], p)
            self.targets_hit += 1
            self.phase = "scaled"
            self.next_target = targets[self.targets_hit] if self.targets_hit < len(targets) else FAR
            self.tell("target_hit", at_ns, p, level=level, index=self.targets_hit)
            self.switch_on(p)
        if self.targets_hit == len(targets) and self.remaining == 0:
            self.end("completed", at_ns, p)

    def switch_on(self, p: int) -> None:
        """Break-even and trail start with the target that just counted, if it is theirs."""
        if self.targets_hit == self.spec.breakeven_after:
            self.breakeven = self.fill
            self.tighten()
        if self.spec.trail is not None and self.targets_hit == self.spec.trail.after:
            self.best = p

    def follow(self, at_ns: int, p: int, best: int) -> None:
        """Step 4."""
        if self.spec.trail is None or (p < best and self.trail_stop is not None):
            return
        self.best = max(best, p)
        self.trail_stop = self.best - self.spec.trail.distance
        self.tighten()
        if self.announced is None or self.trail_stop >= self.announced + self.spec.trail.step:
            self.announced = self.trail_stop
            self.tell("trail_raised", at_ns, p, level=self.trail_stop)

    def tighten(self) -> None:
        """The effective stop is the highest of those that are on."""
        levels = (self.spec.stop, self.breakeven, self.trail_stop)
        self.effective_stop = max(level for level in levels if level is not None)

    def check_health(self, at_ns: int, p: int) -> None:
        """Step 5: against the effective stop as this tick left it."""
        gap = p - self.effective_stop
        if self.health == "ok":
            if gap <= self.at_risk_gap:
                self.health = "at_risk"
                self.tell("at_risk", at_ns, p)
        elif gap > self.recovered_gap:
            self.health = "ok"
            self.tell("recovered", at_ns, p)

    def expire(self, at_ns: int) -> None:
        """The deadline: what is left goes at the last eligible price."""
        exit_price = None if self.fill is None else self.last
        if exit_price is not None:
            self.leave(self.remaining, exit_price)
        self.end("expired", at_ns, exit_price)

    def turn_gate(self, at_ns: int, *, on: bool) -> None:
        """An edge of a gate window."""
        self.gate = self.spec.on_event if on else "allow"
        self.tell("gated" if on else "ungated", at_ns)

    def leave(self, share: Fraction, p: int) -> None:
        """Give back a share of the position at a price."""
        self.remaining -= share
        self.realized_r += share * self.r_at(p)

    def r_at(self, p: int | None) -> Fraction:
        """Return the move from the fill to a price in units of initial risk."""
        if self.fill is None or p is None:
            return Fraction(0)
        return Fraction(p - self.fill, self.fill - self.spec.stop)

    def end(
        self, kind: str, at_ns: int, p: int | None = None, level: int | None = None, reason: str | None = None
    ) -> None:
        """Enter a terminal phase."""
        self.phase, self.over = kind, True
        self.tell(kind, at_ns, p, level=level, reason=reason)

    def tell(
        self,
        kind: str,
        at_ns: int,
        p: int | None = None,
        level: int | None = None,
        index: int | None = None,
        reason: str | None = None,
    ) -> None:
        """Write an event down."""
        self.events.append(
            Event(
                kind=kind,
                at_ns=at_ns,
                price=self.dollars(p),
                level=self.dollars(level),
                index=index,
                reason=reason,
                seq=len(self.events) + 1,
                version=self.spec.version,
            )
        )

    def dollars(self, p: int | None) -> float | None:
        """Return the float nearest to a price."""
        return None if p is None else p * self.spec.sign / UNITS

    def state(self) -> State:
        """Return how things stand."""
        return State(
            version=self.spec.version,
            phase=self.phase,
            health=self.health,
            gate=self.gate,
            fill=self.dollars(self.fill),
            effective_stop=self.effective_stop * self.spec.sign / UNITS,
            trail_stop=self.dollars(self.trail_stop),
            best=self.dollars(self.best),
            targets_hit=self.targets_hit,
            remaining=float(self.remaining),
            realized_r=float(self.realized_r),
            open_r=float(self.remaining * self.r_at(self.last)),
            mfe_r=float(self.r_at(self.high)),
            mae_r=float(self.r_at(self.low)),
            last_price=self.dollars(self.last),
        )
