"""Rehearsing a plan on a simulated day: what the rules will make of it, before it is written anywhere.

Rule: a rehearsal decides nothing by itself.  It takes the plan through the same book that a replay uses.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from operators import ticks
from operators.book import SymbolBook
from operators.coding import FlagCoder
from operators.eligibility import Profile, SymbolSlice
from operators.events import Kind, PlanEvent
from operators.gating import NO_GATES, GateTimeline
from operators.plans import Plan, SessionPhase
from operators.records import Register
from operators.sessions import SessionCalendar, SessionDay

_HEARD: Final = Profile(
    frozenset((SessionPhase.PRE, SessionPhase.REGULAR, SessionPhase.POST)), odd_lots=False, extended_hours=True
)
"""Prints that set a price for people: round lots, in and out of the regular session."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One symbol's day.  `unit`: its usual daily range in dollars; `end_ns`: last record of the whole tape, ns UTC."""

    day: SessionDay
    symbol: str
    unit: float
    prints: SymbolSlice
    gates: GateTimeline
    end_ns: int

    def last_price(self, at_ns: int) -> float:
        """Return the last price before an instant, dollars; the day's first when there is none."""
        heard = self.prints.view(_HEARD)
        return float(heard.price[max(0, int(np.searchsorted(heard.sip_ns, at_ns)) - 1)])

    def extreme(self, from_ns: int, to_ns: int, *, high: bool) -> float:
        """Return the highest or lowest price in [from, to), dollars; the last one before when there is none."""
        heard = self.prints.view(_HEARD)
        part = heard.price[slice(*map(int, np.searchsorted(heard.sip_ns, (from_ns, to_ns))))]
        if not len(part):
            return self.last_price(to_ns)
        return float(part.max() if high else part.min())


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a plan in a rehearsal: all its events, in order."""

    stage: Stage
    plan: Plan
    events: tuple[PlanEvent, ...]

    @property
    def ending(self) -> PlanEvent:
        """The last thing that happened, gates and health aside."""
        passing = (Kind.GATED, Kind.UNGATED, Kind.AT_RISK, Kind.RECOVERED, Kind.TRAIL_RAISED)
        return [event for event in self.events if event.kind not in passing][-1]

    def at_ns(self, kind: Kind) -> int | None:
        """Return when the first event of a kind happened, ns UTC."""
        return next((event.at_ns for event in self.events if event.kind is kind), None)

    def count(self, kind: Kind) -> int:
        """Return how many events of a kind there were."""
        return sum(event.kind is kind for event in self.events)


Wanted = Callable[[Trial], bool]
"""What shall become of a plan."""


def rehearse(stage: Stage, plan: Plan) -> Trial:
    """Take a plan through a day."""
    book = SymbolBook(stage.symbol)
    book.set_gates(stage.gates)
    book.commands([Register(plan.valid_from_ns, plan)])
    events = book.advance(stage.prints).events + book.end(stage.end_ns).events
    return Trial(stage, plan, tuple(events))


def symbol_slice(prints: pl.DataFrame, calendar: SessionCalendar) -> SymbolSlice:
    """Turn one symbol's prints, vendor's columns in tape order, into what its book takes."""
    frame = prints.select(
        pl.col("sip_timestamp").alias(ticks.SIP_NS),
        pl.col("participant_timestamp").alias(ticks.PARTICIPANT_NS),
        pl.col("trf_timestamp").alias(ticks.TRF_NS),
        ticks.PRICE,
        ticks.CONDITIONS,
        ticks.CORRECTION,
    )
    sip_ns = frame.get_column(ticks.SIP_NS).to_numpy()
    flags = FlagCoder().column(frame)
    price = frame.get_column(ticks.PRICE).to_numpy()
    return SymbolSlice(sip_ns, price, flags, calendar.phase_codes(sip_ns), int(sip_ns[-1]))


def all_of(*wanted: Wanted) -> Wanted:
    """Want several things at once."""
    return lambda trial: all(each(trial) for each in wanted)


def sees(*kinds: Kind) -> Wanted:
    """Want each of these events at least once."""
    return lambda trial: all(trial.count(kind) for kind in kinds)


def ends(kind: Kind, reason: str | None = None) -> Wanted:
    """Want an ending: the last event of substance, a stop for the given reason."""
    return lambda trial: trial.ending.kind is kind and trial.ending.data.get("reason") == reason


def hits(targets: int) -> Wanted:
    """Want exactly so many targets hit."""
    return lambda trial: trial.count(Kind.TARGET_HIT) == targets


def raises(times: int) -> Wanted:
    """Want the trail stop announced so many times or more."""
    return lambda trial: trial.count(Kind.TRAIL_RAISED) >= times


def enters_gated(trial: Trial) -> bool:
    """Want the entry while the gate stands."""
    return _gated(trial, trial.at_ns(Kind.ENTERED))


def held_back(trial: Trial) -> bool:
    """Want an entry that the gate alone keeps the plan from while it stands."""
    free = rehearse(replace(trial.stage, gates=NO_GATES), trial.plan)
    return not enters_gated(trial) and _gated(trial, free.at_ns(Kind.ENTERED))


def _gated(trial: Trial, at_ns: int | None) -> bool:
    windows = trial.stage.gates.windows
    return at_ns is not None and any(window.start_ns <= at_ns < window.end_ns for window in windows)
