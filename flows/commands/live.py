"""`fancy-trader live`: the market as it happens."""

from pathlib import Path
from typing import Annotated

import typer

from flows.collector import importing
from flows.commands.common import DEFAULT_PORT, Port, Risk, Serve
from flows.errors import BadInputError
from flows.feed.address import VENDOR_URL
from flows.options import DEFAULT_DATABASE, ReplayOptions
from operators.risk import DEFAULT_RISK_BUDGET


def live(
    tape: Annotated[
        Path,
        typer.Option(metavar="DIR|KAFKA", help="Folder of the tape, or kafka://broker/topic; goes on where it ends."),
    ] = Path("tape"),
    spool: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of a topic's own tape; without, the topic's name.")
    ] = None,
    database: Annotated[
        str | None, typer.Option("--db", metavar="URL", help=f"SQLite or PostgreSQL; without, {DEFAULT_DATABASE}.")
    ] = None,
    symbols: Annotated[str | None, typer.Option(metavar="A,B", help="Follow these symbols; without, all.")] = None,
    universe: Annotated[Path | None, typer.Option(metavar="FILE", help="The same, one symbol per line.")] = None,
    plans: Annotated[Path | None, typer.Option(metavar="FILE", help="Plans to register at the start.")] = None,
    events: Annotated[Path | None, typer.Option(metavar="FILE", help="Market events, CSV.")] = None,
    scan: Annotated[bool, typer.Option("--scan/--no-scan", help="Build bars and let the scanner find plans.")] = True,
    bars: Annotated[Path | None, typer.Option(metavar="DIR", help="Earlier minute and day aggregates.")] = None,
    feed_url: Annotated[
        str, typer.Option(metavar="URL", help="Another feed, such as the practice market's.")
    ] = VENDOR_URL,
    rest_url: Annotated[str | None, typer.Option(metavar="URL", help="Another REST side.")] = None,
    repair: Annotated[bool, typer.Option("--repair/--no-repair", help="Fetch what a gap missed.")] = True,
    fsync: Annotated[str, typer.Option(help="When the tape is made durable: batch, interval or never.")] = "batch",
    risk: Risk = DEFAULT_RISK_BUDGET,
    record_only: Annotated[
        bool, typer.Option("--record-only", help="Write the tape and nothing else: no plans, no database.")
    ] = False,
    feed: Annotated[bool, typer.Option("--feed/--no-feed", help="Whether this process writes the tape.")] = True,
    flow: Annotated[bool, typer.Option("--flow/--no-flow", help="Whether it watches the plans.")] = True,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes of the flow, each with its own symbols.")] = 1,
    recovery: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where state is kept; without, in TAPE-recovery.")
    ] = None,
    snapshot_seconds: Annotated[float, typer.Option(min=0.05, max=60, help="How often state is kept.")] = 0.5,
    serve: Serve = False,
    port: Port = DEFAULT_PORT,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No status line.")] = False,
) -> None:
    """Follow the vendor's feed onto a tape and the tape through the dataflow, until Ctrl-C; key from MASSIVE_API_KEY.

    Example: fancy-trader live --symbols SPY,AAPL --plans plans.json --db sqlite:///plans.db --tape tape
    """
    with importing():
        from flows.commands.replay import read_symbols
        from flows.kafka.topic import topic_of
        from flows.live.options import LiveOptions
        from flows.live.run_live import run_live
        from flows.tape.segments.writer import Sync

    if fsync not in list(Sync):
        msg = f"--fsync: got {fsync!r}; must be one of {', '.join(Sync)}"
        raise BadInputError(msg)
    if record_only:
        _refuse_beside_recording({"--db": database, "--plans": plans, "--events": events, "--serve": serve})
    chosen = read_symbols(symbols) or frozenset[str]()
    if universe is not None:
        from flows.scanning import read_universe

        chosen |= read_universe(universe)
    if not feed:
        _refuse_without_the_feed(
            {"--plans": plans, "--events": events, "--record-only": record_only, "--no-flow": not flow}
        )
    if scan and flow and not chosen and not record_only:
        msg = "--symbols or --universe: the scanner needs to know whom to follow; or give --no-scan"
        raise BadInputError(msg)
    topic = topic_of(tape)
    if topic is None:
        _refuse({"--spool": spool}, "is the folder of a topic's own tape; --tape names a folder already")
    folder = tape if topic is None else spool or Path(topic.name)
    asked = ReplayOptions(
        paths=(tape,),
        plans=plans,
        database=database or DEFAULT_DATABASE,
        events=events,
        scan=scan,
        bars=bars,
        risk_budget=risk,
        workers=workers,
        recovery=recovery or folder.absolute().with_name(f"{folder.absolute().name}-recovery"),
        snapshot_s=snapshot_seconds,
    )
    options = LiveOptions(
        asked,
        folder,
        feed_url,
        rest_url,
        repair,
        Sync(fsync),
        tuple(sorted(chosen)),
        record_only,
        topic=topic,
        feeds=feed,
        flows=flow,
    )
    run_live(options, quiet=quiet, serve_port=port if serve else None)


def _refuse_beside_recording(given: dict[str, object]) -> None:
    _refuse(given, "a run that only records has no use for it; leave it or --record-only out")


def _refuse_without_the_feed(given: dict[str, object]) -> None:
    _refuse(given, "belongs to the process that writes the tape; leave it or --no-feed out")


def _refuse(given: dict[str, object], why: str) -> None:
    for option, value in given.items():
        if value:
            msg = f"{option}: {why}"
            raise BadInputError(msg)
