"""`fancy-trader explain`: what a plan is waiting for, and why nothing happened."""

from typing import Annotated

import typer

from flows.commands.common import AsJson, Database, instant, opened
from flows.options import DEFAULT_DATABASE


def explain(
    plan_id: Annotated[str, typer.Argument(metavar="PLAN_ID")],
    database: Database = DEFAULT_DATABASE,
    at: Annotated[str | None, typer.Option(metavar="T", help="As of this instant; nothing later is looked at.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a plan waits for and why nothing happened: session, gate, distance, prints that did not count.

    Example: fancy-trader explain P1 --db sqlite:///plans.db --at 2013-10-08T10:31:00-04:00
    """
    from flows.explaining import explain_plan
    from flows.report import print_json

    at_ns = instant("--at", at)
    with opened(database) as engine, engine.connect() as connection:
        lines = explain_plan(connection, plan_id, at_ns)
    if as_json:
        print_json({"plan_id": plan_id, "lines": lines})
    else:
        typer.echo("\n".join(lines))
