"""Where a plan stands: one frozen value per plan, plain enough to snapshot, complete enough to resume from."""

from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

import msgspec
from msgspec.structs import astuple

from operators.data_gaps import DataGap, gap_of, gap_row, marked_by, parted
from operators.plans import FRACTION_TOLERANCE, Gate, Plan
from operators.prices import tidy

STATE_LAYOUT: Final = 3
"""Version of `PlanState.to_row`; raise it when a field is added, renamed or changes its meaning."""


class Phase(StrEnum):
    """Where in its life a plan is."""

    WAITING = "waiting"
    OPEN = "open"
    SCALED = "scaled"
    COMPLETED = "completed"
    STOPPED = "stopped"
    INVALIDATED = "invalidated"
    MISSED = "missed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REPLACED = "replaced"


LIVE: Final = frozenset({Phase.WAITING, Phase.OPEN, Phase.SCALED})
IN_POSITION: Final = frozenset({Phase.OPEN, Phase.SCALED})


class Health(StrEnum):
    """How far an open plan is from its stop."""

    HEALTHY = "healthy"
    AT_RISK = "at_risk"


# To ask the class for its member takes ten times as long, and a run that goes on asks for those of every plan.
_PHASES: Final = {str(each): each for each in Phase}
_HEALTHS: Final = {str(each): each for each in Health}
_GATES: Final = {str(each): each for each in Gate}


class PlanState(msgspec.Struct, frozen=True, gc=False):
    """All that the rules remember of one plan.  Prices in dollars, times in ns UTC, R in units of initial risk.

    `high` and `low` are the extreme eligible prices since the entering tick, that tick included.
    `best_price`, `trail_stop`, `announced_trail` are None until the trail starts.  `data_gap`: what may be missing of
    the prints that the plan should have seen, by all that was told.  Of that, `gaps_ahead` was told at later times than
    the plan has come to, and `gap_by_now` is the mark without it.  `began_ns`: when the plan was there and valid.
    """

    plan_id: str
    version: int
    symbol: str
    phase: Phase
    health: Health | None
    gate: Gate
    fill_price: float | None
    trail_stop: float | None
    best_price: float | None
    announced_trail: float | None
    targets_hit: int
    remaining_fraction: float
    realized_r: float
    high: float | None
    low: float | None
    last_price: float | None
    last_seq: int
    updated_ns: int
    data_gap: DataGap | None = None
    began_ns: int = 0
    gap_by_now: DataGap | None = None
    gaps_ahead: tuple[DataGap, ...] = ()

    @property
    def live(self) -> bool:
        """Whether anything can still happen to this version."""
        return self.phase in LIVE

    @property
    def waits(self) -> bool:
        """Whether a gap that is still open marks it, so that the gap's end will change it, ended or not."""
        return self.data_gap is not None and self.data_gap.state == "open"

    def gap_known(self, at_ns: int) -> DataGap | None:
        """What marks it by what was told until an instant that is no earlier than it has come to, ns UTC."""
        if not self.gaps_ahead:
            return self.data_gap
        told, _ = parted(self.gaps_ahead, at_ns)
        return marked_by(self.gap_by_now, told, self.began_ns)

    @property
    def in_position(self) -> bool:
        """Whether the plan has entered and not left."""
        return self.phase in IN_POSITION

    def to_row(self) -> tuple[Any, ...]:
        """All fields as plain strings and numbers, in the order of the layout `STATE_LAYOUT`."""
        values = astuple(self)
        health = values[4]
        told = None if health is None else str(health), str(self.gate)  # `value` takes thrice the time
        gaps = gap_row(self.data_gap), self.began_ns, gap_row(self.gap_by_now), tuple(map(gap_row, self.gaps_ahead))
        return (*values[:3], str(self.phase), *told, *values[6:_GAP], *gaps)

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Undo `to_row`."""
        phase, health, gate = row[3:6]
        told = None if health is None else _HEALTHS[health]
        gap, *since = row[_GAP:] or (None,)  # rows of layout 1 end before it
        began_ns, by_now, ahead = since or (0, gap, ())  # and those of layout 2 behind it
        gaps = gap_of(gap), began_ns, gap_of(by_now), tuple(map(gap_of, ahead))
        values: tuple[Any, ...] = (*row[:3], _PHASES[phase], told, _GATES[gate], *row[6:_GAP], *gaps)
        return cls(*values)


def absorbed(row: tuple[Any, ...], quiet: "Quiet") -> tuple[Any, ...]:
    """Fold eligible ticks that nothing happened at into a row, as `lifecycle.absorb` folds them into its state."""
    high, low, _, last_seq, _, *gaps = row[_HIGH:]
    if high is not None and low is not None:
        high, low = max(high, quiet.high), min(low, quiet.low)
    return (*row[:_HIGH], high, low, quiet.price, last_seq, quiet.at_ns, *gaps)


class Quiet(NamedTuple):
    """All that ticks leave at which nothing happened: the last one's SIP time (ns UTC) and price, the extremes."""

    at_ns: int
    price: float
    high: float
    low: float


_GAP: Final = PlanState.__struct_fields__.index("data_gap")
_HIGH: Final = PlanState.__struct_fields__.index("high")


def breakeven_on(plan: Plan, state: PlanState) -> bool:
    """Whether enough targets were hit that the stop has moved to the fill price."""
    return 0 < plan.breakeven_after <= state.targets_hit


def effective_stop(plan: Plan, state: PlanState) -> float:
    """The price that ends the plan now: the tightest of stop, break-even and trail, in dollars."""
    return binding_stop(plan, state)[0]


def binding_stop(plan: Plan, state: PlanState) -> tuple[float, str]:
    """The effective stop and its name; of equal levels the trail names it, then break-even, then the stop."""
    level, name = plan.stop, "stop"
    if state.fill_price is not None and breakeven_on(plan, state):
        level, name = state.fill_price, "breakeven"  # a fill is never beyond the stop
    if state.trail_stop is not None and plan.sign * (state.trail_stop - level) >= 0:
        level, name = state.trail_stop, "trail"
    return level, name


def initial_risk(plan: Plan, fill_price: float) -> float:
    """|fill - stop| in dollars per share: what one R is worth."""
    return tidy(abs(fill_price - plan.stop))


def in_r(plan: Plan, fill_price: float, price: float) -> float:
    """The signed move from fill to `price` in units of initial risk, unrounded."""
    return plan.sign * tidy(price - fill_price) / initial_risk(plan, fill_price)


def remaining_after(plan: Plan, hits: int) -> float:
    """What is left of the position after the first `hits` targets, in [0, 1]; dust counts as nothing."""
    left = tidy(1 - sum(target.fraction for target in plan.targets[:hits]))
    return left if left > FRACTION_TOLERANCE else 0.0
