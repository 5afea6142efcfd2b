"""`fancy-trader demo`: a simulated day, its plans, and what became of them."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.common import AsJson


def demo(
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same day, same digest.")] = 1,
    folder: Annotated[Path, typer.Option(metavar="DIR", help="Where the day and its database go.")] = Path("demo"),
    as_json: AsJson = False,
) -> None:
    """Make a simulated trading day with plans and market events, replay it, and show the result.

    Example: fancy-trader demo --seed 7
    """
    from flows.demo import run_demo

    run_demo(folder, seed, as_json=as_json)
