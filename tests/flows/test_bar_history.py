"""History: which bars are loaded, that damage is told, and that no session is loaded and built."""

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from flows.bar_history import BarHistory, load_bar_history
from flows.errors import DataMissingError
from operators.bars.columns import Interval
from operators.bars.fold import fold
from operators.bars.splits import Split
from operators.nyse import nyse_calendar
from operators.times import MINUTE_NS, parse_instant

HEADER = "ticker,volume,open,close,high,low,window_start,transactions"
MONDAY_NS = parse_instant("2013-10-07T09:30:00-04:00")
TUESDAY = "2013-10-08T09:30:00-04:00"


def row(start: int | str, ticker: str = "IBM", close: float = 100.5) -> str:
    start_ns = parse_instant(start) if isinstance(start, str) else start
    return f"{ticker},1000.5,100.0,{close},101.0,99.5,{start_ns},7"


def written(folder: Path, *rows: str, name: str = "minutes.csv", header: str = HEADER) -> Path:
    file = folder / name
    text = "\n".join((header, *rows, ""))
    file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return file


def loaded(folder: Path, at: str = TUESDAY, splits: tuple[Split, ...] = ()) -> BarHistory:
    return load_bar_history(folder, {"IBM", "SPY"}, nyse_calendar(), parse_instant(at), splits)


@pytest.mark.parametrize("name", ["minutes.csv", "2013-10-04 to 2013-10-07.csv.gz"])
def test_minutes_and_days_are_told_apart_by_their_start(tmp_path: Path, name: str) -> None:
    written(tmp_path, row(MONDAY_NS + MINUTE_NS), row(MONDAY_NS), row("2013-10-04T00:00:00-04:00"), name=name)
    history = loaded(tmp_path)
    minutes, days = history.minutes["IBM"], history.days["IBM"]
    assert minutes.start_ns.tolist() == [MONDAY_NS, MONDAY_NS + MINUTE_NS]
    assert minutes.phase.tolist() == [2, 2]
    first = minutes.row(0)
    assert (first.open, first.high, first.low, first.close) == (100.0, 101.0, 99.5, 100.5)
    assert (first.volume, first.trades, first.vwap, first.revision) == (1000.5, 7, None, 0)
    assert days.row(0).start_ns == parse_instant("2013-10-04T09:30:00-04:00")
    assert days.row(0).end_ns == parse_instant("2013-10-04T16:00:00-04:00")
    assert history.dead_letters == ()


def test_days_of_which_there_are_only_minutes_are_folded(tmp_path: Path) -> None:
    written(tmp_path, row(MONDAY_NS), row(MONDAY_NS + MINUTE_NS, close=100.75), row("2013-10-04T00:00:00-04:00"))
    days = loaded(tmp_path).days["IBM"]
    assert (days.start_ns[1], days.close[1], days.volume[1]) == (MONDAY_NS, 100.75, 2001.0)


def test_only_chosen_symbols_are_loaded(tmp_path: Path) -> None:
    written(tmp_path, row(MONDAY_NS, "IBM"), row(MONDAY_NS, "XOM"), "XOM,x,,,,,,")
    history = loaded(tmp_path)
    assert ([*history.minutes], [*history.days], history.dead_letters) == (["IBM"], ["IBM"], ())


@pytest.mark.parametrize(
    ("at", "session", "count"),
    [
        ("2013-10-07T03:00:00-04:00", date(2013, 10, 7), 1),
        ("2013-10-07T19:59:59-04:00", date(2013, 10, 7), 1),
        ("2013-10-07T20:00:00-04:00", date(2013, 10, 8), 3),
        ("2013-10-08T04:00:00-04:00", date(2013, 10, 8), 3),
    ],
)
def test_no_session_is_loaded_and_built(tmp_path: Path, at: str, session: date, count: int) -> None:
    """Pre-market bars of the replayed day neither, wherever in the day the replay begins."""
    starts = "2013-10-04T19:59:00-04:00", "2013-10-07T04:00:00-04:00", "2013-10-07T15:59:00-04:00"
    written(tmp_path, *map(row, starts), row(TUESDAY))
    history = loaded(tmp_path, at)
    assert (history.session_date, len(history.minutes["IBM"])) == (session, count)


