"""Ranking what the scanner found.  Rule: an order over stored candidates; nothing is scored anew."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import sqlalchemy as sa

from api.standing import Known, known
from operators.rows import ScanRow
from sinks.scan_reader import scan_results_of


def ranked(
    connection: sa.Connection, symbols: AbstractSet[str] | None, style: str | None, as_of_ns: int | None
) -> list[ScanRow]:
    """The newest proposal of each setup in the newest session with any by then, best first.

    Actionable before not, then by confidence, then the newer, then by name.  A candidate that was withheld is none: the
    plan that lives in its place has another ladder.
    """
    found = [row for row in scan_results_of(connection, as_of_ns=as_of_ns) if row.ordinal is not None]
    session = max((row.session_date for row in found), default=None)
    newest: dict[tuple[str, str, str], ScanRow] = {}
    for row in found:  # in order of time
        if row.session_date == session and (symbols is None or row.symbol in symbols):
            newest[row.symbol, row.strategy, row.direction] = row
    wanted = [row for row in newest.values() if style is None or row.profile["style"] == style]
    return sorted(wanted, key=_rank)


def _rank(row: ScanRow) -> tuple[bool, float, int, str, str, str]:
    return not row.actionable, -row.confidence, -row.at_ns, row.symbol, row.strategy, row.direction


def plans_behind(connection: sa.Connection, rows: Sequence[ScanRow], as_of_ns: int | None) -> dict[str, Known]:
    """Where the plans of candidates stand, by plan_id."""
    names = sorted({row.plan_id for row in rows if row.plan_id is not None})
    return {each.stands.row.plan_id: each for each in known(connection, names, as_of_ns)}
