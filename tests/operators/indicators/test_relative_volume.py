"""Relative volume, by hand and against a loop that knows all sessions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.indicators.relative_volume import RelativeVolume
from operators.indicators.values import Floats

Day = dict[int, float]
days = st.dictionaries(st.integers(0, 389), st.integers(0, 1000).map(float), min_size=1, max_size=12)


def answers(relative: RelativeVolume, sessions: list[Day], minutes: int = 390) -> list[Floats]:
    """What is said at the bars of each session; each maps minute to shares."""
    return [
        relative.extend(
            np.full(len(day), number), np.array(sorted(day)), np.array([day[at] for at in sorted(day)]), minutes
        )
        for number, day in enumerate(sessions)
    ]


def test_three_sessions_by_hand() -> None:
    """By minute 5, 300 and 500 shares on the days before, 400 on average; 200 today are half as usual."""
    first, second, third = answers(RelativeVolume(20), [{0: 100, 5: 200}, {5: 500}, {0: 50, 5: 150, 6: 300}])
    np.testing.assert_array_equal(first, [np.nan, np.nan])
    np.testing.assert_array_equal(second, [500 / 300])
    np.testing.assert_array_equal(third, [50 / 50, 200 / 400, 500 / 400])


def test_only_the_last_sessions_count() -> None:
    assert answers(RelativeVolume(2), [{0: 1000}, {0: 100}, {0: 300}, {0: 500}])[-1].tolist() == [2.5]


def test_too_little_history_says_nothing() -> None:
    told = answers(RelativeVolume(20, minimum=2), [{0: 100}, {0: 100}, {0: 300}])
    np.testing.assert_array_equal(np.concatenate(told), [np.nan, np.nan, 3.0])


def test_a_usual_volume_of_nothing_says_nothing() -> None:
    """Infinitely more than none is not a number to act on."""
    assert np.isnan(answers(RelativeVolume(20), [{300: 100}, {0: 100}])[-1]).all()


def test_a_half_day_counts_only_while_it_was_open() -> None:
    """After its close it says nothing about the afternoons of whole days."""
    relative = RelativeVolume(20)
    answers(relative, [{0: 100, 300: 300}])
    relative.extend(np.array([10]), np.array([0]), np.array([900.0]), 210)
    today = relative.extend(np.array([11, 11]), np.array([0, 300]), np.array([500.0, 300.0]))
    np.testing.assert_array_equal(today, [500 / 500, 800 / 400])


@pytest.mark.parametrize("minute", [-1, 390])
def test_a_minute_outside_the_session_is_refused(minute: int) -> None:
    with pytest.raises(ValueError, match="must be 0 to 389"):
        answers(RelativeVolume(), [{minute: 100.0}])


@given(sessions=st.lists(days, min_size=1, max_size=6), depth=st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_it_is_the_ratio_that_a_plain_loop_finds(sessions: list[Day], depth: int) -> None:
    def so_far(day: Day, minute: int) -> float:
        return sum(shares for at, shares in day.items() if at <= minute)

    for number, (day, told) in enumerate(zip(sessions, answers(RelativeVolume(depth), sessions), strict=True)):
        history = sessions[max(number - depth, 0) : number]
        for minute, ratio in zip(sorted(day), told.tolist(), strict=True):
            usual = sum(so_far(each, minute) for each in history)
            if usual:
                assert ratio == pytest.approx(so_far(day, minute) * len(history) / usual, rel=1e-12)
            else:
                assert np.isnan(ratio)
