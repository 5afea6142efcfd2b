"""What the tape told of market events and gaps, as of an instant."""

from dataclasses import replace

import sqlalchemy as sa

from operators.data_gaps import DataGap
from operators.market_events import MarketEvent, Severity
from operators.rows import Batch, GapRow, MarketEventRow
from sinks.told_reader import gaps_told, market_events_known, market_events_told
from sinks.writer import SinkWriter

LATE = MarketEvent("a", "*", "cpi", Severity.HIGH, 200, 100, "inflation")
EARLY = MarketEvent("b", "AAPL", "earnings", Severity.CRITICAL, 150, 20, "")
OPENED = DataGap("1-1", "open", 10, 5, None, "lost the line")
LOST = DataGap("1-1", "lost", 20, 5, 18, "no REST")
AT_ONCE = (DataGap("1-2", "open", 30, 25), DataGap("1-2", "close", 30, 25, 30))


def test_the_calendar_comes_in_order_of_time(engine: sa.Engine) -> None:
    SinkWriter(engine, "tape").write(Batch(market_events=(MarketEventRow(LATE), MarketEventRow(EARLY))))
    with engine.connect() as connection:
        assert market_events_told(connection) == [EARLY, LATE]
        assert market_events_told(connection, 0) == [EARLY, LATE]
        assert market_events_known(connection, 99) == [EARLY]


def test_an_event_that_is_told_again_is_until_then_what_it_was(engine: sa.Engine) -> None:
    """Whichever telling is written first; and it is known as it was until the new telling is to be known."""
    moved, back = replace(EARLY, at_ns=300), replace(EARLY, known_at_ns=90)
    tellings = ((back, 2, 80), (moved, 1, 50), (EARLY, 0, 30))
    told = tuple(MarketEventRow(replace(event, told_ns=told_ns), revision) for event, revision, told_ns in tellings)
    SinkWriter(engine, "tape").write(Batch(market_events=told))
    with engine.connect() as connection:
        assert [market_events_told(connection, at) for at in (29, 30, 49, 50, 79, 80)] == [
            [],
            [EARLY],
            [EARLY],
            [moved],
            [moved],
            [back],
        ]
        assert [market_events_known(connection, at) for at in (79, 80, 89, 90)] == [[moved]] * 3 + [[back]]


def test_gaps_are_told_to_the_symbols_that_they_concern_in_the_order_of_the_tape(engine: sa.Engine) -> None:
    rows = [*(GapRow("*", each) for each in reversed(AT_ONCE)), GapRow("A", LOST), GapRow("A", OPENED)]
    SinkWriter(engine, "tape").write(Batch(data_gaps=tuple(rows)))
    SinkWriter(engine, "tape").write(Batch(data_gaps=tuple(rows)))
    with engine.connect() as connection:
        assert gaps_told(connection, {"A", "B"}, 30) == {"A": [OPENED, LOST, *AT_ONCE], "B": [*AT_ONCE]}
        assert gaps_told(connection, {"A", "B"}, 29) == {"A": [OPENED, LOST]}
        assert gaps_told(connection, {"A"}, 19) == {"A": [OPENED]}
        assert gaps_told(connection, {"A"}, 9) == {}
        assert gaps_told(connection, set(), 30) == {}
