"""`fancy-trader plans`: checking a plans file, listing what a database holds, asking a running session for more."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.common import AsJson, Database, opened, writable
from flows.errors import BadInputError, ExitCode

app = typer.Typer(
    help="Check, list, add and cancel trading plans.\n\nExample: fancy-trader plans check plans.json",
    no_args_is_help=True,
)


@app.callback()
def group() -> None:
    """Check, list, add and cancel trading plans."""


@app.command()
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON array, or one plan per line.")]) -> None:
    """Say of every plan in a file whether it can be watched; exit 2 when one cannot.

    Example: fancy-trader plans check plans.json
    """
    from flows.plan_checks import advice, checked

    plans, problems = checked(file)
    for problem in problems:
        typer.echo(f"fancy-trader: {problem}", err=True)
    for line in advice(plans):
        typer.echo(line)
    typer.echo(f"{len(plans)} good, {len(problems)} bad")
    if problems:
        raise typer.Exit(ExitCode.BAD_INPUT)
    if not plans:
        msg = f"{file}: holds no plan"
        raise BadInputError(msg)


@app.command("list")
def list_plans(
    database: Database, symbol: Annotated[str | None, typer.Option()] = None, as_json: AsJson = False
) -> None:
    """List the plans of a database with where they stand.

    Example: fancy-trader plans list --db sqlite:///plans.db --symbol SPY
    """
    from flows.report import print_plans, read_report

    with opened(database) as engine, engine.connect() as connection:
        report = read_report(connection, symbol)
    print_plans(report, as_json=as_json)


@app.command()
def schema() -> None:
    """Print the JSON schema of structured plans, as scan_results.profile holds them and the API answers with.

    Example: fancy-trader plans schema
    """
    import json

    from operators.structured.schema import json_schema

    typer.echo(json.dumps(json_schema(), indent=1))


@app.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON array, or one plan per line.")], database: Database
) -> None:
    """Ask a live session on this database to watch the plans of a file; they count from when they reach its tape.

    Example: fancy-trader plans add plans.json --db sqlite:///plans.db
    """
    from flows.asking import ask_to_register

    with writable(database) as engine:
        ids = ask_to_register(engine, file)
    typer.echo(f"asked for {len(ids)} plan{'s' if len(ids) > 1 else ''} (commands {ids[0]} to {ids[-1]})")


@app.command()
def cancel(plan_ids: Annotated[list[str], typer.Argument(metavar="PLAN_ID...")], database: Database) -> None:
    """Ask a live session on this database to stop watching plans.

    Example: fancy-trader plans cancel P1 P2 --db sqlite:///plans.db
    """
    from flows.asking import ask_to_cancel

    with opened(database), writable(database) as engine:  # where nothing is, there is no plan to cancel
        ids = ask_to_cancel(engine, plan_ids)
    typer.echo(f"asked to cancel {', '.join(plan_ids)} (commands {ids[0]} to {ids[-1]})")
