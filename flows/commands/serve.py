"""`fancy-trader serve`: the API over a database.  The command line is the one place where flows and the API meet."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.common import Database
from flows.errors import BadInputError
from flows.options import DEFAULT_DATABASE


def serve(
    database: Database = DEFAULT_DATABASE,
    host: Annotated[str, typer.Option(help="Address; other than loopback needs a key.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes any that is free.")] = 8000,
    keys: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Further keys: a JSON array of {name, sha256, scope}; see also keys create."),
    ] = None,
    origins: Annotated[
        list[str] | None, typer.Option("--origin", metavar="URL", help="Whose web pages may use it, too; repeatable.")
    ] = None,
) -> None:
    """Serve plans over HTTP and WebSocket, with documentation at /docs, until stopped.

    Example: fancy-trader serve --db sqlite:///plans.db --port 8000
    """
    from api.serve import serve as serve_api

    typer.echo(f"serving http://{host}:{port} (documentation at /docs); stop with Ctrl-C", err=True)
    try:
        serve_api(database, host, port, keys, tuple(origins or ()))
    except ValueError as error:
        raise BadInputError(str(error)) from None
