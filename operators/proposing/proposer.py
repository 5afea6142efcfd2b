"""Candidates become questions to the engine.  Rule: only what was known at the candidate's bar's end counts.

Levels are made when the first candidate of a session asks for them, from bars kept for that.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, Final

import msgspec
import numpy as np

from operators.bars.columns import Bars, Interval
from operators.bars.crossing import Crossings
from operators.bars.splits import Split
from operators.engine.evaluation import evaluate
from operators.engine.expected_move import ExpectedMove, realized_move
from operators.engine.inputs import EngineInput
from operators.engine.profile import TargetProfile
from operators.engine.styles import STYLES
from operators.levels.history import LevelHistory
from operators.levels.session_levels import INTERVALS, SessionLevels
from operators.plans import EntryType
from operators.proposing.recent_bars import RecentBars
from operators.risk import DEFAULT_RISK_BUDGET
from operators.scan.candidate import Candidate
from operators.sessions import SessionBlock, SessionCalendar, SessionDay
from operators.times import MINUTE_NS

CHANGES: Final = 20
"""Close-to-close changes that a realised move is measured from, of the style's bar: a month of days."""


class Proposal(msgspec.Struct, frozen=True, gc=False):
    """A candidate with the engine's answer, and the market's clock at that instant."""

    candidate: Candidate
    profile: TargetProfile
    session: SessionBlock


class Proposer:
    """Remembers a symbol's bars and asks the engine.  `risk_budget`: dollars."""

    def __init__(self, calendar: SessionCalendar, risk_budget: float = DEFAULT_RISK_BUDGET) -> None:
        self._calendar, self._risk_budget = calendar, risk_budget
        self._recent, self._crossings = RecentBars(), Crossings()
        self._levels: tuple[SessionDay, SessionLevels] | None = None

    def warm_up(self, history: Mapping[Interval, Bars], splits: Sequence[Split] = ()) -> None:
        """Take bars of the past, told in the shares of the first session, and the splits after it, oldest first."""
        self._crossings = Crossings(splits)
        self.extend(history)

    def take(self, bars: Mapping[Interval, Bars], candidates: Sequence[Candidate]) -> tuple[Proposal, ...]:
        """Take the bars that ended, and ask the engine about the candidates at their ends, in order of time."""
        if not self._crossings:
            self.extend(bars)
            return tuple(map(self.propose, candidates))
        found, place = list[Proposal](), 0
        for part in self._crossings.parts(bars):
            if part.crossed:
                self._recent.retell(part.crossed)
                self._levels = None
            self.extend(part.bars)
            while place < len(candidates) and candidates[place].at_ns <= part.until_ns:
                found.append(self.propose(candidates[place]))
                place += 1
        return tuple(found)

    def extend(self, bars: Mapping[Interval, Bars]) -> None:
        """Take the bars that ended, before candidates at their ends are asked about."""
        self._recent.extend(bars)
        if self._levels is not None:
            for interval in INTERVALS:
                if interval in bars:
                    self._levels[1].extend(interval, bars[interval])

    def propose(self, candidate: Candidate) -> Proposal:
        """Ask the engine about a candidate."""
        day = self._calendar.day_on_or_after(candidate.session_date)
        rule, price, at_ns = STYLES[candidate.style], candidate.reference_price, candidate.at_ns
        left = max(0.0, (day.close_ns - at_ns) / MINUTE_NS)
        question = EngineInput(
            symbol=candidate.symbol,
            style=candidate.style,
            direction=candidate.direction,
            reference=price,
            as_of_ns=at_ns,
            atr=candidate.atr,
            expected_move=self._expected_move(rule.bar, rule.bars_ahead(left), at_ns),
            levels=self._levels_of(day).levels_at(at_ns, price),
            tick=tick_of(price),
            session_minutes_left=left if rule.within_session else None,
            risk_budget=self._risk_budget,
            entry_type=EntryType.LIMIT,
        )
        return Proposal(candidate, evaluate(question), self._calendar.block(at_ns))

    def _expected_move(self, bar: Interval, bars_ahead: float, at_ns: int) -> ExpectedMove | None:
        """From the deviation of the last changes, in dollars so that a mirrored market moves as much."""
        closes = self._recent.closes(bar, at_ns, CHANGES + 1)
        if len(closes) <= CHANGES:
            return None
        changes = np.diff(closes)
        deviation = sqrt(float(np.square(changes - changes.mean()).sum()) / (CHANGES - 1))
        return realized_move(1.0, deviation, bars_ahead, at_ns)

    def _levels_of(self, day: SessionDay) -> SessionLevels:
        """Return the session's levels, on the tick of its first price, so that it does not matter who asks first."""
        if self._levels is None or self._levels[0] != day:
            history = LevelHistory(*map(self._recent.of, (Interval.D1, Interval.M1, Interval.M5, Interval.M60)))
            first = int(np.searchsorted(history.minutes.start_ns, day.pre_ns))
            levels = SessionLevels.prepare(day, self._calendar, history, tick_of(float(history.minutes.open[first])))
            for interval in INTERVALS:
                levels.extend(interval, self._recent.of(interval))
            self._levels = day, levels
        return self._levels[1]

    def to_plain(self) -> tuple[Any, ...]:
        """Write the bars, and the splits to come, as plain values; levels are made of the bars again."""
        return self._recent.to_plain(), self._crossings.to_plain()

    def restore(self, plain: tuple[Any, ...]) -> None:
        """Undo `to_plain`."""
        recent, crossings = plain
        self._recent, self._crossings = RecentBars.from_plain(recent), Crossings.from_plain(crossings)
        self._levels = None


def tick_of(price: float) -> float:
    """Return the smallest price step, dollars: SEC Rule 612 (Regulation NMS) allows sub-pennies only below a dollar.

    >>> tick_of(99.5), tick_of(0.87)
    (0.01, 0.0001)
    """
    return 0.01 if price >= 1.0 else 0.0001
