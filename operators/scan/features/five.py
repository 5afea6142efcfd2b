"""Features at the ends of regular five-minute bars, for intraday ideas.  Rule: made of bars that ended by then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from operators.bars.columns import Bars, Floats
from operators.indicators.ema import Ema
from operators.indicators.rsi import NEUTRAL as RSI_NEUTRAL
from operators.indicators.rsi import Rsi
from operators.scan.features.clock import Run, part, session_column
from operators.scan.features.columns import Features
from operators.scan.features.five_session import FiveSession
from operators.scan.features.last_minute import MEASURES, NAMES, LastMinute
from operators.scan.features.session_atr import SessionAtr
from operators.times import MINUTE_NS

FAST, SLOW = 9, 21
"""Bars of the two exponential averages, the day trader's usual pair."""
WILDER: Final = 14

_VWAP, _PRIOR_CLOSE = NAMES.index("vwap"), NAMES.index("prior_close")


@dataclass(frozen=True, slots=True, eq=False)
class FiveFeatures(Features):
    """Dollars unless said otherwise; NaN = not available.

    `before`: the close before, of this session; `vwap_ago`: six bars ago; `recent_*`: of the last 3 bars, this one
    included; `channel_*`: of the 6 bars before this one; `rsi_high`, `rsi_low`: extremes of RSI - 50 over the last 3
    bars; `side_run`: closes in a row above the VWAP (below: negative) up to the bar before; `half_hour`: the first half
    hour's last close less the prior close; the rest as in `MinuteFeatures`, as of the last minute.
    """

    PAIRS: ClassVar = (
        ("high", "low"),
        ("session_high", "session_low"),
        ("recent_high", "recent_low"),
        ("channel_high", "channel_low"),
        ("rsi_high", "rsi_low"),
    )
    NEUTRAL: ClassVar = frozenset((*MEASURES, "atr", "minute", "minutes_left", "relative_volume"))

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    before: Floats
    vwap_ago: Floats
    ema_fast: Floats
    ema_slow: Floats
    recent_high: Floats
    recent_low: Floats
    rsi_high: Floats
    rsi_low: Floats
    channel_high: Floats
    channel_low: Floats
    side_run: Floats
    half_hour: Floats
    vwap: Floats
    session_open: Floats
    prior_close: Floats
    session_high: Floats
    session_low: Floats
    atr_1d: Floats
    deviation: Floats
    dollars: Floats
    coverage: Floats
    moving: Floats
    since_hole: Floats
    atr: Floats
    minute: Floats
    minutes_left: Floats
    relative_volume: Floats


class FiveBuilder:
    """The state behind `FiveFeatures` of one symbol."""

    __slots__ = ("_atr", "_fast", "_rsi", "_session", "_slow")

    def __init__(self) -> None:
        self._atr, self._rsi = SessionAtr(), Rsi(WILDER)
        self._fast, self._slow = Ema(FAST), Ema(SLOW)
        self._session = FiveSession(-1)

    def extend(self, bars: Bars, runs: Sequence[Run], last: LastMinute, relative: Floats) -> FiveFeatures:
        """Return the features of new regular five-minute bars.

        `runs`: their sessions; `last`: must know of every minute up to the last of these bars; `relative`: volume.
        """
        pieces = [self._run(part(bars, run), run, last, relative[run.start : run.stop]) for run in runs]
        return FiveFeatures.of(bars.end_ns, session_column(runs), pieces)

    def _run(self, bars: Bars, run: Run, last: LastMinute, relative: Floats) -> list[Floats]:
        if self._session.number != run.session:
            self._session = FiveSession(run.session)
        session = self._session
        minute = (bars.end_ns - run.open_ns) / MINUTE_NS
        left = (run.close_ns - run.open_ns) / MINUTE_NS - minute
        shared = last.at(bars.end_ns, run.open_ns)
        vwap, prior_close = shared[_VWAP], shared[_PRIOR_CLOSE]
        seen = session.look_back(bars, vwap, self._rsi.extend(bars.close) - RSI_NEUTRAL)
        return [
            *(bars.open, bars.high, bars.low, bars.close, seen.before, seen.vwap_ago),
            *(self._fast.extend(bars.close), self._slow.extend(bars.close), *seen.extremes),
            *(session.side_run(bars.close, vwap), session.half_hour(minute, bars.close) - prior_close),
            *(*shared, self._atr.extend(bars, run.session), minute, left, relative),
        ]

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return tuple(part.to_plain() for part in (self._atr, self._rsi, self._fast, self._slow, self._session))

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        atr, rsi, fast, slow, session = plain
        own._atr, own._rsi = SessionAtr.from_plain(atr), Rsi.from_plain(rsi)
        own._fast, own._slow = Ema.from_plain(fast), Ema.from_plain(slow)
        own._session = FiveSession.from_plain(session)
        return own
