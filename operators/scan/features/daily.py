"""Features at daily closes, for swings and leaps.  Rule: available at the close of the session they name.

Weekly bars are not needed: 52 weeks are 252 sessions, a base of six weeks 30 of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from operators.bars.columns import Bars, Floats
from operators.indicators.adx import Adx
from operators.indicators.atr import Atr
from operators.indicators.ema import Ema
from operators.scan.features.clock import SessionClock
from operators.scan.features.columns import Features
from operators.scan.features.daily_window import DailyWindow
from operators.scan.features.day_before import DaysBefore
from operators.scan.features.hourly import HourlyAtr
from operators.scan.features.positive import above_zero

FAST, SLOW, SLOWEST = 20, 50, 200
"""Sessions of the exponential averages: the month, the quarter and the year that charts usually show."""
WILDER: Final = 14


@dataclass(frozen=True, slots=True, eq=False)
class DailyFeatures(Features):
    """Dollars unless said otherwise; NaN = not available.

    `before_*`: the session before; `mother_*`: two before; `dip_*`: of the last 2 sessions, `month_*`: of 20, `year_*`:
    of 252, this one included; `base_*`: the 30 before this one; `fast_ago`, `slow_ago`: averages 5 sessions ago;
    `atr_60m`: on 60-minute bars; `wider`: the range of the session before less the narrowest of the 7 up to it;
    `volume_ratio`: shares over the mean of the 50 sessions before; `dollars`: mean dollar volume of 20 sessions;
    `coverage`: 20 over the sessions that 20 bars took; `moving`: part of 20 that had a range.
    """

    PAIRS: ClassVar = (
        ("high", "low"),
        ("before_high", "before_low"),
        ("mother_high", "mother_low"),
        ("dip_high", "dip_low"),
        ("month_high", "month_low"),
        ("year_high", "year_low"),
        ("base_high", "base_low"),
    )
    NEUTRAL: ClassVar = frozenset(
        ("atr", "atr_60m", "adx", "wider", "volume_ratio", "dollars", "coverage", "moving"),
    )

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    before: Floats
    before_high: Floats
    before_low: Floats
    mother_high: Floats
    mother_low: Floats
    dip_high: Floats
    dip_low: Floats
    month_high: Floats
    month_low: Floats
    year_high: Floats
    year_low: Floats
    base_high: Floats
    base_low: Floats
    ema_fast: Floats
    ema_slow: Floats
    ema_slowest: Floats
    fast_ago: Floats
    slow_ago: Floats
    atr: Floats
    atr_60m: Floats
    adx: Floats
    wider: Floats
    volume_ratio: Floats
    dollars: Floats
    coverage: Floats
    moving: Floats


class DailyBuilder:
    """The state behind `DailyFeatures` of one symbol; it also answers what the day before was."""

    __slots__ = ("_adx", "_atr", "_clock", "_emas", "_hourly", "_window", "days")

    def __init__(self, clock: SessionClock) -> None:
        self._clock = clock
        self._atr, self._adx = Atr(WILDER), Adx(WILDER)
        self._emas = tuple(Ema(period) for period in (FAST, SLOW, SLOWEST))
        self._hourly, self._window = HourlyAtr(clock), DailyWindow()
        self.days = DaysBefore()

    def hours(self, bars: Bars) -> None:
        """Take new 60-minute bars, before the daily bars of the same sessions."""
        self._hourly.extend(bars)

    def extend(self, bars: Bars) -> DailyFeatures:
        """Return the features of new daily bars."""
        if not len(bars):
            return DailyFeatures.of(bars.end_ns, bars.end_ns, ())
        sessions = self._clock.sessions_ended(bars)
        atr = above_zero(self._atr.extend(bars.high, bars.low, bars.close))
        adx = self._adx.extend(bars.high, bars.low, bars.close).adx
        fast, slow, slowest = (ema.extend(bars.close) for ema in self._emas)
        self.days.extend(sessions, bars.close, bars.high, bars.low, atr)
        seen = self._window.extend(bars, sessions, fast, slow)
        columns = [
            *(bars.open, bars.high, bars.low, bars.close, *seen.prices, fast, slow, slowest, *seen.averages_ago),
            *(atr, self._hourly.at(sessions), adx, *seen.trading),
        ]
        return DailyFeatures.of(bars.end_ns, sessions, [columns])

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        parts = (self._atr, self._adx, self._hourly, self._window, self.days)
        return *(part.to_plain() for part in parts), tuple(ema.to_plain() for ema in self._emas)

    @classmethod
    def from_plain(cls, clock: SessionClock, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls(clock)
        atr, adx, hourly, window, days, emas = plain
        own._atr, own._adx, own._window = Atr.from_plain(atr), Adx.from_plain(adx), DailyWindow.from_plain(window)
        own._hourly, own.days = HourlyAtr.from_plain(clock, hourly), DaysBefore.from_plain(days)
        own._emas = tuple(Ema.from_plain(ema) for ema in emas)
        return own


__all__ = ["DailyBuilder", "DailyFeatures"]
