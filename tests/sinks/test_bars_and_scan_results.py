"""Bars and scan results: stored as given, moving on only, read as of an instant, on both engines."""

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from operators.bars.columns import Bars, Interval
from operators.rows import BarRows, Batch, ScanRow
from operators.times import MINUTE_NS
from sinks.scan_reader import bars_of, scan_results_of
from sinks.tables import bars as bars_table
from sinks.writer import SinkWriter

START_NS = 1_381_239_000_000_000_000

Contents = Callable[[sa.Engine], dict[str, list[tuple[Any, ...]]]]


def made(count: int, revision: int = 0, first: int = 0) -> Bars:
    """Regular minutes, the second of unknown vwap."""
    start_ns = START_NS + np.arange(first, first + count, dtype=np.int64) * MINUTE_NS
    price = 100 + np.arange(count) / 3
    vwap = price + 0.01
    vwap[1:2] = np.nan
    trades, phase = np.full(count, 7), np.full(count, 2, dtype=np.uint8)
    revisions = np.full(count, revision)
    return Bars(
        start_ns, start_ns + MINUTE_NS, price, price + 1, price - 1, price, price * 10, vwap, trades, phase, revisions
    )


def rows(bars: Bars, symbol: str = "AAPL", interval: Interval = Interval.M1) -> BarRows:
    return BarRows(symbol, interval, bars)


def candidate(at_ns: int = START_NS, **fields: Any) -> ScanRow:
    usual = ScanRow(
        *("AAPL", "gap_fill", "long", at_ns, "2013-10-08", 1, None, False, 0.75),
        profile={"stop": 99.0, "targets": [101.0]},
        features={"gap": 0.5, "atr": None},
        conditions=[{"name": "gap", "value": 0.5, "met": True}],
    )
    return replace(usual, **fields)


def plain(bars: Bars) -> list[bytes]:
    return [column.tobytes() for column in bars.columns()]


def read(engine: sa.Engine, symbol: str = "AAPL", interval: Interval = Interval.M1, **asked: int) -> Bars:
    with engine.connect() as connection:
        return bars_of(connection, symbol, interval, **asked)


@pytest.mark.parametrize("count", [1, 300, 1_203])
def test_bars_come_back_as_they_were(engine: sa.Engine, writer: SinkWriter, count: int) -> None:
    """To the last bit, an unknown vwap and the phase among it; symbols and intervals apart."""
    batch = Batch(bars=(rows(made(count)), rows(made(2), "MSFT"), rows(made(1), interval=Interval.D1)))
    assert writer.write(batch).bars == count + 3
    assert plain(read(engine)) == plain(made(count))
    assert plain(read(engine, "MSFT")) == plain(made(2))
    assert plain(read(engine, interval=Interval.D1)) == plain(made(1))
    assert len(read(engine, "TSLA")) == 0


def test_a_bar_is_stored_in_words(engine: sa.Engine, writer: SinkWriter, contents: Contents) -> None:
    writer.write(Batch(bars=(rows(made(2)),)))
    second = contents(engine)["bars"][1]
    price = 100 + 1 / 3
    assert second == (
        *("AAPL", "1m", START_NS + MINUTE_NS, START_NS + 2 * MINUTE_NS, price, price + 1, price - 1, price),
        *(price * 10, None, 7, "regular", 0),
    )


def test_a_revision_never_moves_back(engine: sa.Engine, writer: SinkWriter) -> None:
    writer.write(Batch(bars=(rows(made(2)),)))
    revised = replace(made(1, revision=2), volume=np.array([5555.0]))
    assert writer.write(Batch(bars=(rows(revised),))).bars == 1
    assert writer.write(Batch(bars=(rows(made(2)), rows(made(1, revision=1))))).bars == 1
    found = read(engine)
    assert (found.revision.tolist(), found.volume[0]) == ([2, 0], 5555.0)


def test_of_many_bars_those_that_moved_on_are_counted(engine: sa.Engine, writer: SinkWriter) -> None:
    """However many rows go into one statement."""
    writer.write(Batch(bars=(rows(made(1_203)),)))
    again = rows(replace(made(1_203), revision=np.arange(1_203) % 2 - 1))
    assert writer.write(Batch(bars=(again,))).bars == 601
    assert writer.write(Batch(bars=(rows(made(1_203)),))).bars == 1_203


def test_of_several_revisions_in_a_batch_the_newest_stays(engine: sa.Engine, writer: SinkWriter) -> None:
    pieces = tuple(rows(made(1, revision)) for revision in (0, 2, 1))
    assert writer.write(Batch(bars=pieces)).bars == 1
    assert read(engine).revision.tolist() == [2]


def test_a_revision_takes_the_place_of_its_own_bar_alone(engine: sa.Engine, writer: SinkWriter) -> None:
    """Not of another symbol's, nor of a longer bar that starts with it."""
    others = rows(made(2), "MSFT"), rows(made(1), interval=Interval.M5)
    assert writer.write(Batch(bars=(rows(made(2)), *others, rows(made(1, revision=1))))).bars == 5
    assert read(engine).revision.tolist() == [1, 0]
    assert read(engine, "MSFT").revision.tolist() == [0, 0]
    assert read(engine, interval=Interval.M5).revision.tolist() == [0]


def test_bars_are_read_as_of_an_instant(engine: sa.Engine, writer: SinkWriter) -> None:
    """A bar is known at its end and not before."""
    writer.write(Batch(bars=(rows(made(5)),)))
    ends = START_NS + 3 * MINUTE_NS
    assert len(read(engine, as_of_ns=ends)) == 3
    assert len(read(engine, as_of_ns=ends - 1)) == 2
    assert read(engine, as_of_ns=ends, limit=2).start_ns.tolist() == [START_NS + MINUTE_NS, START_NS + 2 * MINUTE_NS]
    assert read(engine, from_ns=START_NS + 4 * MINUTE_NS).start_ns.tolist() == [START_NS + 4 * MINUTE_NS]


@pytest.mark.parametrize("field", ["open", "high", "low", "close", "volume"])
def test_a_bar_without_numbers_is_refused(engine: sa.Engine, writer: SinkWriter, field: str) -> None:
    """SQLite would take it for NULL."""
    broken = replace(made(2), **{field: np.array([1.0, np.nan])})
    with pytest.raises(ValueError, match=f"AAPL: {field} of a 1m bar is no number"):
        writer.write(Batch(bars=(rows(broken),)))
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(bars_table)) == 0


def test_candidates_are_written_once_and_come_back(engine: sa.Engine, writer: SinkWriter) -> None:
    first = candidate()
    planned = candidate(START_NS + 1, plan_id="AAPL-gap-1", actionable=True, ordinal=2)
    other = candidate(symbol="MSFT", strategy="vwap_reclaim", session_date="2013-10-09")
    assert writer.write(Batch(scan_results=(first, planned, other))).scan_results == 3
    assert writer.write(Batch(scan_results=(first, candidate(confidence=0.1)))).scan_results == 0
    with engine.connect() as connection:
        assert scan_results_of(connection) == [first, other, planned]
        assert scan_results_of(connection, symbol="AAPL", as_of_ns=START_NS) == [first]
        assert scan_results_of(connection, session_date=date(2013, 10, 9)) == [other]
        assert scan_results_of(connection, strategy="gap_fill") == [first, planned]


def test_features_that_are_no_numbers_are_refused(writer: SinkWriter) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        writer.write(Batch(scan_results=(candidate(features={"atr": float("nan")}),)))
