"""What every backtest report holds."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from operators.backtest.calibration import Forecast, calibration
from operators.backtest.outcome import TradeOutcome
from operators.backtest.report import backtest_report
from operators.plans import Direction
from tests.operators.backtest.outcomes import many_outcomes

claims = st.lists(st.builds(Forecast, st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@given(outcomes=many_outcomes(), seed=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_outcomes_does_not_show(outcomes: list[TradeOutcome], seed: Random) -> None:
    mixed = list(outcomes)
    seed.shuffle(mixed)
    assert backtest_report(mixed) == backtest_report(outcomes)


@given(outcomes=many_outcomes())
@settings(max_examples=60, deadline=None)
def test_groups_add_up_to_all(outcomes: list[TradeOutcome]) -> None:
    report = backtest_report(outcomes)
    for count in ("plans", "watch", "entered", "finished", "wins"):
        parts = [getattr(group.performance, count) for group in report.groups]
        assert sum(parts) == getattr(report.total.performance, count)
    made = [group.performance.total_r or 0.0 for group in report.groups]
    assert sum(made) == pytest.approx(report.total.performance.total_r or 0.0, abs=1e-9)
    assert sum(group.calibration.forecasts for group in report.groups) == report.total.calibration.forecasts


@given(outcomes=many_outcomes())
@settings(max_examples=60, deadline=None)
def test_expectancy_is_the_average_and_equity_ends_at_the_total(outcomes: list[TradeOutcome]) -> None:
    report = backtest_report(outcomes)
    total = report.total.performance
    assert total.expectancy_r == pytest.approx(total.average_r, abs=1e-12)
    assert len(report.equity) == total.finished
    if report.equity:
        assert report.equity[-1].equity_r == pytest.approx(total.total_r, abs=1e-9)
        assert report.total.max_drawdown_r is not None
        assert report.total.max_drawdown_r >= -(total.total_r or 0.0) - 1e-9


@given(outcomes=many_outcomes())
@settings(max_examples=40, deadline=None)
def test_shorts_count_as_longs_do(outcomes: list[TradeOutcome]) -> None:
    """L6: R has no direction."""
    other = {Direction.LONG: Direction.SHORT, Direction.SHORT: Direction.LONG}
    assert backtest_report(replace(each, direction=other[each.direction]) for each in outcomes) == backtest_report(
        outcomes
    )


@given(claimed=claims, bins=st.integers(1, 20))
@settings(max_examples=100, deadline=None)
def test_scores_stay_between_nothing_and_one(claimed: list[Forecast], bins: int) -> None:
    measured = calibration(claimed, bins)
    assert measured.brier is not None
    assert measured.ece is not None
    assert 0.0 <= measured.brier <= 1.0
    assert 0.0 <= measured.ece <= 1.0
    assert sum(each.count for each in measured.bins) == len(claimed)
    for each in measured.bins:
        if each.hit_rate is not None and each.mean_probability is not None:
            assert each.low - 1e-12 <= each.mean_probability <= each.high + 1e-12
            assert each.hit_low is not None
            assert each.hit_high is not None
            assert 0.0 <= each.hit_low <= each.hit_rate <= each.hit_high <= 1.0


@given(answers=st.lists(st.booleans(), min_size=1, max_size=40))
def test_perfect_forecasts_score_nothing_and_reversed_ones_everything(answers: list[bool]) -> None:
    perfect = calibration([Forecast(float(answer), answer) for answer in answers])
    wrong = calibration([Forecast(float(not answer), answer) for answer in answers])
    assert (perfect.brier, perfect.ece) == (0.0, 0.0)
    assert (wrong.brier, wrong.ece) == (1.0, 1.0)


@given(claimed=claims)
@settings(max_examples=60, deadline=None)
def test_one_bin_measures_the_bias_alone(claimed: list[Forecast]) -> None:
    """With a single bin the error is the distance of two averages; more bins never find less."""
    single, many = calibration(claimed, 1), calibration(claimed, 10)
    assert single.mean_probability is not None
    assert single.hit_rate is not None
    assert many.ece is not None
    assert single.ece == pytest.approx(abs(single.mean_probability - single.hit_rate), abs=1e-12)
    assert many.ece >= (single.ece or 0.0) - 1e-12


@given(rate=st.integers(0, 20), count=st.just(20))
def test_the_base_rate_scores_its_own_variance(rate: int, count: int) -> None:
    """Always claiming how often it happens: rate * (1 - rate), and no calibration error."""
    share = rate / count
    measured = calibration([Forecast(share, index < rate) for index in range(count)])
    assert measured.brier == pytest.approx(share * (1 - share), abs=1e-12)
    assert measured.ece == pytest.approx(0.0, abs=1e-12)
