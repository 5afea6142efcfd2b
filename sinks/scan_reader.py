"""Reading bars and scan results: plain functions from a connection to the project's values, "as of" where asked.

A bar is known from its end on, a candidate from the end of its bar on.  A bar that late prints revised (`revision` says
how often) is, as of an instant, what it was then; without an instant, and where a version before 0008 wrote it, what
they made of it.
"""

from datetime import date
from typing import Any, Final

import numpy as np
import sqlalchemy as sa
from msgspec.structs import fields

from operators.bars.columns import COLUMNS, DTYPES, Bars, Interval
from operators.rows import ScanRow
from operators.sessions import PHASE_CODES
from sinks.tables import bar_revisions, bars, scan_results

_SCAN: Final = [scan_results.c[field.name] for field in fields(ScanRow)]
_BAR: Final = [bars.c[name] for name in COLUMNS]
_STOOD: Final = [bar_revisions.c[name] for name in COLUMNS]
_START: Final = COLUMNS.index("start_ns")
_REVISION: Final = COLUMNS.index("revision")
_PHASE: Final = COLUMNS.index("phase")
_CODES: Final = {str(phase): code for code, phase in enumerate(PHASE_CODES)}


def bars_of(
    connection: sa.Connection,
    symbol: str,
    interval: Interval,
    *,
    from_ns: int | None = None,
    as_of_ns: int | None = None,
    limit: int | None = None,
) -> Bars:
    """A symbol's bars, ascending, that start at or after `from_ns` and end at or before `as_of_ns`.

    With a `limit`, the newest so many of them.
    """
    query = sa.select(*_BAR).where(bars.c.symbol == symbol, bars.c.interval == str(interval))
    if from_ns is not None:
        query = query.where(bars.c.start_ns >= from_ns)
    if as_of_ns is not None:
        query = query.where(bars.c.end_ns <= as_of_ns)
    rows = connection.execute(query.order_by(bars.c.start_ns.desc()).limit(limit)).all()
    if not rows:
        return Bars.empty()
    if as_of_ns is not None and any(row[_REVISION] for row in rows):
        stood = _stood(connection, symbol, interval, rows[-1][_START], as_of_ns)
        rows = [stood.get(row[_START], row) for row in rows]
    columns = [list(column) for column in zip(*reversed(rows), strict=True)]
    columns[_PHASE] = [_CODES[phase] for phase in columns[_PHASE]]
    return Bars(*(np.array(column, dtype=kind) for column, kind in zip(columns, DTYPES, strict=True)))


def _stood(
    connection: sa.Connection, symbol: str, interval: Interval, from_ns: int, as_of_ns: int
) -> dict[int, sa.Row[Any]]:
    """Return by start the bars that were revised after an instant, as they stood then."""
    query = sa.select(*_STOOD).where(bar_revisions.c.symbol == symbol, bar_revisions.c.interval == str(interval))
    query = query.where(bar_revisions.c.start_ns >= from_ns, bar_revisions.c.until_ns > as_of_ns)
    latest_first = query.order_by(bar_revisions.c.revision.desc())
    return {row[_START]: row for row in connection.execute(latest_first)}


def scan_results_of(
    connection: sa.Connection,
    *,
    session_date: date | None = None,
    symbol: str | None = None,
    strategy: str | None = None,
    as_of_ns: int | None = None,
) -> list[ScanRow]:
    """Candidates in order of time, then symbol, strategy and direction; all of them unless something is asked for."""
    wanted = {"session_date": session_date and session_date.isoformat(), "symbol": symbol, "strategy": strategy}
    query = sa.select(*_SCAN)
    for name, value in wanted.items():
        query = query if value is None else query.where(scan_results.c[name] == value)
    if as_of_ns is not None:
        query = query.where(scan_results.c.at_ns <= as_of_ns)
    keys = (scan_results.c[name] for name in ("at_ns", "symbol", "strategy", "direction"))
    return [ScanRow(*row) for row in connection.execute(query.order_by(*keys))]


def proposal_of(connection: sa.Connection, plan_id: str) -> ScanRow | None:
    """The candidate that became a plan; None for a plan that no scan found."""
    proposed = scan_results.c.plan_id == plan_id, scan_results.c.ordinal.is_not(None)
    row = connection.execute(sa.select(*_SCAN).where(*proposed)).first()
    return None if row is None else ScanRow(*row)
