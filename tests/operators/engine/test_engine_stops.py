"""Where the stop goes.  A long intraday idea at 100, ATR 1: limits 0.90 and 2.00, buffer 0.10."""

import pytest

from operators.engine.evaluation import evaluate
from operators.engine.profile import StopBasis
from operators.engine.trace import Verdict
from operators.levels.level import LevelKind
from operators.plans import Direction, Style
from tests.operators.engine.engine_cases import ask, level, line_of


@pytest.mark.parametrize(
    ("protecting", "stop", "basis"),
    [
        (98.7, 98.6, StopBasis.LEVEL),
        (99.2, 99.1, StopBasis.LEVEL),
        (99.8, 99.1, StopBasis.MINIMUM),
        (100.0, 99.1, StopBasis.MINIMUM),
        (98.1, 98.0, StopBasis.LEVEL),
        (98.0, 98.0, StopBasis.MAXIMUM),
        (95.0, 98.0, StopBasis.MAXIMUM),
    ],
)
def test_the_stop_hides_behind_its_level_within_the_limits(protecting: float, stop: float, basis: StopBasis) -> None:
    profile = evaluate(ask(level(protecting)))
    assert (profile.stop, profile.stop_basis) == (stop, basis)
    assert profile.risk_per_share == pytest.approx(100 - stop, abs=1e-9)
    line = line_of(profile, protecting)
    assert (line.verdict, line.rung) == (Verdict.TAKEN, "stop")


def test_the_nearest_level_protects_however_weak_it_is() -> None:
    profile = evaluate(ask(level(98.9, 0.1), level(98.6, 1.0)))
    assert profile.stop == 98.8
    assert line_of(profile, 98.6).verdict is Verdict.WRONG_SIDE


@pytest.mark.parametrize(("style", "stop"), [("scalp", 99.4), ("intraday", 99.1), ("swing", 98.8), ("leap", 98.5)])
def test_without_a_level_the_styles_minimum_stands_and_is_told(style: str, stop: float) -> None:
    profile = evaluate(ask(level(107.0), style=Style(style)))
    assert (profile.stop, profile.stop_basis) == (stop, StopBasis.ATR)
    assert any("no level protects" in warning for warning in profile.warnings)


def test_a_stop_before_its_level_is_told() -> None:
    profile = evaluate(ask(level(97.0)))
    assert profile.warnings == ("the stop lies before its level: 2 ATR is the most of the intraday style",)


def test_the_buffer_is_a_share_of_the_atr() -> None:
    """A tenth of an ATR of 3 is 30 cents, of 0.5 it is five."""
    assert evaluate(ask(level(96.0), atr=3.0, em=15.0)).stop == 95.7
    assert evaluate(ask(level(99.2), atr=0.5, em=2.5)).stop == 99.15


def test_a_buffer_below_half_a_tick_still_leaves_the_level_in_front() -> None:
    """ATR 3 cents: the stop for a level 3 cents away is not on it but a tick behind."""
    profile = evaluate(ask(level(99.97), atr=0.03, em=0.5))
    assert (profile.stop, profile.stop_basis) == (99.96, StopBasis.LEVEL)


def test_a_level_between_two_ticks_is_passed_by_a_whole_one() -> None:
    assert evaluate(ask(level(98.705))).stop == 98.6
    assert evaluate(ask(level(101.295), direction=Direction.SHORT)).stop == 101.4


def test_of_two_levels_on_one_spot_the_stronger_one_protects() -> None:
    profile = evaluate(ask(level(98.9, 0.1), level(98.9, 0.8, LevelKind.VWAP)))
    assert [(line.kind, line.verdict) for line in profile.snap_trace] == [
        ("vwap", Verdict.TAKEN),
        ("prior_day_high", Verdict.WRONG_SIDE),
    ]
