"""Ideas for plans, and finding levels for them: the first that, rehearsed on the simulated day, come out as wanted.

That is hindsight, and it is meant: the demo has to show every way a plan can go, whatever the seed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import product
from typing import Any, Final

from flows.simulation.rehearsal import Stage, Wanted, rehearse
from operators.plan_reading import PlanDefaults, read_plan
from operators.plans import PlanError
from operators.times import MINUTE_NS, iso

LONG: Final = "long"
SHORT: Final = "short"
LEAST: Final = 0.02
"""Dollars between neighbouring levels at least."""

CloseAfter = Callable[[int], int]


class Anchor(Enum):
    """What the entry is measured from: the last price, or the day's extremes so far, when the plan begins."""

    LAST = auto()
    HIGH = auto()
    LOW = auto()


@dataclass(frozen=True, slots=True)
class Idea:
    """A plan to be, and what shall become of it.

    `starts`: candidate starts in minutes after the regular open, in the order they are tried.
    `away`, `risks`: candidate distances of the entry from the anchor, on the side where it waits, and of the stop from
    the entry, in usual daily ranges.  `ladders`: candidate targets in risks.  `trail`: distance in risks.
    `until`: expiry in minutes after the open; None: the plan's default.
    """

    plan_id: str
    direction: str
    entry: str
    story: str
    wanted: Wanted
    style: str = "intraday"
    anchor: Anchor = Anchor.LAST
    starts: tuple[int, ...] = tuple(range(5, 330, 5))
    away: tuple[float, ...] = (0.05, 0.1, 0.2)
    risks: tuple[float, ...] = (0.25, 0.15, 0.4, 0.6)
    ladders: tuple[tuple[float, ...], ...] = ((1, 2), (0.6, 1.2), (0.25, 0.5))
    fractions: tuple[float, ...] | None = None
    trail: float | None = None
    until: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def symbol(self) -> str:
        """The symbol that the plan's name begins with."""
        return self.plan_id.partition("-")[0].upper()


class NoLevelsError(RuntimeError):
    """No levels were found that come out as wanted: a defect of the idea's candidates."""


def settle(idea: Idea, stage: Stage, close_after: CloseAfter) -> dict[str, Any]:
    """Return the first candidate, ready for JSON, that comes out as wanted.  Raises NoLevelsError."""
    defaults = PlanDefaults(stage.day.pre_ns, close_after)
    for plan in _candidates(idea, stage):
        try:
            trial = rehearse(stage, read_plan(plan, defaults))
        except PlanError:
            continue  # levels that are too near to each other for cents
        if idea.wanted(trial):
            return plan
    msg = f"{idea.plan_id}: no levels on the simulated day of {stage.symbol} come out as wanted"
    raise NoLevelsError(msg)


def _candidates(idea: Idea, stage: Stage) -> Iterator[dict[str, Any]]:
    for start, risk, away, ladder in product(idea.starts, idea.risks, idea.away, idea.ladders):
        yield _draft(idea, stage, start, away * stage.unit, max(risk * stage.unit, 2 * LEAST), ladder)


def _draft(idea: Idea, stage: Stage, start: int, away: float, risk: float, ladder: tuple[float, ...]) -> dict[str, Any]:
    """Write one candidate; `away` and `risk` in dollars."""
    sign = 1 if idea.direction == LONG else -1
    start_ns = stage.day.open_ns + start * MINUTE_NS
    side = {"limit": -sign, "stop": sign, "market": 0}[idea.entry]
    entry = round(_anchored(idea.anchor, stage, start_ns) + side * away, 2)
    prices = [round(entry + sign * max(reward * risk, LEAST), 2) for reward in ladder]
    plan: dict[str, Any] = {
        "plan_id": idea.plan_id,
        "symbol": stage.symbol,
        "style": idea.style,
        "direction": idea.direction,
        "entry": {"type": idea.entry} if idea.entry == "market" else {"type": idea.entry, "price": entry},
        "stop": round(entry - sign * risk, 2),
        "targets": prices,
        "valid_from": iso(start_ns),
    }
    return {**plan, **_extras(idea, stage, prices, risk)}


def _extras(idea: Idea, stage: Stage, prices: list[float], risk: float) -> dict[str, Any]:
    """Write what only some ideas have."""
    extras: dict[str, Any] = {}
    if idea.fractions is not None:
        shared = zip(prices, idea.fractions, strict=True)
        extras["targets"] = [{"price": price, "fraction": fraction} for price, fraction in shared]
    if idea.trail is not None:
        distance = max(round(idea.trail * risk, 2), LEAST)
        extras["trail"] = {"distance": distance, "step": max(round(distance / 4, 2), LEAST / 2), "after": 1}
    if idea.until is not None:
        extras["expires_at"] = iso(stage.day.open_ns + idea.until * MINUTE_NS)
    return {**extras, **idea.options}


def _anchored(anchor: Anchor, stage: Stage, start_ns: int) -> float:
    if anchor is Anchor.LAST:
        return stage.last_price(start_ns)
    return stage.extreme(stage.day.open_ns, start_ns, high=anchor is Anchor.HIGH)
