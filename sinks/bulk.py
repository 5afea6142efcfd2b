"""Many rows at once, as fast as each engine can: long INSERTs on SQLite, COPY and INSERT ... SELECT on PostgreSQL.

Rows are plain tuples in the order of their table's columns, JSON already text.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import chain
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from sinks.copy_stream import streamed
from sinks.copying import Row, copied
from sinks.database import translated

T = TypeVar("T")

WRITE_LOCK: Final = 5_064_321_001
"""Key of the PostgreSQL advisory lock that writers hold until they commit."""

COPY_FROM: Final = 200
"""Rows from which on COPY beats `executemany` on PostgreSQL."""

TOGETHER: Final = 500
"""Rows that are sent at once.

On SQLite they are one statement: a third less work than one each, and the driver keeps Python waiting once for all
instead of once for each.  On PostgreSQL they are a piece of a COPY that fits between client and server, so that neither
waits for the other.
"""

MANY_TOGETHER: Final = 1_500
"""The same on SQLite where there are many: others wait for the lock, and in it every statement waits for Python.

Times the widest table's columns it must stay below SQLite's 32 766 parameters.
"""


def lock_writers(connection: sa.Connection) -> None:
    """Wait until no other transaction writes, and keep others out until this one ends.

    SQLite took its lock as the transaction began.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")


def insert_new(connection: sa.Connection, table: sa.Table, rows: list[Row]) -> int:
    """Insert the rows whose primary key is new; return how many were."""
    return _send(connection, table, rows, f"ON CONFLICT ({_keys(table)}) DO NOTHING")


def insert_all(
    connection: sa.Connection,
    table: sa.Table,
    pieces: Iterable[list[Row]],
    count: int,
    meanwhile: Iterable[object] = (),
) -> int:
    """Insert `count` rows as if every primary key were new; return how many were: fewer when some are stored.

    The rows come in pieces of `TOGETHER`, made as they are wanted.  On PostgreSQL many go straight into the table,
    which costs less than the way by which some may be left out; when one is stored, none is inserted.  `meanwhile`:
    work that may be done while the server is busy with them.
    """
    if connection.dialect.name == "sqlite" or count < COPY_FROM:
        return sum(insert_new(connection, table, rows) for rows in pieces)
    driver: Any = connection.connection.cursor()
    dbapi: Any = connection.dialect.dbapi
    with translated(connection.engine), driver:
        driver.execute("SAVEPOINT before_rows")
        try:
            streamed(driver, _copying(table, table.name), (copied(table, rows) for rows in pieces), meanwhile)
            written = int(driver.rowcount)
        except dbapi.errors.UniqueViolation:
            driver.execute("ROLLBACK TO SAVEPOINT before_rows")
            return 0
        driver.execute("RELEASE SAVEPOINT before_rows")
    return written


