"""What finished trades made, in R.  Rule: None where a number would have to be made up, never 0.

Sums are exactly rounded (math.fsum), so no order of the outcomes can show.
"""

import math
from collections.abc import Iterable, Sequence

import msgspec

from operators.backtest.outcome import Standing, TradeOutcome


class Performance(msgspec.Struct, frozen=True, gc=False):
    """One group of plans.  All R numbers are over the `finished` trades alone.

    Of `plans` (watch plans apart) some `entered`; of those the unfinished are open, cancelled or replaced.

    - `wins`: realized R above 0; break-even is no win.  `win_rate` = wins / finished.
    - `average_r` = total R / finished; `median_r`: the middle one, or the mean of the middle two.
    - `expectancy_r` = win rate * average win + (1 - win rate) * average of the others (Tharp, Trade Your Way to
      Financial Freedom, 1998): what one more trade of the kind would bring.  It equals `average_r`, from its two parts.
    - `profit_factor` = R won / R lost (Schwager, A Complete Guide to the Futures Market, 1984); None when nothing was
      lost.
    - `average_mfe_r`, `average_mae_r`: extreme R since the entry (Sweeney, Campaign Trading, 1996).
    """

    plans: int
    watch: int
    entered: int
    finished: int
    wins: int
    win_rate: float | None
    total_r: float | None
    average_r: float | None
    median_r: float | None
    average_win_r: float | None
    average_other_r: float | None
    expectancy_r: float | None
    profit_factor: float | None
    average_mfe_r: float | None
    average_mae_r: float | None


def performance(outcomes: Iterable[TradeOutcome]) -> Performance:
    """Measure a group of plans."""
    every = tuple(outcomes)
    finished = [each for each in every if each.standing is Standing.FINISHED]
    made = [each.realized_r for each in finished]
    won, others = [r for r in made if r > 0], [r for r in made if r <= 0]
    lost = -math.fsum(others)
    return Performance(
        plans=sum(each.actionable for each in every),
        watch=sum(not each.actionable for each in every),
        entered=sum(each.actionable and each.entered for each in every),
        finished=len(finished),
        wins=len(won),
        win_rate=len(won) / len(made) if made else None,
        total_r=math.fsum(made) if made else None,
        average_r=mean(made),
        median_r=median(made),
        average_win_r=mean(won),
        average_other_r=mean(others),
        expectancy_r=_expectancy(won, others),
        profit_factor=math.fsum(won) / lost if lost else None,
        average_mfe_r=mean([each.mfe_r for each in finished if each.mfe_r is not None]),
        average_mae_r=mean([each.mae_r for each in finished if each.mae_r is not None]),
    )


def mean(values: Sequence[float]) -> float | None:
    """Return the average, None of nothing.

    >>> mean([1.0, 2.0, 6.0]), mean([])
    (3.0, None)
    """
    return math.fsum(values) / len(values) if values else None


def median(values: Sequence[float]) -> float | None:
    """Return the middle value or the mean of the middle two, None of nothing.

    >>> median([5.0, -1.0, 2.0]), median([4.0, 1.0]), median([])
    (2.0, 2.5, None)
    """
    if not values:
        return None
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _expectancy(won: Sequence[float], others: Sequence[float]) -> float | None:
    count = len(won) + len(others)
    if not count:
        return None
    rate = len(won) / count
    return rate * (mean(won) or 0.0) + (1 - rate) * (mean(others) or 0.0)
