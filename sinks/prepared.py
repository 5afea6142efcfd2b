"""Queries that are asked for often: written once for an engine, then run by the driver itself.

SQLAlchemy spends longer on the way from a query to its rows than SQLite needs to find them.  Rule: the rows are those
that `Connection.execute` would give, and so are the errors.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from sinks.database import translated

Row = tuple[Any, ...]
_Reads = tuple[tuple[int, Callable[[Any], Any]], ...]
LENGTHS: Final = 512
"""Texts that one query keeps at most: one for each length of its lists."""


class Prepared:
    """A query of columns, whose parameters are named and go to the driver as they are; lists are for `IN`."""

    def __init__(self, query: sa.Select[Any]) -> None:
        self._query = query
        self._written: dict[tuple[str, tuple[int, ...]], _Written] = {}
        self._reads: dict[str, _Reads] = {}

    def rows(self, connection: sa.Connection, given: Mapping[str, Any]) -> list[Row]:
        """All rows, in the connection's transaction, which begins if it has not.  Raises DatabaseError."""
        if not connection.in_transaction():
            connection.begin()
        written = self._for(connection.dialect, given)
        driver: Any = connection.connection.driver_connection
        with translated(connection.engine), _given_up_if_lost(connection):
            cursor = driver.execute(written.text, written.bound(given))
            rows: list[Row] = cursor.fetchall()
        for at, read in self._reading(connection.dialect, cursor.description):
            rows = [row if row[at] is None else (*row[:at], read(row[at]), *row[at + 1 :]) for row in rows]
        return rows

    def _reading(self, dialect: sa.Dialect, described: Sequence[Sequence[Any]]) -> _Reads:
        """The columns whose values need reading, with how: the driver's types say so, too."""
        reads = self._reads.get(dialect.name)
        if reads is None:
            columns = enumerate(zip(self._query.selected_columns, described, strict=True))
            found = (
                (at, column.type.dialect_impl(dialect).result_processor(dialect, told[1]))
                for at, (column, told) in columns
            )
            reads = self._reads[dialect.name] = tuple((at, read) for at, read in found if read is not None)
        return reads

    def _for(self, dialect: sa.Dialect, given: Mapping[str, Any]) -> "_Written":
        lengths = tuple(len(value) for value in given.values() if type(value) is list)
        written = self._written.get((dialect.name, lengths))
        if written is None:
            if len(self._written) >= LENGTHS:
                self._written.clear()
            written = self._written[dialect.name, lengths] = _write(self._query, dialect, given)
        return written


@contextmanager
def _given_up_if_lost(connection: sa.Connection) -> Iterator[None]:
    """Let nobody get a connection again that has no other end."""
    dbapi: Any = connection.dialect.dbapi
    try:
        yield
    except dbapi.Error as error:
        if connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, None):
            connection.invalidate(error)
        raise


@dataclass(frozen=True, slots=True)
class _Written:
    """A query's text.  `names`: of its parameters where they go by place; `lists`: the names that each list's have.

    `constants`: the query's own values.
    """

    text: str
    names: tuple[str, ...] | None
    lists: tuple[tuple[str, tuple[str, ...]], ...]
    constants: Mapping[str, Any]

    def bound(self, given: Mapping[str, Any]) -> Any:
        """The parameters as the driver takes them."""
        values = {**self.constants, **given}
        for name, parts in self.lists:
            values.update(zip(parts, values.pop(name), strict=True))
        return values if self.names is None else [values[name] for name in self.names]


def _write(query: sa.Select[Any], dialect: sa.Dialect, given: Mapping[str, Any]) -> _Written:
    expanded = query.compile(dialect=dialect).construct_expanded_state(dict(given))
    lists = {name: tuple(parts) for name, parts in expanded.parameter_expansion.items() if name in given}
    parts = {part for names in lists.values() for part in names}
    return _Written(
        text=expanded.statement,
        names=None if expanded.positiontup is None else tuple(expanded.positiontup),
        lists=tuple(lists.items()),
        constants={name: value for name, value in expanded.parameters.items() if name not in {*given, *parts}},
    )
