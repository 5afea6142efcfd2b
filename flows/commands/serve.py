"""`fancy-trader serve`: the API over a database; `fancy-trader openapi`: its contract.

The command line is the one place where flows and the API meet.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from flows.collector import importing
from flows.commands.common import Database, opened
from flows.errors import BadInputError, ExitCode, no_such_file
from flows.options import DEFAULT_DATABASE
from flows.whole_file import write_whole


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
    numbers: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A limit or a time, by its name in /metrics; repeatable."),
    ] = None,
) -> None:
    """Serve plans over HTTP and WebSocket, with a board at / and documentation at /docs, until stopped.

    Example: fancy-trader serve --db sqlite:///plans.db --port 8000
    """
    serve_until_stopped(
        database, host, port, keys, tuple(origins or ()), tuple(numbers or ()), ready=partial(_say, database)
    )


def serve_until_stopped(
    database: str,
    host: str,
    port: int,
    keys: Path | None = None,
    origins: tuple[str, ...] = (),
    numbers: tuple[str, ...] = (),
    *,
    ready: Callable[[str], None],
) -> None:
    """Serve until a signal; `ready` is told the URL.  Raises BadInputError for what cannot be served.

    DataMissingError where the file of keys is not there.
    """
    with importing():
        from api.serve import serve as serve_api
        from flows.logs import set_up

    def begin(url: str) -> None:
        set_up("serve")
        ready(url)

    if keys is not None and not keys.exists():
        raise no_such_file(keys)
    try:
        serve_api(database, host, port, keys, origins, numbers, ready=begin)
    except ValueError as error:
        raise BadInputError(str(error)) from None


def openapi(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Where to; stdout when left out.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: say what differs from FILE, and leave with 4 if it does.")
    ] = False,
) -> None:
    """Write the OpenAPI document of the API, or hold it against an older one, naming what breaks its users.

    Example: fancy-trader openapi api/openapi.json --check
    """
    from api.serve import openapi_differences, openapi_text

    if not check:
        text = openapi_text()
        if file is None:
            typer.echo(text, nl=False)
        else:
            write_whole(file, text)
        return
    if file is None:
        msg = "--check needs a FILE"
        raise BadInputError(msg)
    try:
        found = openapi_differences(file.read_text())
    except FileNotFoundError:
        raise no_such_file(file) from None
    except (OSError, ValueError) as error:
        msg = f"{file}: {error.strerror if isinstance(error, OSError) else error}"
        raise BadInputError(msg) from None
    for line in found:
        typer.echo(line)
    if found:
        raise typer.Exit(ExitCode.DIVERGENCE)


def _say(database: str, url: str) -> None:
    from flows.logs import log_line

    trouble = _trouble(database)
    if sys.stderr.isatty():
        typer.echo(f"serving {url} (a board of the plans; documentation at {url}/docs); stop with Ctrl-C", err=True)
        if trouble is not None:
            typer.echo(f"so far every answer is a 503: {trouble}", err=True)
        return
    log_line("serving", url=url, documentation=f"{url}/docs")
    if trouble is not None:
        log_line("no_answers", reason=trouble)


def _trouble(database: str) -> str | None:
    """What keeps a database from being read.  It is served all the same: a run may be about to make it."""
    from sinks.errors import DatabaseError

    try:
        with opened(database):
            return None
    except DatabaseError as error:
        return str(error)
