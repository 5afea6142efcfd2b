"""Whether what was called probable came true that often.  Rule: one forecast per target of every finished trade.

The forecast is the probability claimed when the plan was born, the answer whether that target was hit before the end.
Trades that were never entered, or whose end is not theirs (cancelled, replaced, still open), answer nothing.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from operators.backtest.outcome import Standing, TradeOutcome
from operators.backtest.performance import mean

BINS: Final = 10
CONFIDENCE_Z: Final = 1.959963984540054
"""Standard normal quantile of 97.5 %: a two-sided interval of 95 %."""


class Forecast(msgspec.Struct, frozen=True, gc=False):
    """A probability that was claimed, and whether it came true."""

    probability: float
    hit: bool


class ReliabilityBin(msgspec.Struct, frozen=True, gc=False):
    """Forecasts with `low` <= probability < `high` (the last bin takes 1 as well).

    `hit_rate` with its 95 % interval `hit_low` to `hit_high` (Wilson, JASA 22, 1927); None in an empty bin.
    """

    low: float
    high: float
    count: int
    mean_probability: float | None
    hit_rate: float | None
    hit_low: float | None
    hit_high: float | None


class Calibration(msgspec.Struct, frozen=True, gc=False):
    """How true probabilities were; None and no bins without any forecast.

    - `brier`: mean of (probability - answer) squared, the answer 1 or 0 (Brier, Monthly Weather Review 78, 1950, for
      two classes, counted once); 0 is perfect, 0.25 is what always saying one half gets.
    - `ece`: expected calibration error, the mean over forecasts of |hit rate - mean probability| of their bin
      (Naeini, Cooper, Hauskrecht, AAAI 2015), in bins of equal width; 0 to 1.
    """

    forecasts: int
    mean_probability: float | None
    hit_rate: float | None
    brier: float | None
    ece: float | None
    bins: tuple[ReliabilityBin, ...]


def forecasts(outcomes: Iterable[TradeOutcome]) -> list[Forecast]:
    """Return what was claimed of every target of the finished trades, and whether it came true."""
    return [
        Forecast(probability, index < outcome.targets_hit)
        for outcome in outcomes
        if outcome.standing is Standing.FINISHED
        for index, probability in enumerate(outcome.probabilities)
    ]


def calibration(claimed: Sequence[Forecast], bins: int = BINS) -> Calibration:
    """Measure forecasts in `bins` bins of equal width."""
    if not claimed:
        return Calibration(0, None, None, None, None, ())
    edges = [index / bins for index in range(1, bins)]
    filled: list[list[Forecast]] = [[] for _ in range(bins)]
    for each in claimed:
        filled[bisect_right(edges, each.probability)].append(each)
    table = tuple(_bin(index / bins, (index + 1) / bins, each) for index, each in enumerate(filled))
    return Calibration(
        forecasts=len(claimed),
        mean_probability=mean([each.probability for each in claimed]),
        hit_rate=mean([float(each.hit) for each in claimed]),
        brier=mean([(each.probability - each.hit) ** 2 for each in claimed]),
        ece=math.fsum(each.count * _error(each) for each in table) / len(claimed),
        bins=table,
    )


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the 95 % score interval of a rate (Wilson 1927); `count` 1 or more.

    >>> [round(each, 4) for each in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    rate, square = hits / count, CONFIDENCE_Z**2
    middle = (rate + square / (2 * count)) / (1 + square / count)
    reach = CONFIDENCE_Z / (1 + square / count) * math.sqrt(rate * (1 - rate) / count + square / (4 * count**2))
    return max(min(middle - reach, rate), 0.0), min(max(middle + reach, rate), 1.0)


def _bin(low: float, high: float, claimed: Sequence[Forecast]) -> ReliabilityBin:
    if not claimed:
        return ReliabilityBin(low, high, 0, None, None, None, None)
    hits = sum(each.hit for each in claimed)
    probability = mean([each.probability for each in claimed])
    return ReliabilityBin(low, high, len(claimed), probability, hits / len(claimed), *wilson(hits, len(claimed)))


def _error(each: ReliabilityBin) -> float:
    if each.hit_rate is None or each.mean_probability is None:
        return 0.0
    return abs(each.hit_rate - each.mean_probability)
