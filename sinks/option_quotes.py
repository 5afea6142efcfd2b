"""Option quotes as rows, and read back as of an instant.  Rule: a quote is known from its `at_ns` on."""

from collections.abc import Iterable
from math import isfinite
from typing import Final

import sqlalchemy as sa
from msgspec.structs import astuple, fields

from operators.chains.option_quote import OptionQuote
from operators.sessions import new_york
from sinks.copying import Row
from sinks.tables import option_quotes

_QUOTE: Final = [option_quotes.c[field.name] for field in fields(OptionQuote)]


def option_quote_rows(quotes: Iterable[OptionQuote]) -> list[Row]:
    """Write quotes as rows.  Raises ValueError naming the contract for what is no number."""
    rows = []
    for quote in quotes:
        if not all(map(isfinite, (quote.strike, quote.bid, quote.ask))):
            msg = f"{quote.contract}: a quote holds what is no number"
            raise ValueError(msg)
        rows.append(astuple(quote))
    return rows


def option_chain_asof(connection: sa.Connection, underlying: str, at_ns: int) -> list[OptionQuote]:
    """The last stored quote of each contract that was known at an instant, ns UTC, by expiry, strike, then contract.

    Stored are those that decided an expected move.  Contracts are gone from the New York day after their expiry on.
    """
    table = option_quotes
    today = new_york(at_ns).date().isoformat()
    known = (table.c.underlying == underlying, table.c.at_ns <= at_ns, table.c.expiry >= today)
    newest = sa.func.row_number().over(partition_by=table.c.contract, order_by=table.c.at_ns.desc()).label("newest")
    ranked = sa.select(*_QUOTE, newest).where(*known).subquery()
    columns = [ranked.c[column.name] for column in _QUOTE]
    query = sa.select(*columns).where(ranked.c.newest == 1)
    rows = connection.execute(query.order_by(ranked.c.expiry, ranked.c.strike, ranked.c.contract))
    return [OptionQuote(*row) for row in rows]
