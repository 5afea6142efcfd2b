"""Option quotes: written once, as given, read as of an instant, on both engines."""

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from operators.chains.option_quote import OptionQuote
from operators.rows import Batch
from operators.times import MINUTE_NS, parse_instant
from sinks.database import open_database
from sinks.option_quotes import option_chain_asof
from sinks.schema import ensure_schema
from sinks.tables import option_quotes
from sinks.writer import SinkWriter

NOON_NS = parse_instant("2015-12-24T12:00:00-05:00")
CALL = OptionQuote("O:GOOG151231C00750000", "GOOG", "2015-12-31", "call", 750.0, NOON_NS, 7.0, 7.4)
PUT = OptionQuote("O:GOOG151231P00750000", "GOOG", "2015-12-31", "put", 750.0, NOON_NS - 5, 0.1 + 0.2, 6.5)


def asked(engine: sa.Engine, at_ns: int = NOON_NS, underlying: str = "GOOG") -> list[OptionQuote]:
    with engine.connect() as connection:
        return option_chain_asof(connection, underlying, at_ns)


def test_quotes_come_back_as_they_were(engine: sa.Engine, writer: SinkWriter) -> None:
    assert writer.write(Batch(option_quotes=(PUT, CALL))).option_quotes == 2
    assert asked(engine) == [CALL, PUT]
    assert asked(engine, underlying="GOOGL") == []


def test_a_quote_is_written_once(engine: sa.Engine, writer: SinkWriter) -> None:
    """Two plans may stand on the same quotes, in one batch and in another."""
    assert writer.write(Batch(option_quotes=(CALL, PUT, CALL))).option_quotes == 2
    assert writer.write(Batch(option_quotes=(CALL, replace(PUT, bid=1.0)))).option_quotes == 0
    assert asked(engine) == [CALL, PUT]


def test_of_each_contract_the_last_quote_by_then_is_read(engine: sa.Engine, writer: SinkWriter) -> None:
    later = [replace(CALL, at_ns=NOON_NS + minute * MINUTE_NS, bid=7.0 + minute) for minute in range(1, 4)]
    writer.write(Batch(option_quotes=(*later, CALL, PUT)))
    assert asked(engine, NOON_NS - 6) == []
    assert asked(engine, NOON_NS - 1) == [PUT]
    assert asked(engine, NOON_NS) == [CALL, PUT]
    assert asked(engine, later[1].at_ns - 1) == [later[0], PUT]
    assert asked(engine, later[1].at_ns) == [later[1], PUT]


def test_an_expired_contract_is_gone_the_day_after(engine: sa.Engine, writer: SinkWriter) -> None:
    writer.write(Batch(option_quotes=(CALL,)))
    assert asked(engine, parse_instant("2015-12-31T23:59:59-05:00")) == [CALL]
    assert asked(engine, parse_instant("2016-01-01T00:00:00-05:00")) == []


def test_a_chain_is_in_order_of_expiry_and_strike(engine: sa.Engine, writer: SinkWriter) -> None:
    lower = replace(CALL, contract="O:GOOG151231C00745000", strike=745.0)
    sooner = replace(CALL, contract="O:GOOG151224C00760000", expiry="2015-12-24", strike=760.0)
    writer.write(Batch(option_quotes=(PUT, CALL, lower, sooner)))
    assert asked(engine) == [sooner, lower, CALL, PUT]


@pytest.mark.parametrize("field", ["bid", "ask", "strike"])
def test_a_quote_without_numbers_is_refused(engine: sa.Engine, writer: SinkWriter, field: str) -> None:
    """SQLite would take it for NULL."""
    with pytest.raises(ValueError, match="O:GOOG151231C00750000: a quote holds what is no number"):
        writer.write(Batch(option_quotes=(replace(CALL, **{field: float("nan")}),)))
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(option_quotes)) == 0


def test_a_database_without_options_has_an_empty_chain(database_url: str) -> None:
    engine = open_database(database_url)
    ensure_schema(engine)
    assert asked(engine) == []
    engine.dispose()
