"""Plan commands on their way to the tape: from a plans file, and from the commands table."""

from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from flows.plan_files import raw_plans
from flows.tape.segments.payloads import PlanCommand
from sinks.commands import StoredCommand, mark_applied, waiting


def commands_of_file(path: Path) -> Iterator[PlanCommand]:
    """Yield a registration per plan of a file; read again after a restart, each has the name that it had before."""
    for plan in raw_plans(path):
        name = f"file:{plan.get('plan_id')}:{plan.get('version', 1)}"
        yield PlanCommand(name, "register", plan)


def poll_commands(engine: sa.Engine, write: Callable[[PlanCommand], int]) -> list[StoredCommand]:
    """Put what waits in the commands table onto the tape, in order, and mark it; return it.

    A writer that dies in between puts a command on the tape twice, under one name: the tape's reader takes the first.
    """
    with engine.connect() as connection:
        found = waiting(connection)
    for each in found:
        at_ns = write(_command(each))
        with engine.begin() as connection:
            mark_applied(connection, each.id, at_ns)
    return found


def _command(stored: StoredCommand) -> PlanCommand:
    name = f"table:{stored.id}"
    if stored.kind == "register":
        return PlanCommand(name, "register", stored.body.get("plan"))
    return PlanCommand(name, "cancel", plan_id=stored.plan_id)
