"""`fancy-trader market`: the practice market."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.collector import importing
from flows.commands.common import AsJson, instant


def market(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE_OR_DIR...]", help="Recorded trades; without, a simulated day.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")] = 8765,
    speed: Annotated[float, typer.Option(min=0.001, max=100_000, help="Multiple of the market's own speed.")] = 1.0,
    start: Annotated[str | None, typer.Option("--from", metavar="T", help="Market time at the start.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulated day and of chance in faults.")] = 1,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND[@SECONDS][:VALUE]", help="Misbehave, e.g. drop@60:5, silent@90:30, rest-429:3."),
    ] = None,
    options_dir: Annotated[
        Path | None, typer.Option("--options", metavar="DIR", help="Recorded option quotes, served by REST.")
    ] = None,
    connections: Annotated[int, typer.Option(min=1, help="Clients that the plan allows at once.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Serve a PRACTICE MARKET, simulated or recorded, over the vendor's WebSocket and REST protocol, on this machine.

    Market time begins with the first subscription.  Any word will do for a key.

    Example: fancy-trader market --speed 60 --from 2026-06-17T13:25:00Z --fault drop@600:60
    """
    with importing():
        from flows.logs import set_up
        from flows.market.day import recorded_day, simulated_day
        from flows.market.faults import parse_fault
        from flows.market.option_side import recorded_options
        from flows.market.running import run_market
        from flows.market.server import MarketOptions

    options = MarketOptions(
        speed=speed,
        port=port,
        start_ns=instant("--from", start),
        seed=seed,
        faults=tuple(map(parse_fault, fault or ())),
        connections=connections,
        option_side=recorded_options(options_dir) if options_dir else None,
    )
    day = recorded_day(paths) if paths else simulated_day(seed)
    set_up("market")
    first, last = int(day.sip_ns[0]), int(day.sip_ns[-1])
    run_market(day, options, _speaker(day.label, (first, last), as_json=as_json))


def _speaker(label: str, span_ns: tuple[int, int], *, as_json: bool) -> Any:
    """Return what tells a person on a terminal what the market does, or writes it to the log, or to stdout as JSON."""
    import json

    from flows.logs import log_line
    from operators.times import iso

    for_people = sys.stdout.isatty()

    def say(event: str, **fields: Any) -> None:
        if as_json:
            typer.echo(json.dumps({"event": event, "practice": True, **fields}))
        elif not for_people:
            log_line(event, practice=True, **fields)
        elif event == "serving":
            typer.echo(f"PRACTICE MARKET, not live.  {label}")
            typer.echo(f"  prints from {iso(span_ns[0])} to {iso(span_ns[1])}; time begins with the first subscription")
            typer.echo(f"  fancy-trader live --feed-url {fields['url']}    (REST: {fields['rest']})")
        else:
            typer.echo(f"practice market: {event} {' '.join(f'{name}={value}' for name, value in fields.items())}")

    return say
