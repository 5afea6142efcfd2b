"""A backtest as a person runs it: a replay with the scanner on, then the report of what its plans were worth."""

import sys
from pathlib import Path

import typer

from flows.backtest_report import print_backtest, save_chart
from flows.errors import BadInputError
from flows.meter import Meter
from flows.options import ReplayOptions
from flows.replay import prepare, run
from flows.run_replay import InterruptedReplayError, leave_if_diverged, progress_of
from flows.signals import signals_set
from operators.backtest.report import backtest_report
from operators.scan.detectors.catalog import DETECTORS
from sinks.database import open_database, reading
from sinks.outcomes import outcomes


def run_backtest(options: ReplayOptions, strategy: str | None, chart: Path, *, as_json: bool, quiet: bool) -> None:
    """Replay, report and save the chart.  Raises BadInputError for a strategy that no detector has.

    Leaves with 4 when the database held other content, which then is what was reported.
    """
    known = sorted(detector.strategy for detector in DETECTORS)
    if strategy is not None and strategy not in known:
        msg = f"--strategy: got {strategy!r}; must be one of {', '.join(known)}"
        raise BadInputError(msg)
    prepared, meter = prepare(options), Meter()
    for note in prepared.notes:
        typer.echo(f"fancy-trader: {note}", err=True)
    with signals_set(meter.stop), progress_of(meter, shown=sys.stderr.isatty() and not quiet):
        run(prepared, meter)
    if meter.stopped_early:
        msg = "stopped before the end; there is no report of half a tape"
        raise InterruptedReplayError(msg)
    engine = open_database(options.database)
    try:
        with reading(engine) as connection:
            report = backtest_report(outcomes(connection, strategy, meter.sessions))
    finally:
        engine.dispose()
    print_backtest(report, as_json=as_json)
    names = ", ".join(path.name for path in options.paths)
    save_chart(report, chart, f"Backtest of {strategy or 'all strategies'}", names)
    typer.echo(f"fancy-trader: chart saved as {chart}", err=True)
    leave_if_diverged(meter)
