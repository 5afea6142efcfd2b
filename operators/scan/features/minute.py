"""Features at the ends of regular one-minute bars, for scalps.  Rule: a value is made of bars that ended by then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.scan.features.clock import Run
from operators.scan.features.columns import Features
from operators.scan.features.day_before import DaysBefore
from operators.scan.features.minute_session import MinuteSession, extremes, vwaps
from operators.scan.features.ranges import Ranges
from operators.scan.features.rounds import Round
from operators.scan.features.session_atr import SessionAtr
from operators.scan.features.trading import TradingQuality


@dataclass(frozen=True, slots=True, eq=False)
class MinuteFeatures(Features):
    """Dollars unless said otherwise; NaN = not available.

    `range5_*`, `range15_*`: opening ranges once complete; `best_close`, `worst_close`: since the first 15 minutes, up
    to the bar before; `recent_*`: of the last 3 bars, `wide_*`: of 10, this one included; `cluster_*`: the edges of
    session VWAP and the nearer of the VWAPs anchored at the prior session's high and low; `prior_*`: prior session;
    `deviation`: of price around the VWAP.  `minute`: minutes from the open to the bar's end; `minutes_left`: from there
    to the close; `dollars`: traded per minute this session; `coverage`, `moving`, `since_hole`: see `trading.py`;
    `relative_volume`: shares so far over the usual.
    """

    PAIRS: ClassVar = (
        ("high", "low"),
        ("range5_high", "range5_low"),
        ("range15_high", "range15_low"),
        ("best_close", "worst_close"),
        ("recent_high", "recent_low"),
        ("wide_high", "wide_low"),
        ("cluster_top", "cluster_bottom"),
        ("session_high", "session_low"),
        ("prior_high", "prior_low"),
    )
    NEUTRAL: ClassVar = frozenset(
        (
            *("atr", "atr_1d", "deviation", "minute", "minutes_left"),
            *("dollars", "coverage", "moving", "since_hole", "relative_volume"),
        )
    )

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    vwap: Floats
    cluster_top: Floats
    cluster_bottom: Floats
    session_high: Floats
    session_low: Floats
    range5_high: Floats
    range5_low: Floats
    range15_high: Floats
    range15_low: Floats
    best_close: Floats
    worst_close: Floats
    recent_high: Floats
    recent_low: Floats
    wide_high: Floats
    wide_low: Floats
    session_open: Floats
    prior_close: Floats
    prior_high: Floats
    prior_low: Floats
    atr: Floats
    atr_1d: Floats
    deviation: Floats
    minute: Floats
    minutes_left: Floats
    dollars: Floats
    coverage: Floats
    moving: Floats
    since_hole: Floats
    relative_volume: Floats


class MinuteBuilder:
    """The state behind `MinuteFeatures` of one symbol."""

    __slots__ = ("_atr", "_session")

    def __init__(self) -> None:
        self._atr = SessionAtr()
        self._session: MinuteSession | None = None

    def in_session(self, run: Run, first: Bars, days: DaysBefore) -> MinuteSession:
        """Return the session of a run, begun with its first bar if it is new.  `days` must know of the day before."""
        session = self._session
        if session is None or session.number != run.session:
            session = self._session = MinuteSession.begin(run, first, days, session)
        return session

    @property
    def atr(self) -> SessionAtr:
        """The average true range."""
        return self._atr

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        session = None if self._session is None else self._session.to_plain()
        return self._atr.to_plain(), session

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        atr, session = plain
        own._atr = SessionAtr.from_plain(atr)
        own._session = None if session is None else MinuteSession.from_plain(session)
        return own


def minute_columns(
    owners: Sequence[MinuteBuilder], round_: Round, days: Sequence[DaysBefore], relative: Floats
) -> Sequence[Floats]:
    """Return the columns of `MinuteFeatures`, in order, of the owners' next regular one-minute bars.

    `days`: must know of every day before these bars; `relative`: the relative volume at their ends.
    """
    bars, ragged = round_.bars, round_.ragged
    firsts = ragged.starts.tolist()
    sessions = [
        own.in_session(run, bars.take(slice(first, first + 1)), own_days)
        for own, run, first, own_days in zip(owners, round_.runs, firsts[:-1], days, strict=True)
    ]
    minute, left = round_.minutes()
    sides = np.concatenate((bars.high, -bars.low, bars.close, -bars.close)).reshape(4, -1)
    atr = SessionAtr.extend([own.atr for own in owners], ragged, bars, [run.session for run in round_.runs])
    seen = vwaps(sessions, ragged, bars, sides[:2])
    ranges = Ranges.extend([session.ranges for session in sessions], ragged, minute, sides)
    recent, wide = extremes(sessions, ragged, sides[:2])
    known = [(own.open, own.day.close, own.day.high, own.day.low, own.day.atr) for own in sessions]
    fixed = ragged.each(np.array(known).T)
    highs = np.concatenate((ranges.session, ranges.opening, ranges.closes, recent, wide))
    np.negative(highs[1::2], out=highs[1::2])
    trading = TradingQuality.extend([session.trading for session in sessions], ragged, bars)
    return [
        *(bars.open, bars.high, bars.low, bars.close, seen.vwap, seen.cluster_top, seen.cluster_bottom),
        *(*highs, *fixed[:4], atr, fixed[4], seen.deviation, minute, left),
        *(seen.dollars / minute, *trading, relative),
    ]
