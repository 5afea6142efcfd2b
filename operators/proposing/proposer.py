"""Candidates become questions to the engine.  Rule: only what was known at the candidate's bar's end counts.

Levels are made when the first candidate of a session asks for them, from bars kept for that.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from math import sqrt
from typing import Any, Final

import msgspec
import numpy as np
from msgspec.structs import replace

from operators import why
from operators.bars.columns import Bars, Interval
from operators.bars.crossing import Crossings
from operators.bars.splits import Split
from operators.chains.chain_history import ChainHistory
from operators.chains.chain_move import chain_straddle
from operators.chains.option_quote import OptionQuote
from operators.data_gaps import DataGap
from operators.engine.evaluation import evaluate
from operators.engine.expected_move import ExpectedMove, realized_move
from operators.engine.inputs import EngineInput
from operators.engine.profile import TargetProfile
from operators.engine.styles import STYLES, StyleRule
from operators.engine.trading_time import trading_minutes
from operators.levels.history import LevelHistory
from operators.levels.session_levels import INTERVALS, SessionLevels
from operators.plans import EntryType
from operators.proposing.lost_prints import LostPrints
from operators.proposing.recent_bars import RecentBars
from operators.risk import DEFAULT_RISK_BUDGET
from operators.scan.candidate import Candidate
from operators.sessions import SessionBlock, SessionCalendar, SessionDay
from operators.times import MINUTE_NS

CHANGES: Final = 20
"""Close-to-close changes that a realised move is measured from, of the style's bar, regular hours: a month of days."""


class Proposal(msgspec.Struct, frozen=True, gc=False):
    """A candidate with the engine's answer, and the market's clock at that instant.

    `quotes`: those that decided the expected move, if a straddle did.
    """

    candidate: Candidate
    profile: TargetProfile
    session: SessionBlock
    quotes: tuple[OptionQuote, ...] = ()


class Proposer:
    """Remembers a symbol's bars and asks the engine.  `risk_budget`: dollars."""

    def __init__(self, calendar: SessionCalendar, risk_budget: float = DEFAULT_RISK_BUDGET) -> None:
        self._calendar, self._risk_budget = calendar, risk_budget
        self._recent, self._crossings = RecentBars(), Crossings()
        self._chain: ChainHistory | None = None
        self._lost = LostPrints()
        self._levels: tuple[SessionDay, SessionLevels] | None = None

    def take_chain(self, chain: ChainHistory) -> None:
        """Take the symbol's option quotes; what of them is later than a question decides nothing."""
        self._chain = chain

    def tell(self, gap: DataGap) -> None:
        """Take note of what is missing on the symbol's tape, or is no more."""
        self._lost.tell(gap)

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
        move, quotes = self._expected_move(rule, left, price, at_ns)
        question = EngineInput(
            symbol=candidate.symbol,
            style=candidate.style,
            direction=candidate.direction,
            reference=price,
            as_of_ns=at_ns,
            atr=candidate.atr,
            expected_move=move,
            levels=self._levels_of(day).levels_at(at_ns, price),
            tick=tick_of(price),
            session_minutes_left=left if rule.within_session else None,
            risk_budget=self._risk_budget,
            entry_type=EntryType.LIMIT,
        )
        profile, lost = evaluate(question), self._lost.before(at_ns, day.date)
        if lost is not None:
            profile = replace(profile, warnings=(*profile.warnings, f"{why.missing(lost)} in what it looks back on"))
        return Proposal(candidate, profile, self._calendar.block(at_ns), quotes)

    def _expected_move(
        self, rule: StyleRule, left: float, price: float, at_ns: int
    ) -> tuple[ExpectedMove | None, tuple[OptionQuote, ...]]:
        """What the chain's straddle pays for, with its quotes; where there is none, what bars have done."""
        if self._chain is not None:
            until = partial(trading_minutes, self._calendar, at_ns)
            straddle = chain_straddle(self._chain, at_ns, price, rule.minutes_ahead(left), until)
            if straddle is not None:
                return straddle.move, straddle.legs
        return self._realized_move(rule, rule.bars_ahead(left), at_ns), ()

    def _realized_move(self, rule: StyleRule, bars_ahead: float, at_ns: int) -> ExpectedMove | None:
        """From the deviation of the last changes, in dollars so that a mirrored market moves as much.

        A horizon that ends with the session holds no night, and so do the changes that it is measured by.
        """
        changes = self._recent.changes(rule.bar, at_ns, CHANGES, within_sessions=rule.within_session)
        if len(changes) < CHANGES:
            return None
        off = changes - np.add.reduce(changes) / CHANGES
        deviation = sqrt(float(np.add.reduce(off * off)) / (CHANGES - 1))
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
        """Write bars, splits to come, option quotes and gaps as plain values; levels are made of the bars again."""
        chain = None if self._chain is None else self._chain.to_plain()
        return self._recent.to_plain(), self._crossings.to_plain(), chain, self._lost.to_plain()

    def restore(self, plain: tuple[Any, ...]) -> None:
        """Undo `to_plain`, also of what was written when no gaps were remembered."""
        recent, crossings, chain, *lost = plain
        self._lost = LostPrints.from_plain(*lost) if lost else LostPrints()
        self._recent, self._crossings = RecentBars.from_plain(recent), Crossings.from_plain(crossings)
        self._chain = None if chain is None else ChainHistory.from_plain(chain)
        self._levels = None


def tick_of(price: float) -> float:
    """Return the smallest price step, dollars: SEC Rule 612 (Regulation NMS) allows sub-pennies only below a dollar.

    >>> tick_of(99.5), tick_of(0.87)
    (0.01, 0.0001)
    """
    return 0.01 if price >= 1.0 else 0.0001
