"""All indicators of one series of bars.  Rule: computed over the whole series, so a page of it cannot change a value.

Every column has one value per bar and NaN before its warm-up; a value depends on its own bar and earlier ones only.
"""

from typing import Final

import numpy as np

from operators.bars.columns import Bars
from operators.indicators.adx import Adx
from operators.indicators.atr import Atr
from operators.indicators.bollinger import Bollinger
from operators.indicators.ema import Ema
from operators.indicators.keltner import Keltner
from operators.indicators.rsi import Rsi
from operators.indicators.values import Floats
from operators.indicators.vwap import Vwap
from operators.times import SECOND_NS

EMA_PERIODS: Final = (9, 20, 50)
PERIOD: Final = 14
QUIET: Final = 0.75
STRESSED: Final = 1.5
_DAY_NS: Final = 86_400 * SECOND_NS
_SHIFT_NS: Final = 5 * 3_600 * SECOND_NS


def indicator_columns(bars: Bars) -> dict[str, Floats]:
    """Return the indicators of bars by name: dollars, or 0 to 100 for rsi and the adx family."""
    high, low, close = bars.high, bars.low, bars.close
    adx, bollinger = Adx(PERIOD).extend(high, low, close), Bollinger().extend(close)
    keltner = Keltner().extend(high, low, close)
    vwap = Vwap().extend(session_numbers(bars), bars.volume, bars.volume * bars.vwap)
    return {
        **{f"ema_{period}": Ema(period).extend(close) for period in EMA_PERIODS},
        "rsi_14": Rsi(PERIOD).extend(close),
        "atr_14": Atr(PERIOD).extend(high, low, close),
        "adx_14": adx[0],
        "plus_di_14": adx[1],
        "minus_di_14": adx[2],
        "bollinger_middle": bollinger[0],
        "bollinger_upper": bollinger[1],
        "bollinger_lower": bollinger[2],
        "keltner_middle": keltner[0],
        "keltner_upper": keltner[1],
        "keltner_lower": keltner[2],
        "vwap": vwap.vwap,
        "vwap_deviation": vwap.deviation,
    }


def session_numbers(bars: Bars) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return a number per bar that names its New York day.

    Sessions last from 04:00 to 20:00: five hours off UTC no session reaches over midnight, summer time or not.
    """
    return (bars.start_ns - _SHIFT_NS) // _DAY_NS


def volatility_regime(bars: Bars) -> tuple[str, float] | None:
    """Return quiet, normal or stressed, and the ratio behind it: the newest ATR share of price over its median.

    Quiet below 0.75, stressed above 1.5; None while there are fewer than twice as many bars as the ATR warms up with.
    """
    share = Atr(PERIOD).extend(bars.high, bars.low, bars.close) / bars.close
    share = share[~np.isnan(share)]
    if len(share) < PERIOD or not (median := float(np.median(share))) > 0:
        return None
    ratio = round(float(share[-1]) / median, 9)
    return ("quiet" if ratio < QUIET else "stressed" if ratio > STRESSED else "normal"), ratio
