"""`fancy-trader plans`: checking a plans file, listing what a database holds."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.common import AsJson, Database, opened
from flows.errors import BadInputError, ExitCode

app = typer.Typer(help="Check and list trading plans.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Check and list trading plans."""


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
