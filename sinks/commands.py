"""The commands table: what people and programs asked for, in the order of ids, and whether it is on the tape by now.

A command is asked for once it is committed, and applied once it is on the tape; its place there decides when it acts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from sinks.bulk import lock_writers
from sinks.tables import commands, plans

REGISTER: Final = "register"
CANCEL: Final = "cancel"


@dataclass(frozen=True, slots=True)
class CommandRow:
    """One command as asked.  `body`: the plan for a registration, else empty; `created_ns`: wall clock, ns UTC."""

    id: int
    kind: str
    plan_id: str | None
    body: Mapping[str, Any]
    created_ns: int


def ask(engine: sa.Engine, asked: Sequence[tuple[str, str, Mapping[str, Any]]], created_ns: int) -> list[int]:
    """Write commands (kind, plan_id, body) in one transaction; return their ids, ascending.  Raises DatabaseError."""
    with engine.begin() as connection:
        lock_writers(connection)  # ids are given out in the order in which they are committed
        return [
            connection.execute(
                commands.insert()
                .values(kind=kind, plan_id=plan_id, body=dict(body), created_ns=created_ns)
                .returning(commands.c.id)
            ).scalar_one()
            for kind, plan_id, body in asked
        ]


def unapplied(connection: sa.Connection, limit: int) -> list[CommandRow]:
    """Return up to `limit` commands that are not on the tape, in the order of ids."""
    columns = commands.c.id, commands.c.kind, commands.c.plan_id, commands.c.body, commands.c.created_ns
    query = sa.select(*columns).where(commands.c.applied_ns.is_(None)).order_by(commands.c.id).limit(limit)
    return [CommandRow(*row) for row in connection.execute(query)]


def mark_applied(connection: sa.Connection, ids: Sequence[int], applied_ns: int) -> None:
    """Note that commands are on the tape since `applied_ns`, ns UTC."""
    connection.execute(commands.update().where(commands.c.id.in_(ids)).values(applied_ns=applied_ns))


def symbol_of_plan(connection: sa.Connection, plan_id: str) -> str | None:
    """Return the symbol of a plan that was registered or asked for; None for one that nobody knows."""
    registered = connection.scalar(sa.select(plans.c.symbol).where(plans.c.plan_id == plan_id).limit(1))
    if registered is not None:
        return str(registered)
    asked = sa.select(commands.c.body).where(commands.c.plan_id == plan_id, commands.c.kind == REGISTER)
    body = connection.scalar(asked.order_by(commands.c.id.desc()).limit(1))
    return None if body is None else body.get("symbol")
