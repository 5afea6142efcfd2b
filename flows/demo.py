"""The demo: a simulated day from a seed, replayed like any recorded one.  Not one price in it is real."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import typer

from flows.errors import CommandError
from flows.options import ReplayOptions
from flows.replay import prepare
from flows.run_replay import replay_and_show
from flows.simulation.demo_day import DEMO_CANCELS, write_demo

DATABASE: Final = "demo.db"


def run_demo(folder: Path, seed: int, *, as_json: bool) -> str:
    """Write the day into `folder`, replay it into a new database there, and show what to try next; return its URL."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"{DATABASE}*"):
            old.unlink()
        files = write_demo(folder, seed)
    except OSError as error:
        msg = f"{folder}: cannot be written ({error.strerror})"
        raise CommandError(msg) from None
    database = f"sqlite:///{folder / DATABASE}"
    options = ReplayOptions(paths=(files.tape,), plans=files.plans, events=files.events, database=database, scan=True)
    prepared = prepare(options)
    prepared = replace(prepared, replay=replace(prepared.replay, cancels=DEMO_CANCELS))
    if not as_json:
        typer.echo(f"A SIMULATED trading day (seed {seed}); its symbols and prices do not exist.\n")
    replay_and_show(prepared, as_json=as_json, quiet=as_json)
    if not as_json:
        typer.echo(_next_steps(files.tape, files.plans, files.events, database))
    return database


def _next_steps(tape: Path, plans: Path, events: Path, database: str) -> str:
    return "\n".join(
        (
            "",
            "Try next:",
            f"  fancy-trader explain sim1-swing-waiting --db {database}",
            f"  fancy-trader digest --db {database}",
            f"  fancy-trader replay {tape} --plans {plans} --events {events} --db sqlite:///again.db \\",
            "      --to 2026-06-17T17:00:00Z",
            f"  fancy-trader backtest {tape} --chart backtest.html",
        )
    )
