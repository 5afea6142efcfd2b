"""The record of each stream: the last position it gave, its divergences, its inputs, whether it came to its end.

A stream is one run of the dataflow over one tape.  Positions (stream_seq) count the events of the whole database
from 1 without gaps, in commit order, so that a reader may ask for what came after the last one it saw.
"""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from sinks.bulk import lock_writers
from sinks.tables import streams

_NOTE: Final = sa.text("""
    INSERT INTO streams (name, last_stream_seq, divergences, inputs, complete)
    VALUES (:name, :last, :divergences, '{}', false)
    ON CONFLICT (name) DO UPDATE SET
        last_stream_seq = excluded.last_stream_seq,
        divergences = streams.divergences + excluded.divergences
    WHERE excluded.last_stream_seq > streams.last_stream_seq OR excluded.divergences > 0
""")
_LAST: Final = sa.select(sa.func.max(streams.c.last_stream_seq))


def last_stream_seq(connection: sa.Connection) -> int:
    """The position given last in this database; 0 before the first.  Stays true only under the writers' lock."""
    return connection.scalar(_LAST) or 0


def note(connection: sa.Connection, stream: str, last: int, divergences: int) -> None:
    """Record that a stream has written up to position `last` and met so many more divergences."""
    connection.execute(_NOTE, {"name": stream, "last": last, "divergences": divergences})


def set_inputs(engine: sa.Engine, stream: str, inputs: Mapping[str, Any]) -> None:
    """Record what a stream reads, as JSON; from now on it counts as incomplete."""
    _update(engine, stream, inputs=dict(inputs), complete=False)


def set_complete(engine: sa.Engine, stream: str) -> None:
    """Record that a stream has read its inputs to their end."""
    _update(engine, stream, complete=True)


def _update(engine: sa.Engine, stream: str, **values: Any) -> None:
    with engine.begin() as connection:
        lock_writers(connection)
        note(connection, stream, last_stream_seq(connection), 0)
        connection.execute(streams.update().where(streams.c.name == stream).values(values))
