"""A migrated database on each engine, and values to fill it with."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from operators.events import Kind, PlanEvent
from operators.rows import Batch, DeadLetter, PlanRow, ProgressRow, StateRow
from sinks import bulk
from sinks.database import open_database
from sinks.schema import ensure_schema
from sinks.tables import identity, metadata, plan_events
from sinks.writer import SinkWriter

START_NS = 1_381_239_000_000_000_000  # 2013-10-08T13:30:00Z

MakeEvent = Callable[..., PlanEvent]
MakeState = Callable[..., StateRow]
MakePlan = Callable[..., PlanRow]


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """An engine on a fresh database with all tables."""
    engine = open_database(database_url)
    ensure_schema(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def make_event() -> MakeEvent:
    """Makes an event of a plan, with whatever fields the test cares about."""

    def make(plan_id: str = "P1", seq: int = 1, **fields: Any) -> PlanEvent:
        data = {"why": f"last 99.5 at or below the stop, seq {seq}", "level": 99.5}
        usual = PlanEvent(plan_id, 1, seq, "AAPL", Kind.TARGET_HIT, START_NS + seq, 99.5, data)
        return replace(usual, **fields)

    return make


@pytest.fixture
def make_state() -> MakeState:
    """Makes the state of an open plan."""

    def make(plan_id: str = "P1", last_seq: int = 1, **fields: Any) -> StateRow:
        usual = StateRow(
            plan_id=plan_id,
            version=1,
            symbol="AAPL",
            phase="open",
            health="healthy",
            gate="allow",
            fill_price=100.0,
            effective_stop=99.1,
            trail_stop=None,
            best_price=None,
            targets_hit=0,
            remaining_fraction=1.0,
            realized_r=0.0,
            open_r=0.1,
            mfe_r=1 / 3,
            mae_r=-0.2,
            last_price=100.1,
            rr_to_next_target=1.7,
            last_seq=last_seq,
            updated_ns=START_NS + last_seq,
        )
        return replace(usual, **fields)

    return make


@pytest.fixture
def make_plan() -> MakePlan:
    """Makes a registered plan."""

    def make(plan_id: str = "P1", version: int = 1, **fields: Any) -> PlanRow:
        body = {"plan_id": plan_id, "version": version, "stop": 99.0, "targets": [{"price": 101.0}]}
        usual = PlanRow(plan_id, version, "AAPL", "scalp", "long", START_NS, body)
        return replace(usual, **fields)

    return make


@pytest.fixture
def few_rows_to_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Walks both of PostgreSQL's ways: single rows go one way, several the other."""
    monkeypatch.setattr(bulk, "COPY_FROM", 2)


@pytest.fixture
def writer(engine: sa.Engine, few_rows_to_copy: None) -> SinkWriter:
    """Writes the stream `tape`."""
    return SinkWriter(engine, "tape")


@pytest.fixture
def batch(make_event: MakeEvent, make_state: MakeState, make_plan: MakePlan) -> Batch:
    """Something of everything."""
    return Batch(
        plans=(make_plan("P1"), make_plan("P2")),
        events=(make_event("P2", 1), make_event("P1", 1), make_event("P1", 2, price=None)),
        states=(make_state("P1", 2), make_state("P2", 1, health=None)),
        dead_letters=(DeadLetter("day.csv", 7, "price", "not a number", "AAPL,x"),),
        progress=(ProgressRow("AAPL", 100, 10, 8, 1, 0, 1),),
    )


@pytest.fixture
def contents() -> Callable[[sa.Engine], dict[str, list[tuple[Any, ...]]]]:
    """Reads every row of every table that is written to."""

    def read(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
        with engine.connect() as connection:
            return {
                table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
                for table in metadata.sorted_tables
                if table is not identity
            }

    return read


@pytest.fixture
def positions() -> Callable[[sa.Engine], list[tuple[str, int, int]]]:
    """Reads (plan_id, seq, stream_seq) of all events, by position."""

    def read(engine: sa.Engine) -> list[tuple[str, int, int]]:
        columns = (plan_events.c.plan_id, plan_events.c.seq, plan_events.c.stream_seq)
        with engine.connect() as connection:
            rows = connection.execute(sa.select(*columns).order_by(plan_events.c.stream_seq))
            return [(row[0], row[1], row[2]) for row in rows]

    return read
