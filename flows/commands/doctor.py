"""`fancy-trader doctor`: would it work here?"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.common import DATABASE_HELP, AsJson
from flows.errors import ExitCode

if TYPE_CHECKING:
    from flows.doctor.finding import Finding


def doctor(
    database: Annotated[str | None, typer.Option("--db", metavar="URL", help=DATABASE_HELP)] = None,
    tape: Annotated[Path | None, typer.Option(metavar="DIR", help="A tape's folder, or where one is to be.")] = None,
    feed_url: Annotated[str | None, typer.Option(metavar="URL", help="See whether this server answers.")] = None,
    as_json: AsJson = False,
) -> int:
    """Look over this machine, a database, a tape and the way to the feed; say what to do; change nothing.

    Exit code 1 when something would stop a run.

    Example: fancy-trader doctor --db sqlite:///plans.db --tape tape
    """
    from flows.doctor.feed import look_at_feed
    from flows.doctor.machine import look_at_machine
    from flows.doctor.places import look_at_database, look_at_tape

    now_ns = time.time_ns()
    findings = [*look_at_machine(now_ns), *look_at_feed(feed_url)]
    findings += look_at_database(database, now_ns) if database is not None else ()
    findings += look_at_tape(tape) if tape is not None else ()
    _show(findings, as_json)
    return ExitCode.FAILURE if any(each.grade == "fail" for each in findings) else ExitCode.DONE


def _show(findings: "list[Finding]", as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        from flows.report import print_json

        print_json({"findings": [asdict(each) for each in findings]})
        return
    width = max(len(each.name) for each in findings)
    for each in findings:
        typer.echo(f"{each.grade:4}  {each.name:{width}}  {each.found}")
        if each.remedy:
            typer.echo(f"{'':4}  {'':{width}}  → {each.remedy}")
