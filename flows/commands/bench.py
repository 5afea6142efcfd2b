"""`fancy-trader bench`: the benchmarks of tests/bench, each printing JSON."""

import runpy
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.errors import DataMissingError


def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Which of tests/bench: replay, live, relay, ...")] = "replay",
) -> None:
    """Measure speed and memory; print JSON.  Options after the name go to the benchmark.

    Example: fancy-trader bench replay --ticks 10000000

    Example: fancy-trader bench live --part ticks --seconds 10

    Example: fancy-trader bench soak --minutes 30 --rate 2000
    """
    folder = Path(__file__).resolve().parents[2] / "tests" / "bench"
    script = folder / f"{name}.py"
    if not script.is_file():
        found = ", ".join(sorted(each.stem for each in folder.glob("[a-z]*.py"))) or "none here"
        msg = f"no benchmark {name!r}; benchmarks live in a checkout's tests/bench: {found}"
        raise DataMissingError(msg)
    sys.argv = [str(script), *context.args]
    runpy.run_path(str(script), run_name="__main__")
