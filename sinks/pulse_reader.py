"""How the flow and its tables are doing: its newest tape time, and counts of what is kept."""

from dataclasses import dataclass

import sqlalchemy as sa

from operators.state import LIVE
from sinks.tables import commands, dead_letters, plan_states, progress, runs, streams


@dataclass(frozen=True, slots=True)
class Pulse:
    """`running`: a stream has not come to its end.  `tape_ns`: the newest tape time of such streams, ns UTC.

    `failure`: why the run of such a stream could not go on, until another takes it up.
    """

    running: bool
    tape_ns: int | None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by meaning; `events` and `divergences` over the whole life of the database.

    `plans_in_gap`: those that live and may lack prints.
    """

    plans_by_phase: dict[str, int]
    events: int
    divergences: int
    dead_letters: int
    commands_waiting: int
    plans_in_gap: int


def pulse_of(connection: sa.Connection) -> Pulse:
    """How far the streams have come that have not ended; a run that was broken off counts as one."""
    unfinished = sa.select(streams.c.name).where(streams.c.complete.is_(False))
    running = connection.scalar(sa.select(unfinished.exists())) or False
    newest = sa.select(sa.func.max(progress.c.tape_ns)).where(progress.c.stream.in_(unfinished))
    if not running:
        return Pulse(running, None)
    failed = sa.select(sa.func.min(runs.c.failure)).where(runs.c.stream.in_(unfinished))
    return Pulse(running, connection.scalar(newest), connection.scalar(failed))


def counts_of(connection: sa.Connection) -> Counts:
    """Count what is kept; reads all plan states and dead letters."""
    phase = plan_states.c.phase
    by_phase = connection.execute(sa.select(phase, sa.func.count()).group_by(phase).order_by(phase))
    of_streams = sa.select(
        sa.func.coalesce(sa.func.max(streams.c.last_stream_seq), 0),
        sa.func.coalesce(sa.func.sum(streams.c.divergences), 0),
    )
    events, divergences = connection.execute(of_streams).one()
    waiting = sa.select(sa.func.count()).select_from(commands).where(commands.c.applied_ns.is_(None))
    marked = plan_states.c.data_gap.is_not(sa.null()) & plan_states.c.phase.in_(list(map(str, LIVE)))
    in_gap = sa.select(sa.func.count()).select_from(plan_states).where(marked)
    return Counts(
        plans_by_phase={str(name): int(count) for name, count in by_phase},
        events=int(events),
        divergences=int(divergences),
        dead_letters=connection.scalar(sa.select(sa.func.count()).select_from(dead_letters)) or 0,
        commands_waiting=connection.scalar(waiting) or 0,
        plans_in_gap=connection.scalar(in_gap) or 0,
    )
