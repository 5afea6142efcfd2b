"""Features at the ends of regular one-minute bars, for scalps.  Rule: a value is made of bars that ended by then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.scan.features.clock import Run, SessionClock, part, session_column
from operators.scan.features.columns import Features
from operators.scan.features.day_before import DaysBefore
from operators.scan.features.minute_session import MinuteSession
from operators.scan.features.session_atr import SessionAtr
from operators.scan.features.usual_volume import UsualVolume
from operators.times import MINUTE_NS


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

    __slots__ = ("_atr", "_clock", "_session")

    def __init__(self, clock: SessionClock) -> None:
        self._clock = clock
        self._atr = SessionAtr()
        self._session: MinuteSession | None = None

    def extend(self, bars: Bars, days: DaysBefore, volume: UsualVolume) -> MinuteFeatures:
        """Return the features of new regular one-minute bars.

        `days`, `volume`: must know of everything that ended up to the last of these bars.
        """
        runs = self._clock.runs(bars)
        pieces = [self._run(part(bars, run), run, days, volume) for run in runs]
        return MinuteFeatures.of(bars.end_ns, session_column(runs), pieces)

    def _run(self, bars: Bars, run: Run, days: DaysBefore, volume: UsualVolume) -> list[Floats]:
        session = self._session
        if session is None or session.number != run.session:
            session = self._session = MinuteSession.begin(run, bars, days, session)
        atr = self._atr.extend(bars, run.session)
        return _columns(bars, run, session, atr, volume.at(bars.end_ns, run.open_ns))

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        session = None if self._session is None else self._session.to_plain()
        return self._atr.to_plain(), session

    @classmethod
    def from_plain(cls, clock: SessionClock, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls(clock)
        atr, session = plain
        own._atr = SessionAtr.from_plain(atr)
        own._session = None if session is None else MinuteSession.from_plain(session)
        return own


def _columns(bars: Bars, run: Run, session: MinuteSession, atr: Floats, relative: Floats) -> list[Floats]:
    """The columns of `MinuteFeatures` in order."""
    minute = (bars.end_ns - run.open_ns) / MINUTE_NS
    vwaps = session.vwaps(bars)
    sides = np.concatenate((bars.high, -bars.low, bars.close, -bars.close)).reshape(4, -1)
    ranges = session.ranges.extend(minute, sides)
    recent, wide = session.extremes(sides[:2])
    day = session.day
    fixed = np.array(((session.open,), (day.close,), (day.high,), (day.low,), (day.atr,))) + np.zeros(len(bars))
    highs = np.concatenate((ranges.session, ranges.opening, ranges.closes, recent, wide))
    np.negative(highs[1::2], out=highs[1::2])
    left = (run.close_ns - run.open_ns) / MINUTE_NS - minute
    return [
        *(bars.open, bars.high, bars.low, bars.close, vwaps.vwap, vwaps.cluster_top, vwaps.cluster_bottom),
        *(*highs, *fixed[:4], atr, fixed[4], vwaps.deviation, minute, left),
        *(vwaps.dollars / minute, *session.trading.extend(bars), relative),
    ]
