"""`fancy-trader universe`: the symbols that a running session scans."""

from typing import Annotated

import typer

from flows.commands.common import Database, writable

app = typer.Typer(
    help="Add symbols to those that a live session scans.\n\nExample: fancy-trader universe add NVDA BRK.B --db sqlite:///plans.db",
    no_args_is_help=True,
)


@app.callback()
def group() -> None:
    """Add symbols to those that a live session scans."""


@app.command()
def add(symbols: Annotated[list[str], typer.Argument(metavar="SYMBOL...")], database: Database) -> None:
    """Ask a live session on this database to follow more symbols, from when that reaches its tape.

    They are scanned from the next session on that is heard whole.

    Example: fancy-trader universe add NVDA BRK.B --db sqlite:///plans.db
    """
    from flows.asking import ask_to_watch

    with writable(database) as engine:
        ids = ask_to_watch(engine, symbols)
    typer.echo(f"asked to watch {', '.join(dict.fromkeys(symbols))} (commands {ids[0]} to {ids[-1]})")
