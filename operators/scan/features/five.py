"""Features at the ends of regular five-minute bars, for intraday ideas.  Rule: made of bars that ended by then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.indicators.ema import Ema
from operators.indicators.rsi import NEUTRAL as RSI_NEUTRAL
from operators.indicators.rsi import Rsi
from operators.scan.features.clock import Run, SessionClock, part, regular, session_column
from operators.scan.features.columns import Features
from operators.scan.features.day_before import DaysBefore
from operators.scan.features.five_session import FiveSession
from operators.scan.features.session_atr import SessionAtr
from operators.scan.features.usual_volume import UsualVolume
from operators.times import MINUTE_NS

FAST, SLOW = 9, 21
"""Bars of the two exponential averages, the day trader's usual pair."""
WILDER: Final = 14


@dataclass(frozen=True, slots=True, eq=False)
class FiveFeatures(Features):
    """Dollars unless said otherwise; NaN = not available.

    `before`: the close before, of this session; `vwap_ago`: six bars ago; `recent_*`: of the last 3 bars, this one
    included; `channel_*`: of the 6 bars before this one; `rsi_high`, `rsi_low`: extremes of RSI - 50 over the last 3
    bars; `side_run`: closes in a row above the VWAP (below: negative) up to the bar before; `half_hour`: the first half
    hour's last close less the prior close; the rest as in `MinuteFeatures`.
    """

    PAIRS: ClassVar = (
        ("high", "low"),
        ("session_high", "session_low"),
        ("recent_high", "recent_low"),
        ("channel_high", "channel_low"),
        ("rsi_high", "rsi_low"),
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
    before: Floats
    vwap: Floats
    vwap_ago: Floats
    ema_fast: Floats
    ema_slow: Floats
    session_open: Floats
    prior_close: Floats
    session_high: Floats
    session_low: Floats
    recent_high: Floats
    recent_low: Floats
    rsi_high: Floats
    rsi_low: Floats
    channel_high: Floats
    channel_low: Floats
    side_run: Floats
    half_hour: Floats
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


class FiveBuilder:
    """The state behind `FiveFeatures` of one symbol; `volume` serves the minutes too."""

    __slots__ = ("_atr", "_clock", "_fast", "_rsi", "_session", "_slow", "volume")

    def __init__(self, clock: SessionClock) -> None:
        self._clock = clock
        self._atr, self._rsi = SessionAtr(), Rsi(WILDER)
        self._fast, self._slow = Ema(FAST), Ema(SLOW)
        self.volume = UsualVolume()
        self._session: FiveSession | None = None

    def extend(self, bars: Bars, days: DaysBefore) -> FiveFeatures:
        """Return the features of new five-minute bars; other phases than the regular one are passed over."""
        bars = regular(bars)
        self.volume.begin_piece()
        runs = self._clock.runs(bars)
        pieces = [self._run(part(bars, run), run, days) for run in runs]
        return FiveFeatures.of(bars.end_ns, session_column(runs), pieces)

    def _run(self, bars: Bars, run: Run, days: DaysBefore) -> list[Floats]:
        session = self._session
        if session is None or session.number != run.session:
            session = self._session = FiveSession.begin(run, bars, days)
        minute = (bars.end_ns - run.open_ns) / MINUTE_NS
        left = (run.close_ns - run.open_ns) / MINUTE_NS - minute
        high, low, vwap, deviation, dollars = session.prices(bars)
        seen = session.look_back(bars, vwap, self._rsi.extend(bars.close) - RSI_NEUTRAL)
        day = session.day
        fixed = np.array(((session.sums.origin,), (day.close,), (day.atr,))) + np.zeros(len(bars))
        return [
            *(bars.open, bars.high, bars.low, bars.close, seen.before, vwap, seen.vwap_ago),
            *(self._fast.extend(bars.close), self._slow.extend(bars.close), fixed[0], fixed[1], high, low),
            *(*seen.extremes, session.side_run(bars.close, vwap), session.half_hour(minute, bars.close) - day.close),
            *(self._atr.extend(bars, run.session), fixed[2], deviation, minute, left),
            *(dollars / minute, *session.trading.extend(bars), self.volume.extend(bars, run)),
        ]

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        parts = (self._atr, self._rsi, self._fast, self._slow, self.volume)
        session = None if self._session is None else self._session.to_plain()
        return *(part.to_plain() for part in parts), session

    @classmethod
    def from_plain(cls, clock: SessionClock, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls(clock)
        atr, rsi, fast, slow, volume, session = plain
        own._atr, own._rsi = SessionAtr.from_plain(atr), Rsi.from_plain(rsi)
        own._fast, own._slow = Ema.from_plain(fast), Ema.from_plain(slow)
        own.volume = UsualVolume.from_plain(volume)
        own._session = None if session is None else FiveSession.from_plain(session)
        return own
