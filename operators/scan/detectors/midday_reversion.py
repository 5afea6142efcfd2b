"""Midday mean reversion (intraday, five-minute bars).

Setup: in the lull around noon the price is stretched away from the session's VWAP and turns back towards it.  Source:
the U-shape of intraday volume and volatility (Admati and Pfleiderer 1988): at noon fewer informed orders push on; the
stretch is measured in VWAP bands and Wilder's RSI, the turn as a close back over the close before.  Short: the mirror.
"""

from dataclasses import dataclass
from typing import Final

from operators.bars.columns import Floats, Interval
from operators.plans import Style
from operators.scan.detectors.detector import Detector, Rule
from operators.scan.detectors.gates import INTRADAY_GATES
from operators.scan.detectors.measures import close_location
from operators.scan.features.five import FiveFeatures
from operators.scan.features.sums import share


@dataclass(frozen=True, slots=True)
class Parameters:
    """Minutes after the open and before the close; distances in five-minute ATR."""

    first: float = 120
    last: float = 245
    """11:30 to 13:35 New York: where volume is lowest."""
    left: float = 90
    """A half day has no such lull."""
    bands: float = 1.75
    """Deviations below VWAP that the last three lows reached; two is the usual outer band, bars average it away."""
    room: float = 1.25
    """Left to VWAP, the target: worth the risk of about one ATR."""
    oversold: float = -15.0
    """RSI 35 within three bars: Wilder's 30 is for daily bars, and rare on a range day."""
    turned: float = 0.1
    flat: float = -0.75
    """How far VWAP may have fallen in half an hour: a day that carries its average along is not to be faded."""
    location: float = 0.6
    quiet: float = 1.5
    """Relative volume above it: no lull."""
    floor: float = 0.6


P: Final = Parameters()


def stretched(f: FiveFeatures) -> Floats:
    """How many deviations the lowest of the last three lows lies below VWAP."""
    return share(f.vwap - f.recent_low, f.deviation)


def room(f: FiveFeatures) -> Floats:
    """How far the close still lies below VWAP."""
    return (f.vwap - f.close) / f.atr


def turned(f: FiveFeatures) -> Floats:
    """How far the close lies above the close before."""
    return (f.close - f.before) / f.atr


DETECTOR: Final[Detector[FiveFeatures]] = Detector(
    strategy="midday_reversion",
    style=Style.INTRADAY,
    interval=Interval.M5,
    floor=P.floor,
    atr="atr",
    window=("minute", P.first, P.last),
    gates=INTRADAY_GATES,
    rules=(
        Rule("stretched", stretched, P.bands, weight=2),
        Rule("room", room, P.room, weight=1),
        Rule("turned", turned, P.turned, weight=2),
        Rule("time", lambda f: f.minute, P.first, P.last, weight=0),
        Rule("time_left", lambda f: f.minutes_left, P.left, weight=0),
        Rule("oversold", lambda f: f.rsi_low, at_most=P.oversold, weight=1, required=False),
        Rule("flat_vwap", lambda f: (f.vwap - f.vwap_ago) / f.atr, P.flat, weight=1, required=False),
        Rule("close_location", close_location, P.location, weight=1, required=False),
        Rule("quiet", lambda f: f.relative_volume, at_most=P.quiet, weight=1, required=False),
    ),
)
