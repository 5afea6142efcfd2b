"""Every indicator behind one signature: made, then fed bars; and bars to feed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from hypothesis import strategies as st

from operators.indicators.adx import Adx
from operators.indicators.anchored_vwap import AnchoredVwap
from operators.indicators.atr import Atr
from operators.indicators.bollinger import Bollinger
from operators.indicators.ema import Ema
from operators.indicators.keltner import Keltner
from operators.indicators.realized_volatility import Change, RealizedVolatility
from operators.indicators.relative_volume import RelativeVolume
from operators.indicators.rsi import Rsi
from operators.indicators.values import Floats, Ints
from operators.indicators.vwap import Vwap

PER_SESSION = 13


@dataclass(frozen=True)
class Tape:
    """Bars as the indicators take them: prices in dollars, `notional` = price times shares."""

    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    price: Floats
    session: Ints
    minute: Ints

    @property
    def notional(self) -> Floats:
        return self.price * self.volume

    def __len__(self) -> int:
        return len(self.close)

    def cut(self, start: int, end: int) -> Self:
        return type(self)(*(column[start:end] for column in vars(self).values()))

    def mirrored(self, around: float) -> Self:
        """Every price p becomes `around` - p, so a high becomes a low."""
        columns = vars(self) | {
            "high": around - self.low,
            "low": around - self.high,
            "close": around - self.close,
            "price": around - self.price,
        }
        return type(self)(**columns)

    def scaled(self, factor: float) -> Self:
        prices = {name: factor * getattr(self, name) for name in ("high", "low", "close", "price")}
        return type(self)(**(vars(self) | prices))


def tape_of(closes: list[float], ups: list[float], downs: list[float], volumes: list[float]) -> Tape:
    """Bars in sessions of a few, the bar's average price between low and high."""
    close, up, down = (np.array(column, dtype=np.float64) for column in (closes, ups, downs))
    index = np.arange(len(close))
    high, low = close + up, close - down
    price = (high + low) / 2.0
    return Tape(high, low, close, np.array(volumes), price, index // PER_SESSION, index % PER_SESSION * 3)


@st.composite
def tapes(draw: st.DrawFn, least: int = 0, most: int = 80) -> Tape:
    """Bars whose prices are whole 64ths of a dollar from 64 to 192, so that mirroring and scaling by 2 are exact."""
    length = draw(st.integers(least, most))
    ticks = draw(st.lists(st.integers(-40, 40), min_size=length, max_size=length))
    reaches = st.lists(st.integers(0, 20), min_size=length, max_size=length)
    volumes = draw(st.lists(st.integers(0, 5000).map(float), min_size=length, max_size=length))
    closes = (128.0 + np.clip(np.cumsum(ticks), -3800, 3800) / 64.0).tolist()
    ups, downs = ([each / 64.0 for each in draw(reaches)] for _ in range(2))
    return tape_of(closes, ups, downs, volumes)


def random_tape(start: float, length: int = 400, seed: int = 7) -> Tape:
    """A random walk that keeps near its start, with sub-penny moves where it is a penny stock."""
    rng = np.random.default_rng(seed)
    close = start * np.exp(np.cumsum(rng.normal(0.0, 0.01, length)))
    ups, downs = (start * rng.random(length) * 0.01 for _ in range(2))
    volumes = rng.integers(1, 10_000, length).astype(np.float64).tolist()
    return tape_of(close.tolist(), ups.tolist(), np.minimum(downs, close / 2).tolist(), volumes)


@dataclass(frozen=True)
class Case:
    """One indicator.  `mirror` takes the columns of a mirrored tape back; `unit` is the power of price in them."""

    name: str
    make: Callable[[], Any]
    feed: Callable[[Any, Tape], Any]
    mirror: Callable[[list[Floats], float], list[Floats]]
    units: tuple[int, ...]

    def columns(self, indicator: Any, tape: Tape) -> list[Floats]:
        fed = self.feed(indicator, tape)
        return list(fed) if isinstance(fed, tuple) else [fed]


def _unchanged(columns: list[Floats], _: float) -> list[Floats]:
    return columns


def _price(columns: list[Floats], around: float) -> list[Floats]:
    return [around - columns[0], *columns[1:]]


def _channel(columns: list[Floats], around: float) -> list[Floats]:
    middle, upper, lower = columns
    return [around - middle, around - lower, around - upper]


CASES = [
    Case("ema", lambda: Ema(5), lambda each, t: each.extend(t.close), _price, (1,)),
    Case("ema of one bar", lambda: Ema(1), lambda each, t: each.extend(t.close), _price, (1,)),
    Case("atr", lambda: Atr(4), lambda each, t: each.extend(t.high, t.low, t.close), _unchanged, (1,)),
    Case("rsi", lambda: Rsi(4), lambda each, t: each.extend(t.close), lambda c, _: [100.0 - c[0]], (0,)),
    Case(
        "adx",
        lambda: Adx(3),
        lambda each, t: each.extend(t.high, t.low, t.close),
        lambda c, _: [c[0], c[2], c[1]],
        (0, 0, 0),
    ),
    Case("bollinger", lambda: Bollinger(6, 2.0), lambda each, t: each.extend(t.close), _channel, (1, 1, 1)),
    Case(
        "keltner", lambda: Keltner(6, 3, 1.5), lambda each, t: each.extend(t.high, t.low, t.close), _channel, (1,) * 3
    ),
    Case("vwap", Vwap, lambda each, t: each.extend(t.session, t.volume, t.notional), _price, (1, 1)),
    Case("anchored vwap", AnchoredVwap, lambda each, t: each.extend(t.volume, t.notional), _price, (1, 1)),
    Case(
        "relative volume",
        lambda: RelativeVolume(3),
        lambda each, t: each.extend(t.session, t.minute, t.volume),
        _unchanged,
        (0,),
    ),
    Case(
        "dollar volatility",
        lambda: RealizedVolatility(5, 252.0, Change.DOLLARS),
        lambda each, t: each.extend(t.close),
        _unchanged,
        (1,),
    ),
    Case(
        "dollar volatility without the nights",
        lambda: RealizedVolatility(5, 252.0, Change.DOLLARS),
        lambda each, t: each.extend(t.close, t.minute == 0),
        _unchanged,
        (1,),
    ),
]
LOG_VOLATILITY = Case(
    "log volatility", lambda: RealizedVolatility(5), lambda each, t: each.extend(t.close), _unchanged, (0,)
)
