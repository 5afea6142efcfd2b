"""Power-hour trend (intraday, five-minute bars).

Setup: in the session's last hour a day that has trended breaks the channel of the half hour before in its direction.
Source: L. Gao, Y. Han, S. Z. Li and G. Zhou, Market Intraday Momentum (Journal of Financial Economics 129, 2018): the
first half hour's return predicts the last one's; the channel is Donchian's.  Short: the mirror.
"""

from dataclasses import dataclass
from typing import Final

from operators.bars.columns import Floats, Interval
from operators.plans import Style
from operators.scan.detectors.detector import Detector, Rule
from operators.scan.detectors.gates import INTRADAY_GATES
from operators.scan.detectors.measures import close_location
from operators.scan.features.five import FiveFeatures


@dataclass(frozen=True, slots=True)
class Parameters:
    """Minutes before the close; the day's move in daily ATR, distances at the bar in five-minute ATR."""

    left: tuple[float, float] = (15, 60)
    """The last hour, with a quarter of an hour left for the idea to work."""
    moved: float = 0.4
    """Two fifths of a day's range from the open: a trend day, not a wandering one."""
    beyond: float = 0.0
    chase: float = 2.0
    """The close lies beyond the channel of the half hour before, and has not run off."""
    near_high: float = 1.0
    """The session's high is within one bar: nothing above but new ground."""
    apart: float = 0.25
    """The averages stand a quarter of a bar apart: a trend, not a crossing."""
    location: float = 0.6
    busy: float = 1.0
    floor: float = 0.65


P: Final = Parameters()


def breaks_channel(f: FiveFeatures) -> Floats:
    """How far the close lies above the highest high of the six bars before."""
    return (f.close - f.channel_high) / f.atr


def day_move(f: FiveFeatures) -> Floats:
    """How far the session has come from its open."""
    return (f.close - f.session_open) / f.atr_1d


DETECTOR: Final[Detector[FiveFeatures]] = Detector(
    strategy="power_hour_trend",
    style=Style.INTRADAY,
    interval=Interval.M5,
    floor=P.floor,
    atr="atr",
    window=("minutes_left", *P.left),
    gates=INTRADAY_GATES,
    rules=(
        Rule("day_move", day_move, P.moved, weight=2),
        Rule("breaks_channel", breaks_channel, P.beyond, P.chase, weight=2),
        Rule("above_vwap", lambda f: (f.close - f.vwap) / f.atr, 0.0, weight=1),
        Rule("averages", lambda f: (f.ema_fast - f.ema_slow) / f.atr, 0.0, weight=1),
        Rule("time_left", lambda f: f.minutes_left, *P.left, weight=0),
        Rule("near_high", lambda f: (f.session_high - f.close) / f.atr, at_most=P.near_high, weight=1, required=False),
        Rule("first_half_hour", lambda f: f.half_hour / f.atr_1d, 0.0, weight=1, required=False),
        Rule("trend", lambda f: (f.ema_fast - f.ema_slow) / f.atr, P.apart, weight=1, required=False),
        Rule("close_location", close_location, P.location, weight=1, required=False),
        Rule("busy", lambda f: f.relative_volume, P.busy, weight=1, required=False),
    ),
)
