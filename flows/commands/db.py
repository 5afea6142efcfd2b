"""`fancy-trader db`: keeping the database's schema, copying it, and putting a copy back."""

import time
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.common import Database

app = typer.Typer(
    help="Look after the database.\n\nExample: fancy-trader db upgrade --db sqlite:///plans.db", no_args_is_help=True
)


@app.callback()
def group() -> None:
    """Look after the database."""


@app.command()
def upgrade(database: Database) -> None:
    """Bring a database's schema up to date, from empty or from any earlier version.

    Example: fancy-trader db upgrade --db sqlite:///plans.db
    """
    from sinks.database import open_database
    from sinks.schema import upgrade as upgrade_schema

    engine = open_database(database)
    try:
        upgrade_schema(engine)
    finally:
        engine.dispose()
    typer.echo("schema is up to date")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy; a file that is there is not replaced.")],
    database: Database,
) -> None:
    """Copy a SQLite database, as of one instant, while others read and write it.  PostgreSQL has pg_dump.

    Example: fancy-trader db backup copy.db --db sqlite:///plans.db
    """
    from sinks.backup import back_up

    copied = back_up(database, file)
    typer.echo(f"{file}: {copied.bytes:,} bytes, {copied.last_stream_seq:,} events")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `db backup` made.")],
    database: Database,
    force: Annotated[bool, typer.Option("--force", help="Give up what the database holds.")] = False,
) -> None:
    """Put a copy in the database's place, with no other program running; live and replay then catch up from the tape.

    Example: fancy-trader db restore copy.db --db sqlite:///plans.db --force
    """
    from sinks.backup import restore as put_back
    from sinks.schema import HEAD

    copied = put_back(file, database, time.time_ns(), overwrite=force)
    typer.echo(f"{copied.last_stream_seq:,} events are back")
    if copied.revision != HEAD:
        typer.echo(f"its tables are of revision {copied.revision}: run `fancy-trader db upgrade`")
