"""Reading what the tape told besides prints, as of an instant: market events, and gaps.

Each was told at its own time, perhaps several times; what was told last by an instant holds as of it.
"""

from collections import defaultdict
from collections.abc import Collection
from operator import attrgetter
from typing import Final

import sqlalchemy as sa

from operators.data_gaps import DataGap
from operators.market_events import EVERY_SYMBOL, MarketEvent, Severity
from sinks.plan_reader import EVER_NS
from sinks.prepared import Prepared
from sinks.tables import data_gaps, market_events

_SYMBOLS: Final = sa.bindparam("symbols", type_=sa.Text, expanding=True)
_AS_OF: Final = sa.bindparam("as_of_ns", type_=sa.BigInteger)
_ORDER: Final = sa.case({"open": 0}, value=data_gaps.c.state, else_=1)
"""Told at one instant, a gap opens before it ends."""
_GAPS: Final = Prepared(
    sa.select(data_gaps.c.symbol, *(data_gaps.c[name] for name in DataGap.__struct_fields__))
    .where(data_gaps.c.symbol.in_(_SYMBOLS), data_gaps.c.at_ns <= _AS_OF)
    .order_by(data_gaps.c.at_ns, _ORDER, data_gaps.c.name)
)


def market_events_told(connection: sa.Connection, by_ns: int = EVER_NS) -> list[MarketEvent]:
    """The calendar as it was told by an instant, in order of time, then id; also what is to be known only later."""
    return _newest(connection, market_events.c.told_ns <= by_ns)


def market_events_known(connection: sa.Connection, as_of_ns: int) -> list[MarketEvent]:
    """The calendar as it was known at an instant, in order of time, then id."""
    return _newest(connection, market_events.c.told_ns <= as_of_ns, market_events.c.known_at_ns <= as_of_ns)


def _newest(connection: sa.Connection, *wanted: sa.ColumnElement[bool]) -> list[MarketEvent]:
    """Of the tellings that are wanted the last one of each event."""
    told = sa.select(market_events).where(*wanted).order_by(market_events.c.revision)
    newest = {e.id: e for e in connection.execute(told)}
    return [
        MarketEvent(e.id, e.symbol, e.kind, Severity(e.severity), e.at_ns, e.known_at_ns, e.label)
        for e in sorted(newest.values(), key=attrgetter("at_ns", "id"))
    ]


def gaps_told(connection: sa.Connection, symbols: Collection[str], as_of_ns: int) -> dict[str, list[DataGap]]:
    """What was told of the gaps of symbols by an instant, by symbol, in order; only those of which anything was."""
    found = defaultdict[str, list[DataGap]](list)
    for symbol, *gap in _GAPS.rows(connection, {"symbols": [*symbols, EVERY_SYMBOL], "as_of_ns": as_of_ns}):
        for each in symbols if symbol == EVERY_SYMBOL else (symbol,):
            found[each].append(DataGap(*gap))
    return dict(found)
