"""The move that a chain expects, and the quotes that decided it."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.chains.chain_move import EXPIRIES, STRIKES, Straddle, chain_straddle
from operators.engine.straddle import straddle_move
from operators.times import MINUTE_NS
from tests.operators.chains.chain_cases import OPEN_NS, Quote, chain_of, ends_ns, instants, pair, quotes, ticker

WEEK, FORTNIGHT = "151231", "160115"


def until(at_ns: int) -> float:
    """A market that never sleeps."""
    return (at_ns - OPEN_NS) / MINUTE_NS


def asked(made: list[Quote], minutes: float = 60.0, price: float = 748.0, after_ns: int = 0) -> Straddle | None:
    return chain_straddle(chain_of(made), OPEN_NS + after_ns, price, minutes, until)


def fair(expiry: str, strikes: list[float], forward: float, time_value: float) -> list[Quote]:
    """Pairs whose call less put is forward less strike."""
    made: list[Quote] = []
    for strike in strikes:
        value = max(time_value - abs(forward - strike) / 4, 0.2)
        made += pair(expiry, strike, max(forward - strike, 0) + value, max(strike - forward, 0) + value)
    return made


@settings(max_examples=50, deadline=None)
@given(quotes, instants, st.floats(1, 4_000))
def test_a_small_chain_says_what_the_engine_says_of_all_of_it(made: list[Quote], after_ns: int, minutes: float) -> None:
    """So long as no strike and no expiry is out of sight."""
    chain, at_ns = chain_of(made), OPEN_NS + after_ns
    found = chain_straddle(chain, at_ns, 748.0, minutes, until)
    assert (found and found.move) == straddle_move(chain.asof(at_ns), at_ns, minutes, until)


@settings(max_examples=50, deadline=None)
@given(quotes, quotes, instants)
def test_nothing_later_moves_the_move(made: list[Quote], later: list[Quote], cut: int) -> None:
    """L5: neither the move nor the quotes that decided it."""
    known = [quote for quote in made if quote[1] <= cut]
    others = [(name, cut + 1 + after_ns, bid, ask) for name, after_ns, bid, ask in later]
    expected = asked(made, after_ns=cut)
    assert asked(known, after_ns=cut) == asked([*known, *others], after_ns=cut) == expected
    if expected is not None:
        assert all(leg.at_ns <= OPEN_NS + cut for leg in expected.legs)


def test_the_quotes_that_decided_come_along() -> None:
    found = asked(fair(WEEK, [740, 745, 750, 755], 748.0, 6.0))
    assert found is not None
    assert [leg.contract for leg in found.legs] == [ticker(WEEK, "C", 750), ticker(WEEK, "P", 750)]
    assert found.move.strike == 750


def test_of_many_strikes_those_near_the_price_are_looked_at() -> None:
    """The answer is that of all of them."""
    strikes = [600 + 2.5 * step for step in range(120)]
    made = fair(WEEK, strikes, 751.0, 6.0)
    assert len(strikes) > STRIKES
    whole = straddle_move(chain_of(made).asof(OPEN_NS), OPEN_NS, 60.0, until)
    for price in (740.0, 748.0, 762.0):
        found = asked(made, price=price)
        assert found is not None
        assert found.move == whole


def test_an_expiry_without_a_price_leaves_it_to_the_next() -> None:
    broken = [(name, at, 0.0, ask) for name, at, _, ask in fair(WEEK, [745, 750], 748.0, 6.0)]
    found = asked([*broken, *fair(FORTNIGHT, [745, 750], 748.0, 9.0)])
    assert found is not None
    assert found.move.expiry_ns == ends_ns(FORTNIGHT)
    assert asked(broken) is None


def test_only_some_expiries_are_tried() -> None:
    days = ["151228", "151229", "151230", "151231", "160104"]
    broken = [(name, at, 0.0, ask) for day in days for name, at, _, ask in fair(day, [745, 750], 748.0, 6.0)]
    good = fair(FORTNIGHT, [745, 750], 748.0, 9.0)
    assert asked([*broken[: 4 * EXPIRIES], *good]) is None
    assert asked([*broken[: 4 * (EXPIRIES - 1)], *good]) is not None


@pytest.mark.parametrize("minutes", [0.0, -1.0, float("nan"), 1e9])
def test_no_horizon_and_one_past_every_expiry_have_no_move(minutes: float) -> None:
    assert asked(fair(WEEK, [745, 750], 748.0, 6.0), minutes=minutes) is None


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_a_mirrored_market_moves_as_much(seed: int) -> None:
    """L6: strikes C - strike, calls for puts."""
    rng = random.Random(seed)
    strikes = [700 + 2.5 * step for step in range(40)]
    sides = {strike: (rng.uniform(1, 20), rng.uniform(1, 20)) for strike in strikes}
    price = 700 + rng.randrange(100)
    made = [quote for strike, (call, put) in sides.items() for quote in pair(WEEK, strike, call, put)]
    mirrored = [quote for strike, (call, put) in sides.items() for quote in pair(WEEK, 1_500 - strike, put, call)]
    one, other = asked(made, price=price), asked(mirrored, price=1_500 - price)
    assert one is not None
    assert other is not None
    assert one.move.dollars == pytest.approx(other.move.dollars, rel=1e-9)
    assert one.move.strike is not None
    assert other.move.strike == 1_500 - one.move.strike
