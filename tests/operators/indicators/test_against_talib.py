"""Equal to TA-Lib to 1e-9 of the price (or of 100 for an index) wherever TA-Lib answers, and silent where it is."""

from collections.abc import Callable

import numpy as np
import pytest
import talib

from operators.indicators.adx import Adx
from operators.indicators.atr import Atr
from operators.indicators.bollinger import Bollinger
from operators.indicators.ema import Ema
from operators.indicators.keltner import Keltner
from operators.indicators.realized_volatility import Change, RealizedVolatility
from operators.indicators.rsi import Rsi
from operators.indicators.values import Floats
from tests.operators.indicators.indicator_cases import Tape, random_tape, tape_of

Answer = tuple[Floats, ...]


def flat(price: float) -> Tape:
    """A market that never moves: no range at all."""
    return tape_of([price] * 120, [0.0] * 120, [0.0] * 120, [100.0] * 120)


def still_and_moving(price: float) -> Tape:
    """Moving, standing still for 60 bars, moving again."""
    moving = random_tape(price, 60)
    closes = [*moving.close, *[moving.close[-1]] * 60, *moving.close[::-1]]
    reaches = [*(moving.high - moving.close), *[0.0] * 60, *(moving.high - moving.close)]
    return tape_of(closes, reaches, reaches, [100.0] * 180)


TAPES = {
    "penny": random_tape(0.0123),
    "two digits": random_tape(48.7),
    "four digits": random_tape(4321.0),
    "short": random_tape(48.7, 17),
    "two bars": random_tape(48.7, 2),
    "flat": flat(101.13),
    "flat penny": flat(0.0101),
    "still and moving": still_and_moving(250.0),
}
tapes = pytest.mark.parametrize("tape", TAPES.values(), ids=TAPES.keys())
periods = pytest.mark.parametrize("period", [2, 3, 14, 20])


def dollar_volatility(tape: Tape, period: int) -> Floats:
    """TA-Lib's population deviation of price changes, made a sample's and annual."""
    deviation = talib.STDDEV(np.diff(tape.close), period) * np.sqrt(252.0 * period / (period - 1))
    return np.concatenate(([np.nan], deviation))


def directional(tape: Tape, period: int) -> Answer:
    columns = tape.high, tape.low, tape.close
    return talib.ADX(*columns, period), talib.PLUS_DI(*columns, period), talib.MINUS_DI(*columns, period)


def bands(tape: Tape, period: int) -> Answer:
    upper, middle, lower = talib.BBANDS(tape.close, period, 2.0, 2.0)
    return middle, upper, lower


def channel(tape: Tape, period: int) -> Answer:
    """With an ATR of 10 bars, so that now the one, now the other of its two parts would be ready sooner."""
    upper, middle, lower = talib.KC(tape.high, tape.low, tape.close, period, 10, 1.5)
    return middle, upper, lower


PAIRS: dict[str, tuple[Callable[[Tape, int], Answer], Callable[[Tape, int], Answer], bool]] = {
    "ema": (lambda t, n: (Ema(n).extend(t.close),), lambda t, n: (talib.EMA(t.close, n),), True),
    "atr": (
        lambda t, n: (Atr(n).extend(t.high, t.low, t.close),),
        lambda t, n: (talib.ATR(t.high, t.low, t.close, n),),
        True,
    ),
    "adx": (lambda t, n: Adx(n).extend(t.high, t.low, t.close), directional, False),
    "bollinger": (lambda t, n: Bollinger(n, 2.0).extend(t.close), bands, True),
    "keltner": (lambda t, n: Keltner(n, 10, 1.5).extend(t.high, t.low, t.close), channel, True),
    "dollar volatility": (
        lambda t, n: (RealizedVolatility(n, 252.0, Change.DOLLARS).extend(t.close),),
        lambda t, n: (dollar_volatility(t, n),),
        True,
    ),
}


@tapes
@periods
@pytest.mark.parametrize("name", PAIRS)
def test_values_and_silence_are_those_of_talib(tape: Tape, period: int, name: str) -> None:
    """`assert_allclose` holds NaN against NaN: not available before exactly the same bar."""
    ours, theirs, in_dollars = PAIRS[name]
    unit = float(tape.close.max()) if in_dollars else 100.0
    for our_column, their_column in zip(ours(tape, period), theirs(tape, period), strict=True):
        np.testing.assert_allclose(our_column, their_column, rtol=0.0, atol=1e-9 * unit)


@tapes
@periods
def test_rsi_is_that_of_talib_where_closes_ever_moved(tape: Tape, period: int) -> None:
    """Where none ever did, TA-Lib answers 0 and calls a still market oversold: here 50, its own mirror image."""
    ours, theirs = Rsi(period).extend(tape.close), talib.RSI(tape.close, period)
    moved = np.maximum.accumulate(tape.close) > np.minimum.accumulate(tape.close)
    silent = np.arange(len(tape)) < period
    expected = np.where(moved | silent, theirs, 50.0)
    np.testing.assert_allclose(ours, expected, rtol=0.0, atol=1e-9)
    np.testing.assert_array_equal(theirs[~moved & ~silent], 0.0)


def test_rsi_is_that_of_talib_to_nine_places_on_a_walk() -> None:
    for tape in (TAPES["penny"], TAPES["two digits"], TAPES["four digits"]):
        np.testing.assert_allclose(Rsi(14).extend(tape.close), talib.RSI(tape.close, 14), rtol=0.0, atol=1e-9)


def test_log_volatility_is_the_sample_deviation_of_log_returns_times_the_root_of_bars_a_year() -> None:
    tape = TAPES["two digits"]
    population = talib.STDDEV(np.diff(np.log(tape.close)), 20)
    expected = np.concatenate(([np.nan], population * np.sqrt(20.0 / 19.0 * 252.0)))
    np.testing.assert_allclose(RealizedVolatility(20).extend(tape.close), expected, rtol=1e-9)