def test_a_file_of_a_later_day_is_not_even_read(tmp_path: Path) -> None:
    written(tmp_path, row(MONDAY_NS))
    written(tmp_path, "IBM,broken", name="2013-10-08.csv")
    assert loaded(tmp_path).dead_letters == ()


@pytest.mark.parametrize(
    ("damaged", "field", "reason"),
    [
        ("IBM,1,100,100", "row", "has 4 fields; the header has 8"),
        (",1,100,100,100,100,1381152600000000000,1", "ticker", "is missing"),
        ("IBM,,100,100,100,100,1381152600000000000,1", "volume", "is missing"),
        ("IBM,-1,100,100,100,100,1381152600000000000,1", "volume", "got -1.0; must be shares, 0 or more"),
        ("IBM,1,1OO,100,100,100,1381152600000000000,1", "open", "got 1OO; must be a number"),
        ("IBM,1,100,0,100,100,1381152600000000000,1", "close", "got 0.0; must be dollars above 0"),
        ("IBM,1,100,100,nan,100,1381152600000000000,1", "high", "got NaN; must be dollars above 0"),
        ("IBM,1,100,101,100,100,1381152600000000000,1", "high", "got 100.0; is below open or close"),
        ("IBM,1,100,100,100,100.5,1381152600000000000,1", "low", "got 100.5; is above open or close"),
        ("IBM,1,100,100,100,100,1381152600.5,1", "window_start", "got 1381152600.5; must be a whole number"),
        ("IBM,1,9,9,9,9,1381152600000,1", "window_start", "got 1381152600000; must be ns since 1970, of 1993 to 2027"),
        ("IBM,1,100,100,100,100,1381152600000000001,1", "window_start", "is neither midnight nor a whole minute"),
        ("IBM,1,100,100,100,100,1381219200000000000,1", "window_start", "got midnight of a day without a session"),
        ("IBM,1,100,100,100,100,1381204800000000000,1", "window_start", "lies outside every session"),
        ("IBM,1,100,100,100,100,1381152600000000000,-1", "transactions", "got -1; must be 0 or more"),
        ("IBM,1000.5,100.0,100.5,101.0,99.5,1381152600000000000,7", "window_start", "the same bar is there already"),
    ],
)  # fmt: skip
def test_a_damaged_row_becomes_a_dead_letter(tmp_path: Path, damaged: str, field: str, reason: str) -> None:
    """With file, row, field and reason; the rows around it are loaded."""
    damaged = damaged.replace("1381219200000000000", str(parse_instant("2013-10-06T00:00:00-04:00")))
    damaged = damaged.replace("1381204800000000000", str(parse_instant("2013-10-07T02:00:00-04:00")))
    file = written(tmp_path, row(MONDAY_NS), damaged, row(MONDAY_NS + MINUTE_NS))
    history = loaded(tmp_path)
    assert history.minutes["IBM"].start_ns.tolist() == [MONDAY_NS, MONDAY_NS + MINUTE_NS]
    [letter] = history.dead_letters
    assert (letter.source, letter.row, letter.field, letter.reason) == (str(file), 2, field, reason)
    assert letter.raw.split(",")[0] == damaged.split(",")[0]


