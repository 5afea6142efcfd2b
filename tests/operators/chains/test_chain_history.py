"""A chain as of an instant: the last quotes by then, nothing later, nothing that has expired."""

from dataclasses import fields
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.chains.chain_history import ChainHistory, Leg
from operators.chains.contracts import Right, read_contract
from operators.chains.option_quote import OptionQuote
from operators.engine.straddle import STALE_AFTER_NS, ChainQuote
from operators.times import MINUTE_NS
from tests.operators.chains.chain_cases import (
    OPEN_NS,
    STRIKES,
    Quote,
    chain_of,
    ends_ns,
    instants,
    pair,
    quotes,
    ticker,
)

WEEK = "151231"


class Side(NamedTuple):
    at_ns: int
    bid: float
    ask: float


def plainly(made: list[Quote], at_ns: int) -> list[ChainQuote]:
    """The same by a loop over all quotes."""
    last: dict[tuple[int, float], dict[Right, Side]] = {}
    for name, after_ns, bid, ask in sorted(made, key=lambda quote: quote[1]):
        contract = read_contract(name)
        expiry_ns = ends_ns(f"{contract.expiry:%y%m%d}")
        if OPEN_NS + after_ns <= at_ns < expiry_ns:
            sides = last.setdefault((expiry_ns, contract.strike), {})
            sides[contract.right] = Side(OPEN_NS + after_ns, bid, ask)
    found = []
    for (expiry_ns, strike), sides in sorted(last.items()):
        if len(sides) == 2 and min(side.at_ns for side in sides.values()) >= at_ns - STALE_AFTER_NS:
            call, put = sides[Right.CALL], sides[Right.PUT]
            both = (call.bid, call.ask, put.bid, put.ask)
            found.append(ChainQuote(strike, expiry_ns, *both, max(call.at_ns, put.at_ns)))
    return found


@settings(max_examples=50, deadline=None)
@given(quotes, instants)
def test_the_chain_is_what_a_plain_loop_finds(made: list[Quote], after_ns: int) -> None:
    at_ns = OPEN_NS + after_ns
    assert list(chain_of(made).asof(at_ns)) == plainly(made, at_ns)


@settings(max_examples=50, deadline=None)
@given(quotes, quotes, instants)
def test_nothing_later_changes_the_chain_as_of_an_instant(made: list[Quote], later: list[Quote], cut: int) -> None:
    """What was cut off at T, and whatever came instead, is not there when T is asked about (L5)."""
    at_ns = OPEN_NS + cut
    known = [quote for quote in made if quote[1] <= cut]
    others = [(name, cut + 1 + after_ns, bid, ask) for name, after_ns, bid, ask in later]
    whole = chain_of(made).asof(at_ns)
    assert chain_of(known).asof(at_ns) == whole
    assert chain_of([*known, *others]).asof(at_ns) == whole
    assert all(quote.available_at_ns <= at_ns for quote in whole)


@settings(max_examples=50, deadline=None)
@given(quotes, instants, st.sampled_from(STRIKES), st.integers(1, 5))
def test_near_a_price_are_the_nearest_strikes_of_the_whole(
    made: list[Quote], after_ns: int, price: float, strikes: int
) -> None:
    at_ns, chain = OPEN_NS + after_ns, chain_of(made)
    for expiry_ns in chain.expiries(at_ns):
        whole = [quote for quote in chain.asof(at_ns) if quote.expiry_ns == expiry_ns]
        listed = sorted(abs(strike - price) for strike in chain.strike[chain.expiry_ns == expiry_ns].tolist())
        furthest = listed[min(strikes, len(listed)) - 1]
        near = [quote for quote in whole if abs(quote.strike - price) <= furthest]
        assert list(chain.asof_near(at_ns, expiry_ns, price, strikes)) == near


@settings(max_examples=50, deadline=None)
@given(quotes, instants)
def test_the_legs_of_a_pair_are_the_quotes_it_was_made_of(made: list[Quote], after_ns: int) -> None:
    at_ns, chain = OPEN_NS + after_ns, chain_of(made)
    for quote in chain.asof(at_ns):
        call, put = chain.legs(at_ns, quote.expiry_ns, quote.strike)
        assert (call.type, put.type, call.strike, put.strike) == ("call", "put", quote.strike, quote.strike)
        assert (call.bid, call.ask, put.bid, put.ask) == (
            *(quote.call_bid, quote.call_ask),
            *(quote.put_bid, quote.put_ask),
        )
        assert max(call.at_ns, put.at_ns) == quote.available_at_ns


@settings(max_examples=50, deadline=None)
@given(quotes)
def test_a_snapshot_keeps_every_column(made: list[Quote]) -> None:
    chain = chain_of(made)
    again = ChainHistory.from_plain(chain.to_plain())
    assert again.to_plain() == chain.to_plain()
    for field in fields(ChainHistory):
        kept, given_ = getattr(again, field.name), getattr(chain, field.name)
        assert np.array_equal(kept, given_), field.name


