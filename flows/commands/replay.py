"""`fancy-trader replay`: a recorded day through the dataflow."""

from pathlib import Path
from typing import Annotated

import typer

from flows.collector import importing
from flows.commands.common import DEFAULT_PORT, AsJson, Port, Risk, Serve, instant
from flows.errors import BadInputError
from flows.options import DEFAULT_DATABASE, SNAPSHOT_SECONDS, ReplayOptions
from operators.gating import EVERY_KIND, GateMargins, GateSettings
from operators.risk import DEFAULT_RISK_BUDGET
from operators.tickers import is_ticker


def replay(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE_OR_DIR...", help="Trades: CSV, CSV.gz, Parquet, a tape, or kafka://broker/topic."),
    ],
    plans: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Plans: a JSON array, or one per line; without, only a scan.")
    ] = None,
    events: Annotated[Path | None, typer.Option(metavar="FILE", help="Market events, CSV.")] = None,
    database: Annotated[str, typer.Option("--db", metavar="URL", help="SQLite or PostgreSQL.")] = DEFAULT_DATABASE,
    start: Annotated[str | None, typer.Option("--from", metavar="T", help="First instant replayed.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="T", help="Last instant: time has then reached T.")] = None,
    symbols: Annotated[str | None, typer.Option(metavar="A,B", help="Only these symbols.")] = None,
    speed: Annotated[str, typer.Option(help="max, or a multiple of the market's own speed.")] = "max",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; each reads its own symbols.")] = 1,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Prints per frame (the answer never changes).")] = None,
    gate_window: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND=BEFORE:AFTER", help="Minutes around events of a kind (* for all)."),
    ] = None,
    odd_lots: Annotated[bool, typer.Option(help="Odd lots set the last price, unless a plan says no.")] = False,
    extended_hours: Annotated[
        bool, typer.Option(help="Form T prints do, in pre and post, unless a plan says no.")
    ] = False,
    late_seconds: Annotated[
        float, typer.Option(min=0, max=86_400, help="Older prints are late and set no price.")
    ] = 1.0,
    scan: Annotated[bool, typer.Option("--scan/--no-scan", help="Build bars and let the scanner find plans.")] = True,
    universe: Annotated[Path | None, typer.Option(metavar="FILE", help="Symbols to scan, one per line.")] = None,
    bars: Annotated[Path | None, typer.Option(metavar="DIR", help="Earlier minute and day aggregates.")] = None,
    splits: Annotated[Path | None, typer.Option(metavar="FILE", help="Splits, CSV: symbol,ex_date,from,to.")] = None,
    option_quotes: Annotated[
        Path | None, typer.Option("--options", metavar="DIR", help="Option quotes: expected moves from straddles.")
    ] = None,
    risk: Risk = DEFAULT_RISK_BUDGET,
    recovery: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep state there, and go on from what is kept.")
    ] = None,
    snapshot_seconds: Annotated[
        float, typer.Option(min=0.05, max=60, help="With --recovery: how often state is kept.")
    ] = SNAPSHOT_SECONDS,
    strict: Annotated[bool, typer.Option(help="Refuse the run when one plan is bad.")] = False,
    serve: Serve = False,
    port: Port = DEFAULT_PORT,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Replay recorded trades through the dataflow and show what became of the plans.

    Example: fancy-trader replay 2013-10-08.csv.gz --plans plans.json --events events.csv --db sqlite:///plans.db
    """
    from flows.crew import make_ready
    from flows.kafka.topic import topic_of
    from flows.tape.segments.segment import is_tape

    options = ReplayOptions(
        paths=tuple(paths),
        plans=plans,
        database=database,
        events=events,
        from_ns=instant("--from", start),
        to_ns=instant("--to", end),
        symbols=read_symbols(symbols),
        speed=_speed(speed),
        workers=workers,
        batch_rows=batch_size,
        strict=strict,
        odd_lots=odd_lots,
        extended_hours=extended_hours,
        late_ns=round(late_seconds * 1e9),
        gates=_gates(gate_window or []),
        scan=scan,
        universe=universe,
        bars=bars,
        splits=splits,
        option_quotes=option_quotes,
        risk_budget=risk,
        recovery=recovery,
        snapshot_s=snapshot_seconds,
    )
    if recovery is not None and options.speed is not None:
        msg = "--recovery: keeps no state of a paced replay; leave out --speed"
        raise BadInputError(msg)
    if plans is None and not scan and not any(is_tape(path) or topic_of(path) for path in paths):
        msg = "nothing to watch: give --plans, or leave out --no-scan"
        raise BadInputError(msg)
    make_ready(workers)
    with importing():
        from flows.run_replay import run_replay
    run_replay(options, as_json=as_json, quiet=quiet, serve_port=port if serve else None)


def read_symbols(text: str | None) -> frozenset[str] | None:
    """Read tickers joined by commas; None: none were given.  Raises BadInputError."""
    if text is None:
        return None
    names = frozenset(filter(None, (name.strip() for name in text.split(","))))
    wrong = min((name for name in names if not is_ticker(name)), default=None if names else text)
    if wrong is not None:
        msg = f"--symbols: got {wrong[:40]!r}; must be tickers joined by commas, or be left out for all symbols"
        raise BadInputError(msg)
    return names


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        msg = f"--speed: got {text!r}; must be max, or a number above 0"
        raise BadInputError(msg)
    return speed


def _gates(texts: list[str]) -> GateSettings:
    by_kind = {}
    for text in texts:
        kind, _, minutes = text.partition("=")
        before, _, after = minutes.partition(":")
        try:
            if not kind:
                raise ValueError(text)
            by_kind[kind] = GateMargins(float(before), float(after))
        except ValueError:
            msg = f"--gate-window: got {text!r}; must be KIND=BEFORE:AFTER in minutes, for example fomc=120:30"
            raise BadInputError(msg) from None
    default = by_kind.pop(EVERY_KIND, GateMargins())
    return GateSettings(default, by_kind)
