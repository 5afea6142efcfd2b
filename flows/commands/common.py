"""What several commands share: reading instants from the command line, opening a database, showing a table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from flows.errors import BadInputError
from operators.risk import MOST_RISK_BUDGET
from operators.times import parse_instant

if TYPE_CHECKING:
    import sqlalchemy as sa

DATABASE_HELP: Final = "Database URL, SQLite or PostgreSQL."
Database = Annotated[str, typer.Option("--db", metavar="URL", help=DATABASE_HELP)]
Serve = Annotated[bool, typer.Option("--serve", help="Serve the database over HTTP meanwhile, on this machine.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port to serve on; 0 takes any that is free.")]
Risk = Annotated[
    float, typer.Option(min=0, max=MOST_RISK_BUDGET, help="Dollars at risk per plan that the scanner finds.")
]
DEFAULT_PORT: Final = 8000
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def instant(option: str, text: str | None) -> int | None:
    """Read an option's instant as ns UTC.  Raises BadInputError naming the option."""
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError as error:
        msg = f"{option}: {error}"
        raise BadInputError(msg) from None


@contextmanager
def opened(url: str) -> Iterator["sa.Engine"]:
    """Open an existing database for reading; close it in the end."""
    from sinks.database import open_database
    from sinks.schema import ensure_schema

    engine = open_database(url, read_only=True)
    try:
        ensure_schema(engine, create=False)
        yield engine
    finally:
        engine.dispose()


@contextmanager
def writable(url: str) -> Iterator["sa.Engine"]:
    """Open a database for writing, making it if need be; close it in the end."""
    from sinks.database import open_database
    from sinks.schema import ensure_schema

    engine = open_database(url)
    try:
        ensure_schema(engine)
        yield engine
    finally:
        engine.dispose()
