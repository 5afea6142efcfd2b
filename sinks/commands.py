"""Commands to the flow: appended by whoever asks, applied in order of id, marked once the flow has taken them.

A command's body is {"idempotency_key": text or null, "plan": the plan as it was given, or null}.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from sinks.bulk import lock_writers
from sinks.tables import commands

REGISTER: Final = "register"
CANCEL: Final = "cancel"


@dataclass(frozen=True, slots=True)
class StoredCommand:
    """A row of commands.  `created_ns`: wall clock of who asked; `applied_ns`: None until the flow has taken it."""

    id: int
    kind: str
    plan_id: str | None
    body: dict[str, Any]
    created_ns: int
    applied_ns: int | None


def command_under(connection: sa.Connection, plan_id: str, idempotency_key: str) -> StoredCommand | None:
    """The command that was appended to a plan under a key; None when there is none.

    Take the writers' lock first (`lock_writers`), lest another comes in between.
    """
    query = sa.select(commands).where(commands.c.plan_id == plan_id).order_by(commands.c.id)
    for row in connection.execute(query):
        if row.body.get("idempotency_key") == idempotency_key:
            return StoredCommand(*row)
    return None


def append(
    connection: sa.Connection,
    kind: str,
    plan_id: str,
    plan: Mapping[str, Any] | None,
    created_ns: int,
    idempotency_key: str | None = None,
) -> StoredCommand:
    """Append a command and return it."""
    lock_writers(connection)
    body = {"idempotency_key": idempotency_key, "plan": None if plan is None else dict(plan)}
    values = {"kind": kind, "plan_id": plan_id, "body": body, "created_ns": created_ns}
    number = connection.execute(commands.insert().values(values).returning(commands.c.id)).scalar_one()
    return StoredCommand(number, kind, plan_id, body, created_ns, None)


def waiting(connection: sa.Connection) -> list[StoredCommand]:
    """The commands that the flow has not taken yet, in order."""
    query = sa.select(commands).where(commands.c.applied_ns.is_(None)).order_by(commands.c.id)
    return [StoredCommand(*row) for row in connection.execute(query)]


def mark_applied(connection: sa.Connection, number: int, at_ns: int) -> None:
    """Note that a command has its place on the tape, at `at_ns` (ns UTC)."""
    lock_writers(connection)
    connection.execute(commands.update().where(commands.c.id == number).values(applied_ns=at_ns))


def command_of(connection: sa.Connection, number: int) -> StoredCommand | None:
    """The command of a number; None when there is none."""
    row = connection.execute(sa.select(commands).where(commands.c.id == number)).one_or_none()
    return None if row is None else StoredCommand(*row)
