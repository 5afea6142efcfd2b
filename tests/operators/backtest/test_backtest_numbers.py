"""Performance, calibration and equity, worked out by hand."""

from typing import Any

import pytest

from operators.backtest.calibration import Forecast, ReliabilityBin, calibration, forecasts
from operators.backtest.equity import EquityPoint, equity_curve, max_drawdown
from operators.backtest.outcome import Standing
from operators.backtest.performance import Performance, performance
from operators.backtest.report import backtest_report
from operators.plans import Style
from operators.state import Phase
from tests.operators.backtest.outcomes import MINUTE_NS, NOON_NS, outcome

NOTHING = Performance(
    plans=0,
    watch=0,
    entered=0,
    finished=0,
    wins=0,
    win_rate=None,
    total_r=None,
    average_r=None,
    median_r=None,
    average_win_r=None,
    average_other_r=None,
    expectancy_r=None,
    profit_factor=None,
    average_mfe_r=None,
    average_mae_r=None,
)


def test_a_group_by_hand() -> None:
    """Four finished trades make 2 - 1 + 0.5 - 0.75 R; the others are counted and otherwise left out."""
    measured = performance(
        [
            outcome("a", 2.0, phase=Phase.COMPLETED, mfe_r=2.25, mae_r=-0.5),
            outcome("b", -1.0, mfe_r=0.25, mae_r=-1.0),
            outcome("c", 0.5, phase=Phase.EXPIRED, mfe_r=1.0, mae_r=-0.25),
            outcome("d", -0.75, mfe_r=0.5, mae_r=-0.75),
            outcome("open", 0.5, phase=Phase.SCALED, targets_hit=1),
            outcome("cancelled in position", phase=Phase.CANCELLED),
            outcome("never in", phase=Phase.MISSED, entered=False, mfe_r=None, mae_r=None),
            outcome("to watch", 3.0, phase=Phase.COMPLETED, actionable=False),
        ]
    )
    assert measured == Performance(
        plans=7,
        watch=1,
        entered=6,
        finished=4,
        wins=2,
        win_rate=0.5,
        total_r=0.75,
        average_r=0.1875,
        median_r=-0.125,
        average_win_r=1.25,
        average_other_r=-0.875,
        expectancy_r=0.1875,
        profit_factor=2.5 / 1.75,
        average_mfe_r=1.0,
        average_mae_r=-0.625,
    )


def test_no_plan_at_all_makes_up_no_number() -> None:
    assert performance([]) == NOTHING
    assert calibration([]).brier is None
    assert calibration([]).ece is None
    assert max_drawdown(()) is None
    assert backtest_report([]).groups == ()


def test_without_a_loss_there_is_no_profit_factor_and_without_a_win_it_is_nothing() -> None:
    assert performance([outcome("a", 1.0), outcome("b", 0.0)]).profit_factor is None
    assert performance([outcome("a", 0.0)]).profit_factor is None
    assert performance([outcome("a", -1.0)]).profit_factor == 0.0


def test_break_even_is_no_win() -> None:
    measured = performance([outcome("a", 0.0), outcome("b", 1.0)])
    assert (measured.wins, measured.win_rate, measured.average_other_r) == (1, 0.5, 0.0)


def test_each_target_of_a_finished_trade_is_one_forecast() -> None:
    """Of three targets two were hit: the nearest two."""
    claims = (0.8, 0.5, 0.2)
    finished = outcome("a", 1.0, probabilities=claims, targets_hit=2, n_targets=3)
    others = [
        outcome("open", phase=Phase.OPEN, probabilities=(0.9, 0.8)),
        outcome("never in", phase=Phase.EXPIRED, entered=False, probabilities=(0.9, 0.8)),
        outcome("to watch", actionable=False, probabilities=(0.9, 0.8)),
        outcome("claimed nothing", -1.0),
    ]
    assert forecasts([finished, *others]) == [Forecast(0.8, True), Forecast(0.5, True), Forecast(0.2, False)]


