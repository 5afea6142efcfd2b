"""The one client for REST: the vendor's own sample bodies, its errors, and answers that are not what they should be."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random

import pytest

from flows.asof.by_rest import RestPrints, RestQuotes
from flows.asof.sources import EVERYTHING
from flows.feed.api_key import ApiKey
from flows.rest.client import RestClient
from flows.rest.errors import NotEntitledError, RestError
from flows.rest.options import contract_rows, last_quote
from flows.rest.trades import trade_pages
from operators.conditions import CORRECTED
from operators.nyse import nyse_calendar
from tests.flows.feed.following import CANARY
from tests.flows.feed.test_trades_client import Answer, scripted

SAMPLES = "polygon_samples/rest"
DAY = date(2022, 4, 28)
EVER = 1_400_000_000 * 10**9, 1_800_000_000 * 10**9


@contextmanager
def answered(*answers: Answer | bytes) -> Iterator[tuple[RestClient, list[str]]]:
    """A client whose requests get these answers, in order; and what was asked."""
    script = [each if isinstance(each, tuple) else (200, each, dict[str, str]()) for each in answers]
    with scripted(script) as (base, asked):
        rest = RestClient(base, ApiKey(CANARY), lambda _: None, Random(1))
        try:
            yield rest, asked
        finally:
            rest.close()


def results(*rows: object, **more: object) -> bytes:
    return json.dumps({"status": "OK", "results": rows, **more}).encode()


def test_the_vendors_sample_bodies_are_read(shared_data: Path) -> None:
    trades, quotes, contracts = (
        json.loads((shared_data / SAMPLES / f"v3_{name}.json").read_bytes()) | {"next_url": None}
        for name in ("trades_AAPL", "quotes_AAPL", "reference_options_contracts")
    )
    with answered(json.dumps(trades).encode()) as (rest, _):
        prints = RestPrints(rest, nyse_calendar())
        (frame,) = prints.backward("AAPL", *EVER)
        assert frame.price.tolist() == [157.43, 156.43]
        assert frame.flags.tolist() == [CORRECTED, CORRECTED]
        assert prints.unusable == []
    with answered(json.dumps(quotes).encode()) as (rest, _):
        assert last_quote(rest, "O:A", *EVER) == (155.85, 155.87, 1652191872800638700)
    with answered(json.dumps(contracts).encode()) as (rest, _):
        found = list(contract_rows(rest, "A", DAY))
    assert found[0].ticker == "O:A220520C00065000"
    assert len(found) == len(contracts["results"])


@pytest.mark.parametrize("status", ["OK", "DELAYED"])
def test_an_answer_without_results_is_an_empty_one(status: str) -> None:
    with answered(json.dumps({"status": status}).encode()) as (rest, _):
        assert last_quote(rest, "O:A", *EVER) is None


def test_rows_that_are_no_rows_end_it_at_once_and_say_where() -> None:
    """Asking again would not mend the shape."""
    with (
        answered(results({"sip_timestamp": "noon", "price": 1.0})) as (rest, asked),
        pytest.raises(RestError, match=r"trades of A: the server's answer is not what it should be .*sip_timestamp"),
    ):
        list(trade_pages(rest, "A", *EVER))
    assert len(asked) == 1


def test_an_answer_that_says_error_with_200_is_an_error() -> None:
    with (
        answered(b'{"status":"NOT_AUTHORIZED","message":"Your plan does not include this."}') as (rest, _),
        pytest.raises(RestError, match="contracts of A: 200 Your plan does not include this"),
    ):
        list(contract_rows(rest, "A", DAY))


def test_a_missing_right_is_told_once_in_the_vendors_words() -> None:
    body = b'{"status":"NOT_AUTHORIZED","request_id":"x","message":"You are not entitled to this data."}'
    with (
        answered((403, body, {})) as (rest, asked),
        pytest.raises(NotEntitledError, match=r"^quotes of O:A: 403 You are not entitled to this data\.$"),
    ):
        last_quote(rest, "O:A", *EVER)
    assert len(asked) == 1


def test_a_quote_outside_of_the_window_is_refused() -> None:
    with (
        answered(results({"sip_timestamp": 10, "bid_price": 1.0})) as (rest, _),
        pytest.raises(RestError, match="out of the window"),
    ):
        last_quote(rest, "O:A", 1, 9)


def test_adjusted_contracts_are_left_out_and_strange_tickers_are_counted() -> None:
    """GOOG1 delivers something else; so does a contract of 10 shares.  Only the plain one is asked for."""
    listed = results(
        {"ticker": "O:GOOG1151231C00750000", "shares_per_contract": 100},
        {"ticker": "O:GOOG151231C00750000", "shares_per_contract": 10},
        {"ticker": "GOOG 151231", "shares_per_contract": 100},
        {"ticker": "O:GOOG151231P00750000", "shares_per_contract": 100},
    )
    with answered(listed, results({"sip_timestamp": EVER[0], "bid_price": 1.5})) as (rest, asked):
        quotes = RestQuotes(rest)
        (quote,) = quotes.last_quotes("GOOG", DAY, *EVER, EVERYTHING)
    assert (quote.contract, quote.bid, quote.ask) == ("O:GOOG151231P00750000", 1.5, 0.0)
    assert len(asked) == 2
    assert [letter.raw for letter in quotes.unusable] == ["GOOG 151231"]


def test_a_page_that_is_nested_too_deep_is_asked_for_again() -> None:
    deep = b'{"more":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    with answered(deep, results({"sip_timestamp": 5, "bid_price": 1.5})) as (rest, asked):
        assert last_quote(rest, "O:A", 1, 9) is not None
    assert len(asked) == 2


def test_requests_keep_their_pace() -> None:
    """The second waits for what is left of a fiftieth of a second; the first for nothing."""
    waits: list[float] = []
    with scripted([(200, results(), {})]) as (base, _):
        rest = RestClient(base, ApiKey(CANARY), waits.append, Random(1), per_second=0.001)
        last_quote(rest, "O:A", 1, 9)
        last_quote(rest, "O:A", 1, 9)
        rest.close()
    assert waits[0] == 0.0
    assert 0.0 < waits[1] <= 1000.0