@settings(max_examples=50, deadline=None)
@given(quotes)
def test_the_order_of_contracts_does_not_matter(made: list[Quote]) -> None:
    assert chain_of(made[::-1]).to_plain() == chain_of(made).to_plain()


def test_a_quote_counts_from_its_own_instant_on() -> None:
    chain = chain_of([*pair(WEEK, 750, 5.0, 6.0, after_ns=60), *pair(WEEK, 750, 5.5, 5.6, after_ns=90)])
    assert chain.asof(OPEN_NS + 59) == ()
    assert [quote.call_bid for quote in chain.asof(OPEN_NS + 60)] == [4.95]
    assert [quote.call_bid for quote in chain.asof(OPEN_NS + 89)] == [4.95]
    assert [quote.call_bid for quote in chain.asof(OPEN_NS + 90)] == [5.45]


def test_an_expired_contract_is_gone_with_the_close() -> None:
    chain = chain_of([*pair("151224", 750, 1.0, 1.0, after_ns=209 * MINUTE_NS), *pair(WEEK, 750, 5.0, 5.0, 0)])
    close_ns = ends_ns("151224")
    assert [quote.expiry_ns for quote in chain.asof(close_ns - 1)] == [close_ns]
    assert chain.asof(close_ns) == ()
    assert chain.expiries(close_ns - 1) == [close_ns, ends_ns(WEEK)]
    assert chain.expiries(close_ns) == [ends_ns(WEEK)]


def test_a_pair_is_as_stale_as_its_older_side() -> None:
    """A fresh put beside a call that nobody renews is no straddle."""
    call, put = pair(WEEK, 750, 5.0, 5.0)
    later = (put[0], STALE_AFTER_NS + 1, 5.0, 5.1)
    chain = chain_of([call, put, later])
    assert len(chain.asof(OPEN_NS + STALE_AFTER_NS)) == 1
    assert chain.asof(OPEN_NS + STALE_AFTER_NS + 1) == ()
    assert len(chain.asof(OPEN_NS + STALE_AFTER_NS + 1, stale_after_ns=STALE_AFTER_NS + 1)) == 1


def test_a_call_without_its_put_is_left_out() -> None:
    call, put = pair(WEEK, 750, 5.0, 5.0)
    assert chain_of([call]).contracts == chain_of([put]).contracts == ()
    assert chain_of([call, (ticker(WEEK, "P", 745), 0, 1.0, 1.1)]).asof(OPEN_NS) == ()
    assert chain_of([call, put]).contracts == (call[0], put[0])


def test_of_two_dates_that_end_with_one_session_the_pair_quoted_last_is_meant() -> None:
    """A Friday and the Saturday after it: what is listed later does not take away what was known (L5)."""
    made = [*pair("151218", 750, 5.0, 6.0, after_ns=9), *pair("151219", 750, 7.0, 8.0, after_ns=20)]
    legs = []
    for name, after_ns, bid, ask in made:
        at_ns, bids, asks = np.array([OPEN_NS + after_ns]), np.array([bid]), np.array([ask])
        legs.append(Leg(read_contract(name), ends_ns(WEEK), at_ns, bids, asks))
    chain, friday = ChainHistory.of("GOOG", legs), ChainHistory.of("GOOG", legs[:2])
    for asked_ns in (OPEN_NS + 8, OPEN_NS + 9, OPEN_NS + 19):
        assert chain.asof(asked_ns) == friday.asof(asked_ns)
        assert chain.legs(asked_ns, ends_ns(WEEK), 750) == friday.legs(asked_ns, ends_ns(WEEK), 750)
    assert [quote.call_bid for quote in chain.asof(OPEN_NS + 20)] == [4.95, 6.95]
    assert [leg.bid for leg in chain.legs(OPEN_NS + 20, ends_ns(WEEK), 750)] == [6.95, 7.95]


def test_legs_are_told_as_they_are_stored() -> None:
    chain = chain_of(pair(WEEK, 747.5, 5.0, 6.0, after_ns=7))
    call, _ = chain.legs(OPEN_NS + 7, ends_ns(WEEK), 747.5)
    assert call == OptionQuote(ticker(WEEK, "C", 747.5), "GOOG", "2015-12-31", "call", 747.5, OPEN_NS + 7, 4.95, 5.05)
    assert chain.legs(OPEN_NS + 6, ends_ns(WEEK), 747.5) == ()
    assert chain.legs(OPEN_NS + 7, ends_ns(WEEK), 745.0) == chain.legs(OPEN_NS + 7, 1, 747.5) == ()
