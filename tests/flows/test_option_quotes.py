"""Option quotes from flat files: which are loaded, that damage is told, and that memory is bounded by minutes."""

import gzip
from collections.abc import Collection
from pathlib import Path

import pytest

from flows.errors import DataMissingError
from flows.option_quotes import OptionQuotes, load_option_quotes
from flows.tape import files
from operators.engine.straddle import ChainQuote
from operators.nyse import nyse_calendar
from operators.times import MINUTE_NS, SECOND_NS, parse_instant

HEADER = "ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,sequence_number,sip_timestamp"
PRE_NS = parse_instant("2015-12-24T04:00:00-05:00")
TEN_NS = parse_instant("2015-12-24T10:00:00-05:00")
CALL, PUT = "O:GOOG151231C00750000", "O:GOOG151231P00750000"
NO_TICKER = "must be an option's ticker such as O:SPY251219C00650000"


def row(ticker: str = CALL, at_ns: object = TEN_NS, bid: object = 7.0, ask: object = 7.5) -> str:
    return f"{ticker},309,{ask},10,302,{bid},5,17,{at_ns}"


def pair(at_ns: int = TEN_NS, bid: float = 7.0, root: str = "GOOG", expiry: str = "151231") -> tuple[str, str]:
    return tuple(row(f"O:{root}{expiry}{right}00750000", at_ns, bid, bid + 0.5) for right in "CP")  # type: ignore[return-value]


def written(folder: Path, *rows: str, name: str = "2015-12-24.csv", header: str = HEADER) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join((header, *rows, "")).encode()
    file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return file


def loaded(
    folder: Path, symbols: Collection[str] = ("GOOG",), from_ns: int = PRE_NS, to_ns: int | None = None
) -> OptionQuotes:
    return load_option_quotes(folder, symbols, nyse_calendar(), from_ns, to_ns)


def asked(folder: Path, at_ns: int = TEN_NS) -> tuple[ChainQuote, ...]:
    found = loaded(folder)
    assert found.dead_letters == ()
    return found.chains["GOOG"].asof(at_ns)


@pytest.mark.parametrize("name", ["2015-12-24.csv", "2015/12/2015-12-24.csv.gz"])
def test_a_chain_is_read_by_underlying(tmp_path: Path, name: str) -> None:
    written(tmp_path, *pair(), *pair(root="GOOGL"), *pair(root="IBM", bid=3.0), name=name)
    found = loaded(tmp_path, {"GOOG", "IBM", "SPY"})
    assert [*found.chains] == ["GOOG", "IBM"]
    (quote,) = found.chains["GOOG"].asof(TEN_NS)
    ends_ns = parse_instant("2015-12-31T16:00:00-05:00")
    assert quote == ChainQuote(750.0, ends_ns, 7.0, 7.5, 7.0, 7.5, TEN_NS)
    assert found.chains["IBM"].underlying == "IBM"
    assert (found.dead_letters, found.adjusted) == ((), {})


def test_a_class_of_shares_has_a_root_without_a_dot(tmp_path: Path) -> None:
    written(tmp_path, *pair(root="BRKB"))
    assert [*loaded(tmp_path, {"BRK.B", "BRK.A"}).chains] == ["BRK.B"]


def test_adjusted_contracts_are_left_out_and_counted(tmp_path: Path) -> None:
    """Of symbols that nobody asked for, not even that."""
    written(tmp_path, *pair(), *pair(root="GOOG1"), *pair(root="1GOOG")[:1], *pair(root="IBM1"))
    found = loaded(tmp_path)
    assert found.adjusted == {"1GOOG": 1, "GOOG1": 2}
    assert found.chains["GOOG"].contracts == (CALL, PUT)
    assert found.dead_letters == ()


def test_of_a_minute_the_last_quote_is_kept(tmp_path: Path) -> None:
    """A minute ends with its last instant: what came at 10:00:00 is known to the bar that ends then."""
    at = [TEN_NS - 30 * SECOND_NS, TEN_NS, TEN_NS + 1, TEN_NS + 20 * SECOND_NS, TEN_NS + 20 * SECOND_NS]
    rows = [each for number, at_ns in enumerate(at) for each in pair(at_ns, bid=1.0 + number)]
    written(tmp_path, *rows)
    chain = loaded(tmp_path).chains["GOOG"]
    assert chain.at_ns.tolist() == [TEN_NS, TEN_NS + 20 * SECOND_NS] * 2
    assert [quote.call_bid for quote in chain.asof(TEN_NS)] == [2.0]
    assert [quote.call_bid for quote in chain.asof(TEN_NS + MINUTE_NS)] == [5.0]


