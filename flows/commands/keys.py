"""`fancy-trader keys`: who may use the API.  Secrets are printed once, and stored nowhere."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from flows.commands.common import AsJson, Database, opened, writable
from flows.errors import BadInputError

if TYPE_CHECKING:
    import sqlalchemy as sa

app = typer.Typer(
    help="Make, revoke and list the keys of the API.\n\nExample: fancy-trader keys create desk --scope write --db sqlite:///plans.db",
    no_args_is_help=True,
)
Told = TypeVar("Told")


@app.callback()
def group() -> None:
    """Make, revoke and list the keys of the API."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key: a program, a person.")],
    database: Database,
    scope: Annotated[str, typer.Option(help="read, or write, which includes read.")] = "read",
) -> None:
    """Make a key and print its secret, which is not kept.  A name may have two keys, so that one can replace the other.

    Example: fancy-trader keys create desk --scope write --db sqlite:///plans.db
    """
    from sinks.keys import create_key

    key, secret = _in_one(database, lambda connection: create_key(connection, name, scope, time.time_ns()))
    typer.echo(f"key {key.id} of {key.name} ({key.scope}); its secret is shown this once:", err=True)
    typer.echo(secret)


@app.command()
def revoke(
    number: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as listed.")], database: Database
) -> None:
    """End a key; a running server refuses it within a second.

    Example: fancy-trader keys revoke 0f3a9c2b7d10 --db sqlite:///plans.db
    """
    from sinks.keys import revoke_key

    key = _in_one(database, lambda connection: revoke_key(connection, number, time.time_ns()))
    typer.echo(f"key {key.id} of {key.name} is revoked")


@app.command("list")
def list_keys(database: Database, as_json: AsJson = False) -> None:
    """List keys, revoked ones too, without their secrets.

    Example: fancy-trader keys list --db sqlite:///plans.db
    """
    from flows.report import print_json
    from operators.times import iso
    from sinks.keys import stored_keys

    with opened(database) as engine, engine.connect() as connection:
        keys = stored_keys(connection)
    shown = [
        {
            "id": key.id,
            "name": key.name,
            "scope": key.scope,
            "created": iso(key.created_ns),
            "revoked": None if key.revoked_ns is None else iso(key.revoked_ns),
        }
        for key in keys
    ]
    if as_json:
        print_json(shown)
        return
    for each in shown:
        ended = f"revoked {each['revoked']}" if each["revoked"] else "active"
        typer.echo(f"{each['id']}  {each['name']}  {each['scope']}  made {each['created']}  {ended}")


def _in_one(database: str, act: Callable[["sa.Connection"], Told]) -> Told:
    """Do something in a transaction of its own."""
    from sinks.keys import KeyProblemError

    with writable(database) as engine, engine.begin() as connection:
        try:
            return act(connection)
        except KeyProblemError as error:
            raise BadInputError(str(error)) from None
