"""One line on the terminal that says how a live run fares; what is logged scrolls by above it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flows.live.board import Board
from flows.repeating import repeating
from operators.sessions import new_york
from sinks.database import open_database, reading
from sinks.errors import DatabaseError
from sinks.pulse_reader import counts_of

REFRESH_SECONDS: Final = 1.0


class StatusLine:
    """Composes the line.  Rates are those since it was composed last."""

    def __init__(self, board: Board) -> None:
        self._board, self._prints, self._at = board, 0, time.monotonic()

    def compose(self, plans: dict[str, int] | None) -> str:
        """Return the line; `plans`: how many stand in which phase, None when nobody knows."""
        board = self._board
        parts = [f"feed {board.fact('feed', 'state', 'starting')}", self._rate()]
        lag_ns, tape_ns = board.fact("feed", "lag_ns", 0), board.fact("flow", "tape_ns", 0)
        parts.append(f"lag {lag_ns / 1e9:.1f} s")
        if plans is not None:
            parts.append("plans " + (" ".join(f"{count} {phase}" for phase, count in plans.items()) or "none"))
        parts.append(f"gaps {board.fact('feed', 'gaps_open', 0)} open of {board.fact('feed', 'gaps', 0)}")
        if tape_ns:
            parts.append(f"{new_york(tape_ns):%m-%d %H:%M:%S} ET")
        parts += [f"{child} {what}" for child, what in sorted(board.trouble.items())]
        parts += [f"{child} restarted {count}x" for child, count in sorted(board.restarts.items())]
        return "  ".join(parts)

    def _rate(self) -> str:
        now, prints = time.monotonic(), self._board.fact("flow", "prints", 0)
        rate = max(0, prints - self._prints) / max(now - self._at, 1e-9)
        self._prints, self._at = prints, now
        return f"{rate:,.0f} ticks/s"


@contextmanager
def shown_status(board: Board, database: str | None) -> Iterator[None]:
    """Show the line on stderr while the block lasts; `database` None: a run without plans."""
    line = StatusLine(board)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    engine = None if database is None else open_database(database, read_only=True)
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting")

        def refresh() -> None:
            progress.update(task, description=line.compose(None if engine is None else _plans(engine)))

        try:
            with repeating(refresh, REFRESH_SECONDS, "status-line"):
                yield
        finally:
            if engine is not None:
                engine.dispose()


def _plans(engine: sa.Engine) -> dict[str, Any]:
    try:
        with reading(engine) as connection:
            return counts_of(connection).plans_by_phase
    except DatabaseError as error:
        return {f"unknown ({type(error).__name__})": 0}