def together(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut rows into pieces that are sent at once."""
    return (rows[start : start + TOGETHER] for start in range(0, len(rows), TOGETHER))


class Texts:
    """The texts of rows, piece by piece, for COPY: made as they are wanted, or before, by who has time."""

    def __init__(self, table: sa.Table, rows: Sequence[Row]) -> None:
        self._made: list[str] = []
        self._rest = map(partial(copied, table), together(rows))

    def ahead(self) -> Iterator[None]:
        """Make one piece a step."""
        for text in self._rest:
            self._made.append(text)
            yield

    def __iter__(self) -> Iterator[str]:
        return chain(self._made, self._rest)


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: list[Row],
    newer_by: Sequence[str],
    texts: Texts | None = None,
) -> int:
    """Insert rows, or replace those stored whose `newer_by` columns are not greater; return how many were written.

    No primary key may come twice.  `texts`: of the rows, if some may have been made already.
    """
    return _send(connection, table, rows, _replacing(table, tuple(newer_by)), texts)


def upsert_columns(
    connection: sa.Connection, table: sa.Table, columns: Sequence[Sequence[Any]], newer_by: Sequence[str]
) -> int:
    """Do the same with rows that are told column by column, as many and as large ones are: no row need be made."""
    on_conflict = _replacing(table, tuple(newer_by))
    if connection.dialect.name != "sqlite":
        return _send(connection, table, list(zip(*columns, strict=True)), on_conflict)
    whole = len(columns[0]) - len(columns[0]) % TOGETHER
    values: list[Any] = [None] * (whole * len(columns))
    for place, column in enumerate(columns):
        values[place :: len(columns)] = column[:whole]
    written = _send_whole(connection, table, values, on_conflict)
    rest = list(zip(*(column[whole:] for column in columns), strict=True))
    return written + _send(connection, table, rest, on_conflict)


def stored(connection: sa.Connection, table: sa.Table, keys: str) -> list[Row]:
    """Read the rows of the given primary keys, in any order, JSON as text.

    `keys` is a JSON array of arrays, one per row: each the key's values in the order of the table's columns.
    """
    on_sqlite = connection.dialect.name == "sqlite"
    statement = _select_sqlite(table) if on_sqlite else _select_postgresql(table, connection.dialect)
    return [tuple(row) for row in connection.exec_driver_sql(statement, (keys,)).all()]


def _send(
    connection: sa.Connection, table: sa.Table, rows: list[Row], on_conflict: str, texts: Texts | None = None
) -> int:
    if not rows:
        return 0
    on_sqlite = connection.dialect.name == "sqlite"
    if not on_sqlite and len(rows) >= COPY_FROM:
        return _copy(connection, table, texts or Texts(table, rows), on_conflict)
    whole = len(rows) - len(rows) % TOGETHER if on_sqlite else 0
    written = _send_whole(connection, table, list(chain.from_iterable(rows[:whole])), on_conflict)
    if whole < len(rows):
        mark = "?" if on_sqlite else "%s"
        written += connection.exec_driver_sql(_inserting(table, on_conflict, 1, mark), rows[whole:]).rowcount
    return written


def _send_whole(connection: sa.Connection, table: sa.Table, values: Sequence[Any], on_conflict: str) -> int:
    """Send the values of rows, one row after the other, that are a multiple of `TOGETHER`."""
    start = written = 0
    for rows in (MANY_TOGETHER, TOGETHER):
        statement, size = _inserting(table, on_conflict, rows), rows * len(table.columns)
        while start + size <= len(values):
            written += connection.exec_driver_sql(statement, tuple(values[start : start + size])).rowcount
            start += size
    return written


def _copy(connection: sa.Connection, table: sa.Table, texts: Texts, on_conflict: str) -> int:
    """COPY knows no ON CONFLICT, so rows go through a temporary table, which the connection keeps."""
    staged = f"staged_{table.name}"
    driver: Any = connection.connection.cursor()
    with translated(connection.engine), driver:
        driver.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {staged} (LIKE {table.name}) ON COMMIT DELETE ROWS;"
            f"DELETE FROM {staged}"  # of an earlier call in this transaction
        )
        streamed(driver, _copying(table, staged), texts)
        driver.execute(f"INSERT INTO {table.name} ({_names(table)}) SELECT {_names(table)} FROM {staged} {on_conflict}")
        return int(driver.rowcount)


@cache
def _copying(table: sa.Table, name: str) -> str:
    return f"COPY {name} ({_names(table)}) FROM STDIN"


@cache
def _inserting(table: sa.Table, on_conflict: str, rows: int, mark: str = "?") -> str:
    row = f"({', '.join([mark] * len(table.columns))})"
    return f"INSERT INTO {table.name} ({_names(table)}) VALUES {', '.join([row] * rows)} {on_conflict}"


@cache
def _names(table: sa.Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


@cache
def _keys(table: sa.Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.primary_key)


@cache
def _replacing(table: sa.Table, newer_by: tuple[str, ...]) -> str:
    changes = ", ".join(f'"{c.name}" = excluded."{c.name}"' for c in table.columns if not c.primary_key)
    offered, kept = (", ".join(f'{source}."{name}"' for name in newer_by) for source in ("excluded", table.name))
    return f"ON CONFLICT ({_keys(table)}) DO UPDATE SET {changes} WHERE ({offered}) >= ({kept})"


@cache
def _select_sqlite(table: sa.Table) -> str:
    matches = " AND ".join(
        f"t.\"{column.name}\" = json_extract(k.value, '$[{index}]')" for index, column in enumerate(table.primary_key)
    )
    return f"SELECT {_names(table)} FROM json_each(?) AS k CROSS JOIN {table.name} AS t ON {matches}"


@cache
def _select_postgresql(table: sa.Table, dialect: sa.Dialect) -> str:
    """OFFSET 0 keeps the planner from scanning the whole table: each key is looked up in the index."""
    matches = " AND ".join(
        f't."{column.name}" = (k ->> {index})::{column.type.compile(dialect)}'
        for index, column in enumerate(table.primary_key)
    )
    names = ", ".join(f'"{c.name}"::text' if isinstance(c.type, sa.JSON) else f'"{c.name}"' for c in table.columns)
    found = f"SELECT {names} FROM {table.name} AS t WHERE {matches} OFFSET 0"
    return f"SELECT found.* FROM json_array_elements(%s::json) AS k CROSS JOIN LATERAL ({found}) AS found"
