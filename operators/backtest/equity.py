"""Equity in R: what the finished trades made up to each end.  Rule: by time of the end, at one instant by plan id.

One R per trade, whatever it was worth in dollars: no compounding, no sizing.
"""

from collections.abc import Iterable

import msgspec

from operators.backtest.outcome import Standing, TradeOutcome
from operators.prices import tidy


class EquityPoint(msgspec.Struct, frozen=True, gc=False):
    """The end of one trade: `at_ns` in ns UTC, its own R, and the R of all ends up to this one."""

    at_ns: int
    plan_id: str
    r: float
    equity_r: float


def equity_curve(outcomes: Iterable[TradeOutcome]) -> tuple[EquityPoint, ...]:
    """Return one point per finished trade."""
    finished = [each for each in outcomes if each.standing is Standing.FINISHED]
    points, total = [], 0.0
    for each in sorted(finished, key=lambda outcome: (outcome.at_ns, outcome.plan_id)):
        total = tidy(total + each.realized_r)
        points.append(EquityPoint(each.at_ns, each.plan_id, each.realized_r, total))
    return tuple(points)


def max_drawdown(curve: Iterable[EquityPoint]) -> float | None:
    """Return the deepest fall of equity below its highest point so far (0 at the start) in R, 0 or above.

    None without a trade.  Magdon-Ismail and Atiya, Maximum Drawdown, Risk 17 (2004).
    """
    highest, deepest, any_point = 0.0, 0.0, False
    for point in curve:
        any_point = True
        highest = max(highest, point.equity_r)
        deepest = max(deepest, highest - point.equity_r)
    return deepest if any_point else None
