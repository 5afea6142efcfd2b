"""Refused periods, and what the first of a session does to volatility."""

from collections.abc import Callable

import numpy as np
import pytest

from operators.indicators.adx import Adx
from operators.indicators.atr import Atr
from operators.indicators.bollinger import Bollinger
from operators.indicators.ema import Ema
from operators.indicators.keltner import Keltner
from operators.indicators.realized_volatility import RealizedVolatility
from operators.indicators.relative_volume import RelativeVolume
from operators.indicators.rsi import Rsi


@pytest.mark.parametrize(
    "make",
    [
        lambda: Ema(0),
        lambda: Atr(0),
        lambda: Rsi(1),
        lambda: Adx(1),
        lambda: Bollinger(1),
        lambda: Keltner(20, 0),
        lambda: RealizedVolatility(1),
        lambda: RelativeVolume(0),
        lambda: RelativeVolume(20, 0),
    ],
)
def test_a_period_without_meaning_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"got [01]; must be [12] or more"):
        make()


def test_a_night_that_does_not_count_leaves_the_volatility_of_the_session() -> None:
    """The gap from 10 to 20 is no change; the bar that shows it repeats what the bar before it said."""
    close, fresh = np.array([10.0, 11.0, 10.0, 20.0, 22.0]), np.array([True, False, False, True, False])
    told = RealizedVolatility(2, 1.0).extend(close, fresh)
    step = np.log(1.1)
    np.testing.assert_allclose(told, [np.nan, np.nan, np.sqrt(2.0) * step, np.sqrt(2.0) * step, np.sqrt(2.0) * step])
