"""`fancy-trader db`: keeping the database's schema."""

import typer

from flows.commands.common import Database

app = typer.Typer(help="Look after the database.", no_args_is_help=True)


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
