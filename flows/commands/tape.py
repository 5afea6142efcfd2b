"""`fancy-trader tape`: looking at a tape, making it smaller, and holding what came of it against something else."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.common import AsJson
from flows.errors import BadInputError, ExitCode

app = typer.Typer(help="Look after recorded tapes.\n\nExample: fancy-trader tape info tape", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(metavar="TAPE", help="A tape's folder.")]
Recording = Annotated[Path, typer.Argument(metavar="TAPE", help="A tape's folder, or kafka://broker/topic.")]


@app.callback()
def group() -> None:
    """Look after recorded tapes."""


@app.command()
def info(folder: Folder, as_json: AsJson = False) -> None:
    """Say what a tape holds: segments, records by kind, from when to when, gaps that stand.

    Example: fancy-trader tape info tape
    """
    from flows.report import print_json
    from flows.tape.inspecting import tape_info
    from operators.times import iso

    found = tape_info(folder)
    if as_json:
        print_json(found.to_json())
        return
    typer.echo(f"segments {found.segments:,} ({found.compacted:,} compacted), {found.bytes:,} bytes")
    for kind, count in sorted(found.records.items()):
        typer.echo(f"{kind:8} {count:,}")
    if found.first_ns is not None and found.last_ns is not None:
        typer.echo(f"received {iso(found.first_ns)} to {iso(found.last_ns)}")
    for mark in found.standing_gaps:
        until = "now" if mark.to_ns is None else iso(mark.to_ns)
        typer.echo(f"gap      {', '.join(mark.symbols)} from {iso(mark.from_ns)} to {until}: {mark.reason}")
    if found.torn is not None:
        typer.echo(f"torn     at {found.torn}: an unfinished record, cut when the tape is next written")


@app.command()
def verify(folder: Recording) -> None:
    """Read every record and its checksum, of a topic every message; exit 3 when something is damaged or missing.

    Example: fancy-trader tape verify tape
    """
    from flows.kafka.topic import need_client, topic_of
    from flows.tape.inspecting import tape_info

    topic = topic_of(folder)
    if topic is not None:
        need_client(topic)
        from flows.kafka.reading import verify_topic

        found_messages = verify_topic(topic)
        typer.echo(f"{sum(found_messages):,} messages in {len(found_messages)} partitions are whole")
        return

    found = tape_info(folder)
    torn = "" if found.torn is None else f"; ends in an unfinished record at {found.torn}"
    typer.echo(f"{sum(found.records.values()):,} records in {found.segments:,} segments are whole{torn}")


@app.command()
def compact(
    folder: Folder,
    everything: Annotated[
        bool, typer.Option("--all", help="The last segment too; nobody may write meanwhile.")
    ] = False,
) -> None:
    """Turn finished segments into Parquet: prints in the vendor's columns, other records beside.  Replays are equal.

    Example: fancy-trader tape compact tape
    """
    from flows.tape.compacting import Compacted
    from flows.tape.compacting import compact as compact_tape
    from flows.tape.inspecting import check_folder
    from flows.tape.segments.writer import TapeWriter

    def tell(done: Compacted) -> None:
        share = f"{done.after:,} bytes, {done.before:,} before"
        typer.echo(f"{done.segment.path.name}: {done.prints:,} prints, {done.records:,} other records, {share}")

    check_folder(folder)
    if everything:
        with TapeWriter(folder) as writer:
            writer.finish_segment()
    compact_tape(folder, tell)


@app.command()
def cat(
    folder: Folder,
    start: Annotated[str, typer.Option("--from", metavar="OFFSET", help="Where to begin, such as 3:1024.")] = "0:0",
    kind: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="Only frame, command, events, clock, gap or repair.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="Stop after so many.")] = None,
) -> None:
    """Print records, one line of JSON each, with the offset after it.

    Example: fancy-trader tape cat tape --kind command --limit 10
    """
    from itertools import islice

    from flows.tape.inspecting import as_line, everything, parse_offset
    from flows.tape.segments.record import Kind

    names = {each.name.lower(): each for each in Kind}
    wanted = {names.get(each) for each in kind or names}
    if None in wanted:
        msg = f"--kind: got {', '.join(kind or ())}; must be of {', '.join(names)}"
        raise BadInputError(msg)
    try:
        offset = parse_offset(start)
    except ValueError:
        msg = f"--from: got {start!r}; must be an offset such as 3:1024"
        raise BadInputError(msg) from None
    found = (as_line(*each) for each in everything(folder, start=offset) if each[0].kind in wanted)
    for line in islice(found, limit):
        typer.echo(line)


@app.command()
def publish(
    folder: Folder,
    topic: Annotated[Path, typer.Argument(metavar="KAFKA", help="Where to: kafka://host:9092/topic.")],
    partitions: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Of a topic that has to be made; without, 8.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as the tape grows, until Ctrl-C.")] = False,
) -> None:
    """Publish a tape to a Kafka topic, each record once; the same command again goes on where the topic ends.

    Example: fancy-trader tape publish tape kafka://localhost:9092/tape --partitions 8
    """
    from flows.kafka.run_publish import run_publish
    from flows.kafka.topic import topic_of

    found = topic_of(topic)
    if found is None:
        msg = f"{topic}: names no topic; must be kafka://host:port[,host:port]/topic"
        raise BadInputError(msg)
    run_publish(folder, found, partitions, follow=follow)


@app.command()
def diff(
    one: Annotated[str, typer.Argument(metavar="URL|TAPE", help="A database, or a tape to be replayed.")],
    other: Annotated[str, typer.Argument(metavar="URL|TAPE", help="What it should be equal to.")],
    plans: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Plans for the replay, besides the tape's.")
    ] = None,
    events: Annotated[Path | None, typer.Option(metavar="FILE", help="Market events for the replay.")] = None,
    scan: Annotated[bool, typer.Option("--scan/--no-scan", help="Whether the replay scans.")] = False,
) -> None:
    """Compare the plan events of two databases, or of a live day and its replay; exit 4 with the first difference.

    Example: fancy-trader tape diff sqlite:///live.db sqlite:///replay.db
    """
    from flows.options import ReplayOptions
    from flows.tape_diff import diff as diff_of

    found = diff_of(one, other, ReplayOptions((), plans, events=events, scan=scan))
    if found.first is None:
        typer.echo(f"{found.same:,} events, all equal")
        return
    typer.echo(f"fancy-trader: {found.different:,} of {found.same + found.different:,} differ; {found.first}", err=True)
    raise typer.Exit(ExitCode.DIVERGENCE)
