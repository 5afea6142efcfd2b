"""Option chains as of an instant: recorded quotes and REST say the same, and neither looks past the instant."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.asof.opening import recorded
from flows.asof.provider import AsOf
from flows.asof.sources import ChainWanted
from flows.errors import DataMissingError
from flows.market.option_side import recorded_options
from flows.rest.options import contract_rows
from operators.times import MINUTE_NS, SECOND_NS, parse_instant
from tests.flows.asof.asking import answer, over_rest
from tests.flows.market.practice import made_day, serving

REAL = "flatfiles/us_options_opra/quotes_v1/2015/12/2015-12-24.GOOG.csv.gz"
HEADER = "ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,sequence_number,sip_timestamp"
OPEN_NS = parse_instant("2015-12-24T09:30:00-05:00")
CLOSE_NS = parse_instant("2015-12-24T13:00:00-05:00")
LATER_NS = parse_instant("2015-12-29T12:00:00-05:00")
NEAR = ChainWanted(date(2015, 12, 24), date(2015, 12, 31), 745.0, 752.5)
CALL, PUT = "O:GOOG151231C00750000", "O:GOOG151231P00750000"


def row(ticker: str, at_ns: int, bid: float, ask: float) -> str:
    return f"{ticker},309,{ask},10,302,{bid},5,17,{at_ns}"


def written(folder: Path, *rows: str) -> Path:
    file = folder / "2015-12-24.csv"
    file.write_text("\n".join((HEADER, *rows, "")))
    return file


@dataclass(frozen=True)
class Sources:
    taped: AsOf
    asked: AsOf

    @classmethod
    def over(cls, quotes: Path) -> "Iterator[Sources]":
        day, options = made_day(3), recorded_options(quotes)
        with serving(day, start_ns=LATER_NS, option_side=options) as market, over_rest(market.rest) as provider:
            yield cls(recorded([], [quotes]), provider)


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Iterator[Sources]:
    """The whole chain of GOOG on a half day: 2 192 contracts."""
    yield from Sources.over(shared_data / REAL)


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Sources]:
    """Of it, what is near the money: so few rows that they can be read again and again."""
    with gzip.open(shared_data / REAL, "rt") as file:
        _, *rows = file.read().splitlines()
    kept = [
        each for each in rows if each.startswith(("O:GOOG151224", "O:GOOG151231")) and "0073" < each[13:17] < "0076"
    ]
    yield from Sources.over(written(tmp_path_factory.mktemp("near"), *kept))


@settings(max_examples=8, deadline=None)
@given(as_of=st.integers(OPEN_NS - 5 * MINUTE_NS, CLOSE_NS + 5 * MINUTE_NS), low=st.sampled_from([None, 747.5]))
def test_the_chain_is_the_same_from_recorded_quotes_and_by_rest(near: Sources, as_of: int, low: float | None) -> None:
    wanted = ChainWanted(date(2015, 12, 24), date(2015, 12, 31), low, 750.0)
    taped, asked = (
        answer(lambda each=each: each.fetch_option_chain_asof("GOOG", as_of, wanted))  # type: ignore[misc]
        for each in (near.taped, near.asked)
    )
    assert taped == asked
    if not isinstance(taped, str):
        assert all(quote.at_ns <= as_of for quote in taped.quotes)


def test_a_whole_recorded_chain_is_listed_and_quoted_alike(real: Sources, shared_data: Path) -> None:
    """All contracts over several pages of REST; of those near the money the last quotes, found by hand in the file."""
    as_of = parse_instant("2015-12-24T11:00:30-05:00")
    with gzip.open(shared_data / REAL, "rt") as file:
        rows = list(csv.DictReader(file))
    listed = {each.ticker for each in contract_rows(real.asked.quotes.rest, "GOOG", date(2015, 12, 24))}  # type: ignore[attr-defined]
    assert listed == {each["ticker"] for each in rows}
    taped, asked = (each.fetch_option_chain_asof("GOOG", as_of, NEAR) for each in (real.taped, real.asked))
    assert taped == asked
    last = {each["ticker"]: each for each in rows if int(each["sip_timestamp"]) <= as_of}
    for quote in taped.quotes:
        by_hand = last[quote.contract]
        assert (quote.bid, quote.ask) == (float(by_hand["bid_price"]), float(by_hand["ask_price"]))
        assert quote.at_ns == int(by_hand["sip_timestamp"])
    assert {quote.strike for quote in taped.quotes} == {745.0, 747.5, 750.0, 752.5}


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.integers(0, 600), min_size=1, max_size=12), cut=st.integers(0, 600))
def test_whatever_is_quoted_after_the_instant_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, places: list[int], cut: int
) -> None:
    """Several quotes within a minute: the last by the instant counts, not the last of the minute."""
    as_of = OPEN_NS + cut * SECOND_NS
    rows = [row(CALL if n % 2 else PUT, OPEN_NS + at * SECOND_NS, n, n + 1) for n, at in enumerate(sorted(places))]
    kept = [each for each in rows if int(each.rsplit(",", 1)[1]) <= as_of]
    new = [row(each, as_of + 1, 90, 91) for each in (CALL, PUT, "O:GOOG151231C00760000")]
    found = []
    for some in (rows, kept, [*kept, *new]):
        for sources in Sources.over(written(tmp_path_factory.mktemp("cut"), *some, row(CALL, OPEN_NS - 1, 0.5, 0.6))):
            found += [each.fetch_option_chain_asof("GOOG", as_of) for each in (sources.taped, sources.asked)]
    assert all(each == found[0] for each in found)


def test_what_has_expired_is_not_listed_and_an_old_quote_is_asked_for(tmp_path: Path) -> None:
    """On the Monday after, Thursday's expiry is gone; the other's quotes are there for who asks since then."""
    rows = row("O:GOOG151224C00750000", OPEN_NS, 1, 2), row(CALL, OPEN_NS + SECOND_NS, 3, 4)
    monday = parse_instant("2015-12-28T10:00:00-05:00")
    for sources in Sources.over(written(tmp_path, *rows)):
        for provider in (sources.taped, sources.asked):
            assert len(provider.fetch_option_chain_asof("GOOG", CLOSE_NS + 1).quotes) == 2
            with pytest.raises(DataMissingError, match="no quote of an option on GOOG is known from 2015-12-28"):
                provider.fetch_option_chain_asof("GOOG", monday)
            (quote,) = provider.fetch_option_chain_asof("GOOG", monday, since=OPEN_NS).quotes
            assert (quote.contract, quote.bid, quote.at_ns) == (CALL, 3.0, OPEN_NS + SECOND_NS)


@pytest.mark.parametrize("earlier", ["a.csv", "b.csv"])
def test_the_last_quote_is_the_latest_whatever_the_files_are_called(tmp_path: Path, earlier: str) -> None:
    """In a folder, and among several paths in any order."""
    later = {"a.csv": "b.csv", "b.csv": "a.csv"}[earlier]
    for name, rows in (
        (earlier, (row(CALL, OPEN_NS, 1, 2),)),
        (later, (row(CALL, OPEN_NS + MINUTE_NS, 3, 4), row(PUT, OPEN_NS, 5, 6))),
    ):
        written(tmp_path, *rows).rename(tmp_path / name)
    first, second = tmp_path / earlier, tmp_path / later
    for paths in ([tmp_path], [first, second], [second, first]):
        quotes = recorded([], paths).fetch_option_chain_asof("GOOG", OPEN_NS + 5 * MINUTE_NS).quotes
        assert [(quote.contract, quote.bid) for quote in quotes] == [(CALL, 3.0), (PUT, 5.0)]


def test_over_the_weekend_the_last_sessions_quotes_stand(tmp_path: Path) -> None:
    saturday = parse_instant("2015-12-26T10:00:00-05:00")
    for sources in Sources.over(written(tmp_path, row(CALL, CLOSE_NS - 1, 3, 4))):
        for provider in (sources.taped, sources.asked):
            assert provider.fetch_option_chain_asof("GOOG", saturday).available_at_ns == CLOSE_NS - 1
