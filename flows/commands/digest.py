"""`fancy-trader digest`: one number for everything that happened."""

import typer

from flows.commands.common import Database, opened


def digest(database: Database) -> None:
    """Print the SHA-256 of all plan events and final states: equal digests, equal answers.

    Example: fancy-trader digest --db sqlite:///plans.db
    """
    from sinks.digest import digest as digest_of

    with opened(database) as engine:
        typer.echo(digest_of(engine))