def test_a_row_of_another_day_than_its_file_is_a_dead_letter(tmp_path: Path) -> None:
    """As the vendor's own file of 2019-08-12 has the next day's midnights; even of the day that is replayed."""
    midnights = "2013-10-07T00:00:00-04:00", "2013-10-08T00:00:00-04:00"
    for name in ("2013-10-04.csv", "2013-10-07.csv"):
        written(tmp_path, row(midnights[0], close=100.25 if "04" in name else 100.75), name=name)
    written(tmp_path, row(midnights[1]), name="2013-10-03.csv")
    history = loaded(tmp_path)
    assert history.days["IBM"].close.tolist() == [100.75]
    told = {(Path(letter.source).name, letter.row, letter.reason) for letter in history.dead_letters}
    reason = "is of another day than the file's name says"
    assert told == {("2013-10-03.csv", 1, reason), ("2013-10-04.csv", 1, reason)}


@pytest.mark.parametrize("empty_first", [True, False])
def test_of_a_bar_that_is_there_twice_one_with_volume_is_kept(tmp_path: Path, empty_first: bool) -> None:
    """Wherever it stands; the other is a dead letter."""
    full = row(MONDAY_NS)
    empty = full.replace("1000.5", "0")
    written(tmp_path, *((empty, full) if empty_first else (full, empty)))
    history = loaded(tmp_path)
    assert history.minutes["IBM"].volume.tolist() == [1000.5]
    assert [letter.row for letter in history.dead_letters] == [1 if empty_first else 2]


def test_files_without_transactions_and_with_carriage_returns_are_read(tmp_path: Path) -> None:
    lines = [
        HEADER.removesuffix(",transactions"),
        row(MONDAY_NS).removesuffix(",7"),
        "",
        row(MONDAY_NS + MINUTE_NS).removesuffix(",7"),
    ]
    (tmp_path / "old.csv").write_bytes("\r\n".join(lines).encode())
    history = loaded(tmp_path)
    assert history.minutes["IBM"].trades.tolist() == [0, 0]
    assert history.dead_letters == ()


def test_prior_bars_are_told_in_the_shares_of_the_replayed_session(tmp_path: Path) -> None:
    """The split of the replayed session counts; that of the next one is not known yet."""
    written(tmp_path, row(MONDAY_NS))
    splits = (
        Split("IBM", date(2013, 10, 8), 1, 2),
        Split("IBM", date(2013, 10, 9), 1, 10),
        Split("SPY", date(2013, 10, 8), 1, 3),
    )
    history = loaded(tmp_path, splits=splits)
    for bars in (history.minutes["IBM"], history.days["IBM"]):
        assert (bars.close[0], bars.volume[0]) == (50.25, 2001.0)


def test_a_folder_without_aggregates_is_missing_data(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="no such folder"):
        loaded(tmp_path / "none")
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataMissingError, match="no aggregates here; looked for"):
        loaded(tmp_path)
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(f"{HEADER}\n{row(MONDAY_NS)}\n".encode())[:40])
    with pytest.raises(DataMissingError, match="the compressed data ends too early"):
        loaded(tmp_path)


def test_recorded_days_and_their_minutes_agree(shared_data: Path) -> None:
    """The day that the minutes of 2013-10-07 fold to is the recorded one, volume aside."""
    folder = shared_data / "flatfiles/us_stocks_sip"
    symbols = {"SPY", "IBM", "AIG", "BAC"}
    history = load_bar_history(folder, symbols, nyse_calendar(), parse_instant(TUESDAY))
    assert {*history.days} == {*history.minutes} == symbols
    assert history.dead_letters == ()
    for symbol in sorted(symbols):
        recorded, minutes = history.days[symbol].row(-1), history.minutes[symbol]
        folded = fold(minutes, Interval.D1, nyse_calendar(), parse_instant(TUESDAY)).row(-1)
        assert folded.start_ns == recorded.start_ns == MONDAY_NS
        for field in ("open", "high", "low", "close"):
            assert getattr(folded, field) == getattr(recorded, field), (symbol, field)
        assert folded.volume == pytest.approx(recorded.volume, rel=0.002)
        assert np.all(minutes.end_ns <= parse_instant("2013-10-07T20:00:00-04:00"))
        assert len(history.days[symbol]) > 1_000
