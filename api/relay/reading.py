"""What the relay reads from the database.  Rule: each function sees one instant, and writes each event once.

An epoch names a log: where it is kept, its generation, and its first event.  A position means something in its own
epoch only.
"""

import hashlib
from collections.abc import Iterator

import sqlalchemy as sa

from api.relay.client import Wanted
from api.relay.hub import Price
from api.relay.wire import Relayed, relayed
from api.shapes.plan_text import PlanText
from api.store import Store
from operators.state import LIVE
from sinks.generation import generation
from sinks.kept_file import file_at
from sinks.plan_reader import PlanFilter, last_position, standings_page
from sinks.reader import events_after
from sinks.tables import plan_states

PAGE = 1_000


def place(store: Store) -> tuple[str, int]:
    """The epoch of the log and the position of its newest event."""
    with store.read() as connection:
        first = events_after(connection, 0, 1)
        told = [(seq, each.plan_id, each.seq, str(each.kind), each.at_ns) for seq, each in first]
        named = f"{kept_at(connection)} {generation(connection)} {told}"
        return hashlib.sha256(named.encode()).hexdigest()[:16], last_position(connection)


def kept_at(connection: sa.Connection) -> str:
    """Where the tables are: another file under the same name, or tables made anew, are another place."""
    if connection.dialect.name == "postgresql":
        query = "SELECT oid, 'plan_events'::regclass::oid FROM pg_database WHERE datname = current_database()"
        return str(connection.exec_driver_sql(query).one())
    return file_at(connection.engine.url)


def news(store: Store, after: int) -> list[Relayed]:
    """A page of events that came after a position."""
    with store.read() as connection:
        return [relayed(seq, event) for seq, event in events_after(connection, after, PAGE)]


def snapshot_of(store: Store, wanted: Wanted) -> tuple[int, list[list[str]]]:
    """The plans that are wanted as they stand, in pieces of JSON, and the position at which that is true."""
    with store.read() as connection:
        return last_position(connection), list(_pieces(connection, wanted)) or [[]]


def prices_moved(store: Store, plan_ids: set[str] | None, before: dict[str, tuple[float, int]]) -> list[Price]:
    """The prices of live plans (None: all) that differ from what `before` holds, which is brought up to date."""
    c = plan_states.c
    columns = (c.plan_id, c.symbol, c.last_price, c.updated_ns, c.rr_to_next_target, c.open_r, c.effective_stop)
    query = sa.select(*columns).where(c.phase.in_([str(phase) for phase in LIVE]), c.last_price.is_not(None))
    if plan_ids is not None and len(plan_ids) <= PAGE:
        query = query.where(c.plan_id.in_(sorted(plan_ids)))
    moved = []
    with store.read() as connection:
        for plan_id, symbol, price, at_ns, rr, open_r, stop in connection.execute(query):
            if before.get(plan_id) != (price, at_ns):
                before[plan_id] = (price, at_ns)
                moved.append(Price(plan_id, symbol, price, at_ns, rr, open_r, stop))
    return moved


def _pieces(connection: sa.Connection, wanted: Wanted) -> Iterator[list[str]]:
    after: str | None = None
    while True:
        page = standings_page(connection, PlanFilter(), after, PAGE)
        meant = [each for each in map(PlanText.read, page) if wanted.names(each.plan_id, each.symbol)]
        if meant:
            yield [each.json() for each in meant]
        if len(page) < PAGE:
            return
        after = page[-1][0]
