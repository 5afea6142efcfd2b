"""Features at the ends of regular five-minute bars, for intraday ideas.  Rule: made of bars that ended by then."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Final, Self

import numpy as np

from operators.bars.columns import Floats
from operators.indicators.ema import Ema
from operators.indicators.rsi import NEUTRAL as RSI_NEUTRAL
from operators.indicators.rsi import Rsi
from operators.scan.features.columns import Features
from operators.scan.features.five_session import FiveSession
from operators.scan.features.last_minute import MEASURES, NAMES
from operators.scan.features.rounds import Round
from operators.scan.features.session_atr import SessionAtr

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

    def in_session(self, number: int) -> FiveSession:
        """Return a session's state, new if it is another one than before."""
        if self._session.number != number:
            self._session = FiveSession(number)
        return self._session

    @property
    def atr(self) -> SessionAtr:
        """The average true range."""
        return self._atr

    def averages(self, close: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the fast and the slow average and RSI - 50 at each new close."""
        return self._fast.extend(close), self._slow.extend(close), self._rsi.extend(close) - RSI_NEUTRAL

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


def five_columns(owners: Sequence[FiveBuilder], round_: Round, shared: Floats, relative: Floats) -> Sequence[Floats]:
    """Return the columns of `FiveFeatures`, in order, of the owners' next regular five-minute bars.

    `shared`: `last_minute.NAMES` at their ends; `relative`: volume.
    """
    bars, ragged = round_.bars, round_.ragged
    numbers = [run.session for run in round_.runs]
    sessions = [own.in_session(number) for own, number in zip(owners, numbers, strict=True)]
    minute, left = round_.minutes()
    edges = pairwise(ragged.starts.tolist())
    averages = [own.averages(bars.close[start:stop]) for own, (start, stop) in zip(owners, edges, strict=True)]
    fast, slow, rsi = map(np.concatenate, zip(*averages, strict=True))
    vwap, prior_close = shared[_VWAP], shared[_PRIOR_CLOSE]
    seen = FiveSession.look_back(sessions, ragged, bars, vwap, rsi)
    side_run = FiveSession.side_run(sessions, ragged, bars.close, vwap)
    half_hour = FiveSession.half_hour(sessions, ragged, minute, bars.close) - prior_close
    atr = SessionAtr.extend([own.atr for own in owners], ragged, bars, numbers)
    return [
        *(bars.open, bars.high, bars.low, bars.close, seen.before, seen.vwap_ago, fast, slow, *seen.extremes),
        *(side_run, half_hour, *shared, atr, minute, left, relative),
    ]
