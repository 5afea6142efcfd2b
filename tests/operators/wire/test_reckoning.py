"""How far time has come: never past what may still arrive."""

from operators.times import SECOND_NS
from operators.wire.reckoning import APART_NS, QUIET_NS, Reckoning

AT = 1_381_239_000 * SECOND_NS


def test_while_prints_come_time_follows_them_and_not_the_clock() -> None:
    """However far the feed lags."""
    for lag in (0, SECOND_NS, 900 * SECOND_NS):
        reckoning = Reckoning()
        reckoning.heard(AT - lag, AT)
        assert reckoning.reached(AT + SECOND_NS) == AT - lag - APART_NS


def test_in_silence_time_follows_the_clock() -> None:
    reckoning = Reckoning()
    reckoning.heard(AT, AT)
    assert reckoning.reached(AT + QUIET_NS - 1) == AT - APART_NS
    assert reckoning.reached(AT + QUIET_NS + 7) == AT + 7


def test_in_a_gap_time_stands_still() -> None:
    reckoning = Reckoning()
    reckoning.heard(AT, AT)
    reckoning.gap("1", opened=True)
    reckoning.gap("2", opened=True)
    reckoning.gap("1", opened=False)
    assert reckoning.reached(AT + 100 * SECOND_NS) is None
    reckoning.gap("2", opened=False)
    assert reckoning.reached(AT + 100 * SECOND_NS) == AT + 100 * SECOND_NS - QUIET_NS


def test_time_never_goes_back() -> None:
    reckoning = Reckoning()
    assert reckoning.reached(AT) == AT - QUIET_NS
    reckoning.heard(AT - 60 * SECOND_NS, AT + 1)
    assert reckoning.reached(AT + 2) is None
    assert reckoning.reached(AT + 2) is None
