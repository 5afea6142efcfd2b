"""Measuring work in a process of its own, so that nothing of one part is warm in the next."""

import multiprocessing
import resource
from collections.abc import Callable
from typing import Any


def measured(work: Callable[..., Any], *given: Any) -> dict[str, Any]:
    """Run `work` in a fresh process; return what it returns, with that process's peak memory in MB."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_in_process, args=(there, work, given))
    process.start()
    there.close()
    result: dict[str, Any] = here.recv()
    process.join()
    return result


def _in_process(connection: Any, work: Callable[..., dict[str, Any]], given: tuple[Any, ...]) -> None:
    result = work(*given)
    result["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    connection.send(result)


def best(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the quickest of several runs."""
    return min(results, key=lambda result: float(result["seconds"] / max(1, result["rows"])))


def rate(result: dict[str, Any]) -> float:
    """Return rows per second."""
    return float(result["rows"] / result["seconds"])
