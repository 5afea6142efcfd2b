"""The commands table: what people and programs asked for, in the order of ids, and whether it is on the tape by now.

A command is asked for once it is committed, and applied once it is on the tape; its place there decides when it acts.
A command's body is {"idempotency_key": text or null, "plan": the plan as it was given, or null}; of one that adds a
symbol to the universe, which is about no plan, {"idempotency_key": …, "symbol": text}.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import sqlalchemy as sa

from sinks.bulk import lock_writers
from sinks.tables import commands, plans

CommandKind = Literal["register", "cancel", "watch"]
REGISTER: Final = "register"
CANCEL: Final = "cancel"
WATCH: Final = "watch"


@dataclass(frozen=True, slots=True)
class StoredCommand:
    """A row of commands.  `created_ns`: wall clock of who asked; `applied_ns`: None until it is on the tape; ns UTC."""

    id: int
    kind: CommandKind
    plan_id: str | None
    body: dict[str, Any]
    created_ns: int
    applied_ns: int | None

    @property
    def plan(self) -> dict[str, Any] | None:
        """The plan as it was given; None where none is registered."""
        plan: dict[str, Any] | None = self.body.get("plan")
        return plan

    @property
    def symbol(self) -> str | None:
        """The symbol that is added to the universe; None for commands to plans."""
        symbol: str | None = self.body.get("symbol")
        return symbol


def command_under(connection: sa.Connection, plan_id: str, idempotency_key: str) -> StoredCommand | None:
    """The command that was appended to a plan under a key; None when there is none.

    Take the writers' lock first (`lock_writers`), lest another comes in between.
    """
    query = sa.select(commands).where(commands.c.plan_id == plan_id).order_by(commands.c.id)
    for row in connection.execute(query):
        if row.body.get("idempotency_key") == idempotency_key:
            return StoredCommand(*row)
    return None


def registrations(connection: sa.Connection, plan_id: str) -> list[StoredCommand]:
    """The commands that register versions of a plan, taken by the flow or not, in the order of ids."""
    query = sa.select(commands).where(commands.c.plan_id == plan_id, commands.c.kind == REGISTER)
    return [StoredCommand(*row) for row in connection.execute(query.order_by(commands.c.id))]


def append(
    connection: sa.Connection,
    kind: CommandKind,
    plan_id: str,
    plan: Mapping[str, Any] | None,
    created_ns: int,
    idempotency_key: str | None = None,
) -> StoredCommand:
    """Append a command to a plan and return it.  Ids are given out in the order in which they are committed."""
    body = {"idempotency_key": idempotency_key, "plan": None if plan is None else dict(plan)}
    return _appended(connection, kind, plan_id, body, created_ns)


def append_watch(
    connection: sa.Connection, symbol: str, created_ns: int, idempotency_key: str | None = None
) -> StoredCommand:
    """Append the command that adds a symbol to the universe."""
    return _appended(connection, WATCH, None, {"idempotency_key": idempotency_key, "symbol": symbol}, created_ns)


def _appended(
    connection: sa.Connection, kind: CommandKind, plan_id: str | None, body: dict[str, Any], created_ns: int
) -> StoredCommand:
    lock_writers(connection)
    values = {"kind": kind, "plan_id": plan_id, "body": body, "created_ns": created_ns}
    number = connection.execute(commands.insert().values(values).returning(commands.c.id)).scalar_one()
    return StoredCommand(number, kind, plan_id, body, created_ns, None)


Asked = tuple[CommandKind, str, Mapping[str, Any] | None]
"""Kind, plan_id, plan."""


def ask(engine: sa.Engine, asked: Sequence[Asked], created_ns: int) -> list[int]:
    """Append commands in one transaction; return their ids, ascending.  Raises DatabaseError."""
    with engine.begin() as connection:
        return [append(connection, kind, plan_id, plan, created_ns).id for kind, plan_id, plan in asked]


def unapplied(connection: sa.Connection, limit: int) -> list[StoredCommand]:
    """Return up to `limit` commands that are not on the tape, in the order of ids."""
    query = sa.select(commands).where(commands.c.applied_ns.is_(None)).order_by(commands.c.id).limit(limit)
    return [StoredCommand(*row) for row in connection.execute(query)]


def mark_applied(connection: sa.Connection, ids: Sequence[int], applied_ns: int) -> None:
    """Note that commands are on the tape since `applied_ns`, ns UTC."""
    connection.execute(commands.update().where(commands.c.id.in_(ids)).values(applied_ns=applied_ns))


def command_of(connection: sa.Connection, number: int, as_of_ns: int | None = None) -> StoredCommand | None:
    """The command of a number as it was known at an instant (None: now); None when there was none by then."""
    row = connection.execute(sa.select(commands).where(commands.c.id == number)).one_or_none()
    return None if row is None else _as_of(StoredCommand(*row), as_of_ns)


def _as_of(found: StoredCommand, as_of_ns: int | None) -> StoredCommand | None:
    if as_of_ns is None:
        return found
    if found.applied_ns is not None and found.applied_ns > as_of_ns:
        found = replace(found, applied_ns=None)
    return found if found.created_ns <= as_of_ns else None


def watches(connection: sa.Connection, as_of_ns: int | None = None) -> list[StoredCommand]:
    """The commands that add symbols, in the order of ids, as they were known at an instant (None: now)."""
    query = sa.select(commands).where(commands.c.kind == WATCH).order_by(commands.c.id)
    known = (_as_of(StoredCommand(*row), as_of_ns) for row in connection.execute(query))
    return [each for each in known if each is not None]


def added_symbols(connection: sa.Connection) -> list[str]:
    """The symbols that commands on the tape have added to the universe, the first one first."""
    applied = [each for each in watches(connection) if each.applied_ns is not None]
    return list(dict.fromkeys(each.symbol for each in applied if each.symbol is not None))


def symbol_of_plan(connection: sa.Connection, plan_id: str) -> str | None:
    """Return the symbol of a plan that was registered or asked for; None for one that nobody knows."""
    registered = connection.scalar(sa.select(plans.c.symbol).where(plans.c.plan_id == plan_id).limit(1))
    if registered is not None:
        return str(registered)
    asked = sa.select(commands.c.body).where(commands.c.plan_id == plan_id, commands.c.kind == REGISTER)
    body = connection.scalar(asked.order_by(commands.c.id.desc()).limit(1))
    return None if body is None else (body.get("plan") or {}).get("symbol")
