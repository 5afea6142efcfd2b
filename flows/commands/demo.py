"""`fancy-trader demo`: a simulated day, its plans, and what became of them, served in the end."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.collector import importing
from flows.commands.common import DEFAULT_PORT, AsJson
from flows.commands.serve import serve_until_stopped
from flows.errors import BadInputError


def demo(
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same day, same digest.")] = 1,
    folder: Annotated[Path, typer.Option(metavar="DIR", help="Where the day and its database go.")] = Path("demo"),
    serve: Annotated[
        bool | None, typer.Option("--serve/--no-serve", help="Serve the result until Ctrl-C; on a terminal by itself.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to serve on; without, 8000 or any that is free.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a simulated trading day with plans and market events, replay it, show the result, and serve it.

    Example: fancy-trader demo --seed 7
    """
    with importing():
        from flows.demo import run_demo

    database = run_demo(folder, seed, as_json=as_json)
    if (sys.stdout.isatty() and not as_json) if serve is None else serve:
        _serve(database, port)


def _serve(database: str, port: int | None) -> None:
    def ready(url: str) -> None:
        pages = ("/", "/docs", "/api/v1/plans", "/api/v1/plans/sim1-swing-waiting/explain", "/sse/plans")
        lines = "\n".join(f"  {url}{page}" for page in pages)
        typer.echo(f"\nServing this day; stop with Ctrl-C:\n{lines}", err=True)

    try:
        serve_until_stopped(database, "127.0.0.1", DEFAULT_PORT if port is None else port, ready=ready)
    except BadInputError:
        if port is not None:
            raise
        serve_until_stopped(database, "127.0.0.1", 0, ready=ready)
