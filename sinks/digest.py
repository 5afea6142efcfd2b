"""The fingerprint of a run: what happened to every plan and where each one stands, and nothing else.

Left out are stream_seq, which says only in which order batches were written, and everything of the other tables.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from sinks.canonical import canonical
from sinks.database import reading
from sinks.tables import plan_events, plan_states

SILENT: Final = "data_gap"
"""Left out where there is none, so that whole tapes have the digests that they had before gaps were told of."""
CHUNK: Final = 5_000
"""How many rows are held at a time."""


def digest(engine: sa.Engine) -> str:
    """Return the SHA-256, as 64 hex characters, of the canonical JSON of all plan events and all plan states.

    Events come ordered by (plan_id, seq), states by plan_id, as of one instant.  Raises DatabaseError.
    """
    sha = hashlib.sha256()
    with reading(engine) as connection:
        for table, label in ((plan_events, '{"plan_events":['), (plan_states, '],"plan_states":[')):
            sha.update(label.encode())
            for piece in _pieces(connection, table):
                sha.update(piece.encode())
    sha.update(b"]}")
    return sha.hexdigest()


def _pieces(connection: sa.Connection, table: sa.Table) -> Iterator[str]:
    """The rows of a table as the inside of a JSON array, in pieces."""
    columns = [column for column in table.columns if column.name != "stream_seq"]
    query = sa.select(*map(_readable, columns)).order_by(*table.primary_key)
    comma = ""
    for rows in connection.execution_options(yield_per=CHUNK).execute(query).partitions():
        yield comma + canonical(_objects(columns, rows))[1:-1]
        comma = ","


def _readable(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """JSON as text; minus zero, which PostgreSQL keeps and SQLite does not, as zero."""
    if isinstance(column.type, sa.JSON):
        return sa.cast(column, sa.Text)
    return column + sa.literal_column("0.0") if isinstance(column.type, sa.Double) else column


def _objects(columns: list[sa.Column[Any]], rows: Sequence[sa.Row[Any]]) -> list[dict[str, Any]]:
    """Rows by name, with all JSON of a column read at once, which is much cheaper than one by one."""
    values = [
        json.loads(f"[{','.join(text or 'null' for text in texts)}]") if isinstance(column.type, sa.JSON) else texts
        for column, texts in zip(columns, zip(*rows, strict=True), strict=True)
    ]
    names = [column.name for column in columns]
    objects = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
    for each in objects:
        if each.get(SILENT, ...) is None:
            del each[SILENT]
    return objects
