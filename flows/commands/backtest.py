"""`fancy-trader backtest`: recorded days with the scanner on, and what its plans were worth."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from flows.collector import importing
from flows.commands.common import AsJson, Risk, instant
from flows.options import ReplayOptions
from operators.risk import DEFAULT_RISK_BUDGET


def backtest(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE_OR_DIR...", help="Trades: CSV, CSV.gz or Parquet.")],
    bars: Annotated[Path | None, typer.Option(metavar="DIR", help="Earlier minute and day aggregates.")] = None,
    splits: Annotated[Path | None, typer.Option(metavar="FILE", help="Splits, CSV: symbol,ex_date,from,to.")] = None,
    option_quotes: Annotated[
        Path | None, typer.Option("--options", metavar="DIR", help="Option quotes: expected moves from straddles.")
    ] = None,
    universe: Annotated[Path | None, typer.Option(metavar="FILE", help="Symbols to scan, one per line.")] = None,
    events: Annotated[Path | None, typer.Option(metavar="FILE", help="Market events, CSV.")] = None,
    strategy: Annotated[str | None, typer.Option(metavar="NAME", help="Report this strategy only.")] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="T", help="First instant replayed.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="T", help="Last instant: time has then reached T.")] = None,
    risk: Risk = DEFAULT_RISK_BUDGET,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; each reads its own symbols.")] = 1,
    database: Annotated[
        str | None, typer.Option("--db", metavar="URL", help="Keep plans and events there; else nothing is kept.")
    ] = None,
    chart: Annotated[Path, typer.Option(metavar="FILE", help="Equity in R and reliability, HTML.")] = Path(
        "backtest.html"
    ),
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Replay recorded trades with the scanner on and report per strategy what its plans were worth.

    Example: fancy-trader backtest 2013-10-07.csv.gz 2013-10-08.csv.gz --bars aggregates --chart backtest.html
    """
    from flows.crew import make_ready

    make_ready(workers)
    with importing():
        from flows.run_backtest import run_backtest

    with TemporaryDirectory(prefix="fancy-trader-backtest-") as folder:
        options = ReplayOptions(
            paths=tuple(paths),
            plans=None,
            database=database or f"sqlite:///{folder}/backtest.db",
            events=events,
            from_ns=instant("--from", start),
            to_ns=instant("--to", end),
            workers=workers,
            scan=True,
            universe=universe,
            bars=bars,
            splits=splits,
            option_quotes=option_quotes,
            risk_budget=risk,
        )
        run_backtest(options, strategy, chart, as_json=as_json, quiet=quiet)
