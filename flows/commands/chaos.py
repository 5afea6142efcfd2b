"""`fancy-trader chaos`: runs that are killed again and again, against one that was left alone."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.errors import BadInputError


def chaos(
    ticks: Annotated[int, typer.Option(min=1_000, help="Prints on the simulated tape.")] = 1_000_000,
    kills: Annotated[int, typer.Option(min=0, help="Deaths per case, by SIGKILL and SIGTERM.")] = 100,
    workers: Annotated[
        list[int] | None, typer.Option(min=1, max=64, help="Processes; give it several times for several cases.")
    ] = None,
    postgres: Annotated[
        str | None, typer.Option(metavar="URL", help="A server where databases may be made; without, SQLite alone.")
    ] = None,
    sqlite: Annotated[bool, typer.Option("--sqlite/--no-sqlite", help="SQLite as well.")] = True,
    symbols: Annotated[int, typer.Option(min=1, help="Symbols on the tape.")] = 50,
    plans: Annotated[int, typer.Option(min=1, help="Plans.")] = 1_000,
    seed: Annotated[int | None, typer.Option(help="Of everything; drawn and said if not given.")] = None,
    batch_size: Annotated[
        int, typer.Option(min=0, help="Prints per frame; 0: as they come, cut ahead (for long tapes).")
    ] = 1_000,
    snapshot_seconds: Annotated[float, typer.Option(min=0.01, max=60, help="How often state is kept.")] = 0.1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the report.")] = False,
) -> None:
    """Kill replays while they read, commit, keep state and resume; hold their bytes against an undisturbed run's.

    Example: fancy-trader chaos --kills 100 --workers 1 --workers 2
    """
    from random import SystemRandom
    from tempfile import TemporaryDirectory

    from flows.chaos.proof import Torment, prove

    if not sqlite and postgres is None:
        msg = "--no-sqlite: there is no --postgres, so nothing would be left to kill"
        raise BadInputError(msg)
    drawn = SystemRandom().randrange(1 << 32) if seed is None else seed
    cases = tuple(workers or (1, 2))
    rows = batch_size or None
    asked = Torment(ticks, symbols, plans, drawn, kills, cases, postgres, rows, snapshot_seconds, sqlite)

    def told(line: str) -> None:
        if not quiet:
            typer.echo(line, err=True)

    with TemporaryDirectory(prefix="fancy-trader-chaos-") as folder:
        typer.echo(json.dumps(prove(asked, Path(folder), told), indent=1))
