"""From the commands table to the tape.  A command is on the tape before it counts as applied, and maybe twice then.

The tape tells commands by the table's ids and by when they were asked for: a database that was restored, or is new,
gives out ids anew.  The second of a name is passed over when the tape is read.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from flows.tape.segments.payloads import PlanCommand, command
from flows.tape.segments.writer import TapeWriter
from sinks.bulk import lock_writers
from sinks.commands import REGISTER, StoredCommand, added_symbols, mark_applied, symbol_of_plan, unapplied
from sinks.database import reading
from sinks.fencing import check

MOST_AT_ONCE: Final = 1_000
COMMANDS: Final = "commands"
"""Whose sole writer takes the commands of a database to its tape."""


def commands_to_tape(
    engine: sa.Engine, writer: TapeWriter, now_ns: Callable[[], int], token: int | None = None
) -> list[StoredCommand]:
    """Append what is not on the tape yet, in the order of ids; return it, applied.

    `now_ns` is the tape's clock, ns UTC: when it says so, the commands act.  Cheap when there is nothing to do: the
    writers' lock is taken only then.  Raises DatabaseError, TapeError; calling again is safe after either.  FencedError
    among them when the commands were taken with another token: nothing is taken away from that one.
    """
    with reading(engine) as connection:
        if not unapplied(connection, 1):
            return []
    with engine.begin() as connection:
        lock_writers(connection)
        check(connection, COMMANDS, token)
        rows, at_ns = unapplied(connection, MOST_AT_ONCE), now_ns()
        if rows:
            writer.append([command(_on_tape(connection, row), at_ns) for row in rows])
            mark_applied(connection, [row.id for row in rows], at_ns)
    return [replace(row, applied_ns=at_ns) for row in rows]


def universe_to_tape(engine: sa.Engine, writer: TapeWriter, now_ns: Callable[[], int]) -> None:
    """Append once more what was added to the universe.  Who begins a tape begins with it; on the same tape it is known.

    Raises DatabaseError, TapeError; calling again is safe.
    """
    with reading(engine) as connection:
        added = added_symbols(connection)
    writer.append([command(_watching(symbol), now_ns()) for symbol in added])


def _watching(symbol: str) -> PlanCommand:
    """By its symbol, not by its number, a tape knows it, whichever database it comes from."""
    return PlanCommand(f"watch:{symbol}", "watch", symbol=symbol)


def _on_tape(connection: sa.Connection, row: StoredCommand) -> PlanCommand:
    if row.symbol is not None:
        return _watching(row.symbol)
    name = f"commands:{row.id}:{row.created_ns}"
    if row.kind == REGISTER:
        return PlanCommand(name, "register", plan=row.plan)
    symbol = symbol_of_plan(connection, row.plan_id) if row.plan_id else None
    return PlanCommand(name, "cancel", plan_id=row.plan_id, symbol=symbol)
