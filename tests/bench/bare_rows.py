"""The floor under a replay with many plans: its rows, made beforehand, into the same tables, and nothing else.

Plans, events and the last state of each plan, in one transaction.  A replay writes a state again whenever something
happened to its plan, and has to make all of it first.
"""

import time
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from sinks import tables
from sinks.bulk import insert_new
from sinks.database import open_database, reading
from sinks.schema import ensure_schema

ORDERED: Final = (
    (tables.plans, "registered_ns, plan_id"),
    (tables.plan_events, "stream_seq"),
    (tables.plan_states, "plan_id"),
)
"""What is inserted, and in which order."""


def insert_again(replayed: Path) -> dict[str, Any]:
    """Insert the rows of a replay's SQLite file into a new one beside it; return how many, and the seconds it took."""
    source = open_database(f"sqlite:///{replayed}", read_only=True)
    with reading(source) as connection:
        rows = [_rows(connection, table, order) for table, order in ORDERED]
    source.dispose()
    for old in replayed.parent.glob("bare.db*"):
        old.unlink()
    target = open_database(f"sqlite:///{replayed.parent / 'bare.db'}")
    ensure_schema(target)
    started = time.perf_counter()
    with target.begin() as connection:
        written = sum(insert_new(connection, table, each) for (table, _), each in zip(ORDERED, rows, strict=True))
    seconds = time.perf_counter() - started
    target.dispose()
    return {"rows": written, "seconds": seconds}


def _rows(connection: sa.Connection, table: sa.Table, order: str) -> list[tuple[Any, ...]]:
    """Read whole rows as the driver gives them, JSON as text."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return [tuple(row) for row in connection.exec_driver_sql(f"SELECT {names} FROM {table.name} ORDER BY {order}")]
