"""The whole backtest report.  Rule: the same outcomes in any order give the same report; each plan counts once."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from operators.backtest.calibration import Calibration, calibration, forecasts
from operators.backtest.equity import EquityPoint, equity_curve, max_drawdown
from operators.backtest.outcome import TradeOutcome
from operators.backtest.performance import Performance, performance
from operators.plans import Style


class GroupReport(msgspec.Struct, frozen=True, gc=False):
    """What one strategy made in one style; both None for all plans together."""

    strategy: str | None
    style: Style | None
    performance: Performance
    max_drawdown_r: float | None
    calibration: Calibration


class BacktestReport(msgspec.Struct, frozen=True, gc=False):
    """All plans together, each strategy and style (by name, then from scalp to leap), and equity by time."""

    total: GroupReport
    groups: tuple[GroupReport, ...]
    equity: tuple[EquityPoint, ...]


def backtest_report(outcomes: Iterable[TradeOutcome]) -> BacktestReport:
    """Build the report.  Raises ValueError when a plan comes twice."""
    ordered = sorted(outcomes, key=lambda each: (each.at_ns, each.plan_id))
    twice = [plan_id for plan_id, count in Counter(each.plan_id for each in ordered).items() if count > 1]
    if twice:
        msg = f"plan {min(twice)!r} has more than one outcome"
        raise ValueError(msg)
    styles = list(Style)
    kinds = sorted({(each.strategy, styles.index(each.style)) for each in ordered})
    groups = [
        _group(
            strategy,
            styles[style],
            [each for each in ordered if (each.strategy, each.style) == (strategy, styles[style])],
        )
        for strategy, style in kinds
    ]
    return BacktestReport(_group(None, None, ordered), tuple(groups), equity_curve(ordered))


def _group(strategy: str | None, style: Style | None, ordered: list[TradeOutcome]) -> GroupReport:
    return GroupReport(
        strategy,
        style,
        performance(ordered),
        max_drawdown(equity_curve(ordered)),
        calibration(forecasts(ordered)),
    )