def test_rows_may_stand_in_any_order_and_in_several_files(tmp_path: Path) -> None:
    early, late = pair(TEN_NS - MINUTE_NS, bid=1.0), pair(TEN_NS, bid=2.0)
    written(tmp_path, late[1], early[0], name="a/2015-12-24.csv")
    written(tmp_path, late[0], early[1], name="b/2015-12-24.csv.gz")
    assert [quote.put_bid for quote in asked(tmp_path)] == [2.0]
    assert [quote.put_bid for quote in asked(tmp_path, TEN_NS - MINUTE_NS)] == [1.0]


def test_pieces_of_a_file_give_what_the_whole_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same quotes, and the same numbers of damaged rows."""
    rows = [each for minute in range(40) for each in pair(TEN_NS + minute * MINUTE_NS, bid=1.0 + minute)]
    rows[7], rows[33], rows[50] = "", "no row", row(bid="x")
    written(tmp_path, *rows)
    whole = loaded(tmp_path)
    monkeypatch.setattr(files, "READ_BYTES", 100)
    parts = loaded(tmp_path)
    assert parts.dead_letters == whole.dead_letters
    assert [letter.row for letter in whole.dead_letters] == [34, 51]
    assert parts.chains["GOOG"].to_plain() == whole.chains["GOOG"].to_plain()


@pytest.mark.parametrize(
    ("damaged", "field", "reason"),
    [
        ("O:GOOG151231C00750000,1,2", "row", "has 3 fields; the header has 9"),
        (row(""), "ticker", "is missing"),
        (row("GOOG"), "ticker", f"got GOOG; {NO_TICKER}"),
        (row("O:GOOG151231X00750000"), "ticker", f"got O:GOOG151231X00750000; {NO_TICKER}"),
        (row("O:GOOG151231C00000000"), "ticker", f"got O:GOOG151231C00000000; {NO_TICKER}"),
        (row("O:GOOG151331C00750000"), "ticker", "got O:GOOG151331C00750000; its expiry is no date"),
        (row(ask=""), "ask_price", "is missing"),
        (row(ask="7,5"), "row", "has 10 fields; the header has 9"),
        (row(ask="7.5.1"), "ask_price", "got 7.5.1; must be a number"),
        (row(bid="nan"), "bid_price", "got NaN; must be dollars, 0 where nobody quotes"),
        (row(bid="-0.05"), "bid_price", "got -0.05; must be dollars, 0 where nobody quotes"),
        (row(at_ns=""), "sip_timestamp", "is missing"),
        (row(at_ns="1450969200.5"), "sip_timestamp", "got 1450969200.5; must be a whole number"),
        (row(at_ns=1450969200000), "sip_timestamp", "got 1450969200000; must be ns since 1970, of 1993 to 2027"),
    ],
)  # fmt: skip
def test_a_damaged_row_becomes_a_dead_letter(tmp_path: Path, damaged: str, field: str, reason: str) -> None:
    """With file, row, field and reason; the rows around it are read."""
    first, second = pair()
    file = written(tmp_path, first, damaged, second)
    found = loaded(tmp_path)
    [letter] = found.dead_letters
    assert (letter.source, letter.row, letter.field, letter.reason) == (str(file), 2, field, reason)
    assert letter.raw.split(",")[0] == damaged.split(",")[0]
    assert len(found.chains["GOOG"].asof(TEN_NS)) == 1


def test_damage_in_rows_of_other_symbols_is_not_looked_for(tmp_path: Path) -> None:
    written(tmp_path, *pair(), row("O:IBM151231C00750000", bid="x"))
    assert loaded(tmp_path).dead_letters == ()


def test_a_side_of_nothing_and_a_crossed_quote_are_quotes(tmp_path: Path) -> None:
    """The engine passes them over; that they came after a price takes the price away."""
    written(tmp_path, row(CALL, bid=0, ask=0), row(PUT, bid=8.0, ask=7.0))
    (quote,) = asked(tmp_path)
    assert (quote.call_bid, quote.call_ask, quote.put_bid, quote.put_ask) == (0.0, 0.0, 8.0, 7.0)
    assert not quote.two_sided


def test_a_contract_of_a_saturday_ends_with_the_friday(tmp_path: Path) -> None:
    """Until 2015 monthly contracts expired on the Saturday after the third Friday."""
    at_ns = parse_instant("2013-10-08T10:00:00-04:00")
    written(tmp_path, *pair(at_ns, expiry="131019"), name="2013-10-08.csv")
    chain = loaded(tmp_path, from_ns=parse_instant("2013-10-08T04:00:00-04:00")).chains["GOOG"]
    friday_ns = parse_instant("2013-10-18T16:00:00-04:00")
    assert chain.expiries(at_ns) == [friday_ns]
    assert chain.legs(at_ns, friday_ns, 750.0)[0].expiry == "2013-10-19"


def test_what_no_question_can_ask_for_is_not_kept(tmp_path: Path) -> None:
    """Expired before, expiring far away, or quoted before or after the replay."""
    written(
        tmp_path,
        *pair(expiry="151218"),
        *pair(expiry="180119"),
        *pair(PRE_NS - 1, expiry="160108"),
        *pair(TEN_NS + 1, expiry="160115"),
        *pair(),
    )
    found = loaded(tmp_path, to_ns=TEN_NS)
    assert found.chains["GOOG"].contracts == (CALL, PUT)
    assert found.dead_letters == ()


def test_an_expiry_is_near_or_far_for_the_day_of_its_quote(tmp_path: Path) -> None:
    """However long ago the replay began."""
    later_ns = parse_instant("2017-06-01T10:00:00-04:00")
    written(tmp_path, *pair(later_ns, expiry="180119"), *pair(later_ns, expiry="190118"), name="quotes.csv")
    assert loaded(tmp_path).chains["GOOG"].contracts == ("O:GOOG180119C00750000", "O:GOOG180119P00750000")


def test_files_of_other_days_and_other_data_are_passed_over(tmp_path: Path) -> None:
    written(tmp_path, *pair(bid=1.0), name="2015-12-23.csv")
    written(tmp_path, *pair(bid=2.0), name="2015-12-24.csv")
    written(tmp_path, *pair(bid=3.0), name="2015-12-28.csv")
    stocks = "ticker,ask_price,bid_price,participant_timestamp,sip_timestamp"
    written(tmp_path, f"GOOG,750.1,750,{TEN_NS},{TEN_NS}", name="stocks.csv", header=stocks)
    written(tmp_path, "1,2", name="notes.csv", header="a,b")
    found = loaded(tmp_path, to_ns=TEN_NS)
    assert found.chains["GOOG"].bid.tolist() == [2.0, 2.0]
    assert found.dead_letters == ()


def test_a_folder_without_option_quotes_is_missing_data(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="no such folder"):
        loaded(tmp_path / "none")
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataMissingError, match="no option quotes here; looked for"):
        loaded(tmp_path)
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress("\n".join([HEADER, *pair()]).encode())[:40])
    with pytest.raises(DataMissingError, match="the compressed data ends too early"):
        loaded(tmp_path)


def test_files_with_carriage_returns_and_without_an_end_are_read(tmp_path: Path) -> None:
    (tmp_path / "dos.csv").write_bytes("\r\n".join([HEADER, *pair()]).encode())
    assert len(asked(tmp_path)) == 1
    (tmp_path / "dos.csv").write_bytes(HEADER.encode())
    assert loaded(tmp_path).chains == {}


def test_a_row_in_todays_layout_is_read(shared_data: Path) -> None:
    """One call, so no pair."""
    folder = shared_data / "polygon_samples" / "rows_2024_2026"
    found = loaded(folder, {"A"}, parse_instant("2026-05-22T04:00:00-04:00"))
    assert (found.chains["A"].contracts, found.dead_letters) == ((), ())


def test_the_recorded_chain_is_read_whole(shared_data: Path) -> None:
    """1 880 contracts within a year; the rest expires in 2017 and 2018, or has no other half."""
    found = loaded(shared_data / "flatfiles" / "us_options_opra")
    chain = found.chains["GOOG"]
    assert (found.dead_letters, found.adjusted) == ((), {})
    assert (len(chain.contracts), len(chain.at_ns)) == (1_880, 240_290)
    noon_ns = parse_instant("2015-12-24T12:00:00-05:00")
    assert len(chain.asof(noon_ns)) > 700
    call, put = chain.legs(noon_ns, parse_instant("2015-12-31T16:00:00-05:00"), 750.0)
    assert (call.contract, call.bid, call.ask) == (CALL, 7.0, 7.4)
    assert (put.contract, put.bid, put.ask) == (PUT, 6.1, 6.5)
