"""A replay as a person runs it: progress while it goes, Ctrl-C that stops it cleanly, and the result."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flows.errors import CommandError, ExitCode
from flows.meter import Meter
from flows.options import ReplayOptions
from flows.repeating import repeating
from flows.replay import Prepared, prepare, run
from flows.report import facts, print_run, read_report
from flows.serving import served
from flows.signals import signals_set
from operators.sessions import new_york
from sinks.database import open_database

REFRESH_SECONDS: Final = 0.1


class InterruptedReplayError(CommandError):
    """The replay was stopped from outside; what was written is whole up to there."""


def run_replay(options: ReplayOptions, *, as_json: bool, quiet: bool, serve_port: int | None = None) -> None:
    """Replay, served on a port if one is given; print the result.

    Leaves with 4 when the database held other content, 1 when it was stopped.
    """
    prepared = prepare(options)
    for note in (*map(str, prepared.problems), *prepared.notes):
        typer.echo(f"fancy-trader: {note}", err=True)
    with served(options.database, serve_port):
        replay_and_show(prepared, as_json=as_json, quiet=quiet)


def replay_and_show(prepared: Prepared, *, as_json: bool, quiet: bool) -> None:
    """Run a prepared replay and print its result."""
    meter = Meter()
    started = time.perf_counter()
    with signals_set(meter.stop), progress_of(meter, shown=sys.stderr.isatty() and not quiet):
        run(prepared, meter)
    for note in meter.notes:
        typer.echo(f"fancy-trader: {note}", err=True)
    _show(prepared.options.database, meter, time.perf_counter() - started, as_json=as_json)
    leave_if_diverged(meter)
    if meter.stopped_early:
        at = f"{new_york(meter.tape_ns):%Y-%m-%d %H:%M:%S} ET" if meter.tape_ns else "the start"
        msg = f"stopped at {at}, {meter.rows:,} prints read; run the same command again to finish"
        raise InterruptedReplayError(msg)


def leave_if_diverged(meter: Meter) -> None:
    """Say that the database holds another answer, if it does, and leave with the code for that."""
    if meter.divergences:
        typer.echo(f"fancy-trader: diverged: {meter.first_divergence}", err=True)
        raise typer.Exit(ExitCode.DIVERGENCE)


def _show(database: str, meter: Meter, seconds: float, *, as_json: bool) -> None:
    engine = open_database(database)
    try:
        with engine.connect() as connection:
            report = read_report(connection)
    finally:
        engine.dispose()
    print_run(report, facts(meter, seconds), as_json=as_json)


@contextmanager
def progress_of(meter: Meter, *, shown: bool) -> Iterator[None]:
    """Show prints, rate and tape time on stderr while a replay runs."""
    if not shown:
        yield
        return
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("checking")
        started = time.perf_counter()

        def refresh() -> None:
            rate = meter.rows / (time.perf_counter() - started)
            at = f"{new_york(meter.tape_ns):%m-%d %H:%M:%S} ET" if meter.tape_ns else ""
            waiting = f"  waiting: {meter.waiting}" if meter.waiting else ""
            progress.update(task, description=f"{meter.rows:,} prints  {rate / 1e6:.2f} M/s  {at}{waiting}")

        with repeating(refresh, REFRESH_SECONDS, "progress"):
            yield