def test_calibration_by_hand() -> None:
    """In two bins: .25 and .45 of which none came true, .5, .75 and 1 of which two did."""
    claimed = [Forecast(0.25, False), Forecast(0.45, False), Forecast(0.5, False), Forecast(0.75, True)]
    measured = calibration([*claimed, Forecast(1.0, True)], bins=2)
    assert measured.forecasts == 5
    assert measured.mean_probability == pytest.approx(0.59)
    assert measured.hit_rate == pytest.approx(0.4)
    assert measured.brier == pytest.approx((0.0625 + 0.2025 + 0.25 + 0.0625 + 0.0) / 5)
    assert measured.ece == pytest.approx((2 * 0.35 + 3 * (0.75 - 2 / 3)) / 5)
    low, high = measured.bins
    assert (low.low, low.high, low.count, low.hit_rate) == (0.0, 0.5, 2, 0.0)
    assert (high.low, high.high, high.count, high.mean_probability) == (0.5, 1.0, 3, 0.75)
    assert low.mean_probability == pytest.approx(0.35)
    assert high.hit_rate == pytest.approx(2 / 3)


def test_an_edge_belongs_to_the_bin_above_and_one_to_the_last() -> None:
    """Every tenth exactly, whatever binary floats make of it."""
    counts = [each.count for each in calibration([Forecast(tenth / 10, True) for tenth in range(11)]).bins]
    assert counts == [1] * 9 + [2]


def test_an_empty_bin_has_no_rate() -> None:
    table = calibration([Forecast(0.05, True)]).bins
    assert table[1] == ReliabilityBin(0.1, 0.2, 0, None, None, None, None)
    assert len(table) == 10


def test_equity_runs_by_end_and_at_one_instant_by_plan() -> None:
    later = NOON_NS + MINUTE_NS
    ended = [
        outcome("b", -1.0, at_ns=later),
        outcome("a", 0.5, at_ns=later),
        outcome("z", 2.0),
        outcome("open", 5.0, phase=Phase.OPEN),
    ]
    curve = equity_curve(ended)
    assert curve == (
        EquityPoint(NOON_NS, "z", 2.0, 2.0),
        EquityPoint(later, "a", 0.5, 2.5),
        EquityPoint(later, "b", -1.0, 1.5),
    )
    assert max_drawdown(curve) == 1.0


def test_a_curve_that_starts_with_a_loss_has_fallen_from_nothing() -> None:
    assert max_drawdown(equity_curve([outcome("a", -1.5), outcome("b", 0.25)])) == 1.5


def test_groups_are_by_strategy_then_from_scalp_to_leap() -> None:
    report = backtest_report(
        [
            outcome("1", strategy="gap_fill", style=Style.SWING),
            outcome("2", strategy="gap_fill", style=Style.SCALP),
            outcome("3", strategy="base_breakout", style=Style.LEAP),
            outcome("4", 1.0, strategy="gap_fill", style=Style.SCALP),
        ]
    )
    told = [(each.strategy, each.style, each.performance.plans) for each in report.groups]
    assert told == [("base_breakout", Style.LEAP, 1), ("gap_fill", Style.SCALP, 2), ("gap_fill", Style.SWING, 1)]
    assert (report.total.strategy, report.total.performance.plans) == (None, 4)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"probabilities": (0.5,)}, "probabilities"),
        ({"probabilities": (0.5, 1.5)}, "probabilities"),
        ({"probabilities": (0.5, float("nan"))}, "probabilities"),
        ({"n_targets": 0}, "n_targets"),
        ({"targets_hit": 3}, "targets_hit"),
        ({"targets_hit": 1, "entered": False}, "targets_hit"),
    ],
)
def test_an_outcome_that_cannot_be_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=f"plan 'a': {field}: got"):
        outcome("a", **changes)


def test_a_plan_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="'a' has more than one outcome"):
        backtest_report([outcome("a"), outcome("a", 1.0)])


@pytest.mark.parametrize("phase", Phase)
def test_only_an_end_at_a_price_finishes_a_trade(phase: Phase) -> None:
    finished = {Phase.COMPLETED, Phase.STOPPED, Phase.EXPIRED}
    expected = Standing.FINISHED if phase in finished else Standing.UNFINISHED
    assert outcome("a", phase=phase).standing is expected
