"""What a tape may lack is watched, what a caller gets wrong is refused, and extreme prices are only prices."""

from typing import Any

import pytest

from operators.engine.evaluation import evaluate
from operators.engine.profile import WatchReason
from operators.engine.trace import Verdict
from operators.levels.level import Level, LevelKind
from operators.plans import Direction, Style
from tests.operators.engine.engine_cases import AS_OF_NS, ask, level, move

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("changes", "reason", "text"),
    [
        ({"atr": None}, WatchReason.NO_ATR, "the ATR is not available"),
        ({"atr": NAN}, WatchReason.NO_ATR, "the ATR is not available"),
        ({"atr": 0.0}, WatchReason.NO_ATR, "the ATR is zero: nothing has moved"),
        ({"em": None}, WatchReason.NO_EXPECTED_MOVE, "the expected move is not available"),
        ({"em": 0.0}, WatchReason.NO_EXPECTED_MOVE, "the expected move is zero (realized_volatility)"),
        ({"em": 0.004}, WatchReason.NO_ROOM, "no tick ahead of the entry lies within 1.1 expected moves of 0.004"),
        ({"atr": 0.004}, WatchReason.NO_STOP, "no whole tick above 0 lies within the stop's limits, for an ATR"),
    ],
)
def test_what_cannot_be_measured_is_watched_and_says_why(
    changes: dict[str, Any], reason: WatchReason, text: str
) -> None:
    profile = evaluate(ask(level(99.0), level(102.0), **changes))
    assert (profile.actionable, profile.reason) == (False, reason)
    assert profile.reason_text is not None
    assert profile.reason_text.startswith(text)
    assert (profile.stop, profile.targets, profile.runner, profile.risk_per_share) == (None, (), None, None)
    assert profile.entry.price == 100.0
    assert len(profile.snap_trace) == 2


def test_an_atr_that_is_no_number_does_not_leave_the_engine() -> None:
    profile = evaluate(ask(level(99.0), atr=NAN))
    assert profile.atr is None
    assert [line.verdict for line in profile.snap_trace] == [Verdict.NOT_ASKED]
    assert profile.snap_trace[0].distance_atr is None


@pytest.mark.parametrize("style", [Style.SCALP, Style.INTRADAY])
def test_nothing_that_ends_with_the_session_starts_when_it_is_over(style: Style) -> None:
    profile = evaluate(ask(style=style, session_minutes_left=0.0))
    assert (profile.actionable, profile.reason) == (False, WatchReason.SESSION_OVER)
    assert evaluate(ask(style=style, session_minutes_left=5.0)).warnings[-1] == "the session ends in 5 minutes"
    assert evaluate(ask(style=Style.SWING, session_minutes_left=0.0, em=20.0)).actionable


@pytest.mark.parametrize("bad", [NAN, INF, -INF, 0.0, -5.0])
def test_a_level_without_a_price_is_told_and_decides_nothing(bad: float) -> None:
    profile = evaluate(ask(level(102.3), level(bad)))
    assert [(line.price, line.verdict) for line in profile.snap_trace] == [
        (102.3, Verdict.TAKEN),
        (None, Verdict.NOT_A_PRICE),
    ]


def test_a_level_without_a_strength_is_no_level() -> None:
    profile = evaluate(ask(Level(102.3, LevelKind.VWAP, NAN, 0, 0)))
    assert profile.snap_trace[0].verdict is Verdict.NOT_A_PRICE


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"reference": 0.0}, "reference: got 0.0; must be dollars above 0"),
        ({"reference": -1.0}, "reference: got -1.0"),
        ({"reference": NAN}, "reference: got nan"),
        ({"reference": INF}, "reference: got inf"),
        ({"reference": 0.004}, "reference: got 0.004; must be at least one tick of 0.01"),
        ({"tick": 0.0}, "tick: got 0.0"),
        ({"tick": NAN}, "tick: got nan"),
        ({"tick": 1e-7}, "tick: got 1e-07; must be dollars, 0.000001 or more"),
        ({"last": 0.0}, "last: got 0.0"),
        ({"atr": -0.5}, "atr: got -0.5"),
        ({"atr": INF}, "atr: got inf"),
        ({"risk_budget": -1.0}, "risk_budget: got -1.0"),
        ({"risk_budget": NAN}, "risk_budget: got nan"),
        ({"session_minutes_left": -1.0}, "session_minutes_left: got -1.0"),
        ({"session_minutes_left": NAN}, "session_minutes_left: got nan"),
        ({"as_of_ns": AS_OF_NS - 1}, "expected_move: got"),
    ],
)
def test_what_no_tape_can_bring_about_is_refused_in_one_line(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told) as refusal:
        ask(**changes)
    assert str(refusal.value).startswith(told)
    assert "\n" not in str(refusal.value)


def test_a_penny_stock_is_planned_in_its_own_ticks() -> None:
    profile = evaluate(ask(reference=0.25, atr=0.02, em=0.1, tick=0.0001))
    assert (profile.stop, profile.risk_per_share) == (0.232, 0.018)
    assert [target.price for target in profile.targets] == [0.295, 0.33, 0.36]
    assert profile.actionable


def test_a_stop_at_or_below_zero_is_no_stop() -> None:
    """3 cents with an ATR of 4: the least stop of an intraday plan, 3.6 cents away, has no price."""
    long = evaluate(ask(reference=0.03, atr=0.04, em=0.2))
    assert (long.actionable, long.reason) == (False, WatchReason.NO_STOP)


def test_a_short_of_a_penny_stock_takes_no_profit_below_zero() -> None:
    """5 cents with an expected move of 6: the last target is the last tick above 0."""
    short = evaluate(ask(reference=0.05, atr=0.01, em=0.06, direction=Direction.SHORT))
    assert [target.price for target in short.targets] == [0.02, 0.01]
    assert all(target.price > 0 for target in short.targets)


@pytest.mark.parametrize("reference", [9_999.99, 1_234.5, 123_456.78])
def test_prices_of_four_and_more_digits_are_exact(reference: float) -> None:
    profile = evaluate(ask(level(round(reference - 120.0, 2)), reference=reference, atr=100.0, em=500.0))
    assert profile.entry.price == reference
    assert profile.stop == round(reference - 130.0, 2)
    assert [target.price for target in profile.targets] == [round(reference + each, 2) for each in (225, 400, 550)]


def test_a_price_between_two_ticks_enters_on_the_worse_side() -> None:
    assert evaluate(ask(reference=100.005)).entry.price == 100.01
    assert evaluate(ask(reference=100.005, direction=Direction.SHORT)).entry.price == 100.0


def test_a_move_far_beyond_the_atr_is_no_error() -> None:
    assert evaluate(ask(atr=0.02, expected_move=move(90.0))).actionable
    assert evaluate(ask(atr=50.0, em=0.5)).reason is WatchReason.RR_FLOOR
