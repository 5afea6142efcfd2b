"""A log that was put back from a copy is another log, even once it has grown past the positions of the lost one."""

import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.relay.reading import place
from api.store import Store
from operators.events import Kind, PlanEvent
from operators.rows import Batch
from sinks.backup import back_up, restore
from sinks.database import open_database
from sinks.generation import renew
from sinks.schema import ensure_schema
from sinks.writer import SinkWriter


def write(url: str, plan_id: str, count: int) -> None:
    """Add so many events of a plan."""
    engine = open_database(url)
    ensure_schema(engine)
    events = tuple(
        PlanEvent(plan_id, 1, seq, "AAA", Kind.REGISTERED, seq, None, {"why": ""}) for seq in range(1, count + 1)
    )
    SinkWriter(engine, "tape").write(Batch(events=events))
    engine.dispose()


def placed(url: str) -> tuple[str, int]:
    """What the relay calls the log, and its newest position."""
    store = Store(url, 5.0)
    try:
        return place(store)
    finally:
        store.close()


def test_a_position_given_after_the_copy_means_nothing_once_it_is_put_back(tmp_path: Path, sqlite_url: str) -> None:
    """The same file, first event and a longer log: a client that resumed there would miss what is different now."""
    write(sqlite_url, "P1", 2)
    back_up(sqlite_url, tmp_path / "copy.db")
    write(sqlite_url, "lost", 3)
    before, position = placed(sqlite_url)
    restore(tmp_path / "copy.db", sqlite_url, time.time_ns(), overwrite=True)
    write(sqlite_url, "other", 4)
    after, now = placed(sqlite_url)
    assert (position, now) == (5, 6)
    assert after != before


@pytest.mark.postgres
def test_the_documented_statement_does_the_same_on_postgresql(postgresql_url: str) -> None:
    """Its own tools put copies back there, and tell nobody."""
    write(postgresql_url, "P1", 1)
    epochs = [placed(postgresql_url)[0], placed(postgresql_url)[0]]
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    engine = open_database(postgresql_url)
    with engine.begin() as connection:
        statement = readme[readme.index("UPDATE identity") :].partition("`")[0]
        assert connection.execute(sa.text(statement)).rowcount == 1
    epochs.append(placed(postgresql_url)[0])
    with engine.begin() as connection:
        renew(connection)
    epochs.append(placed(postgresql_url)[0])
    engine.dispose()
    assert epochs[0] == epochs[1]
    assert len(set(epochs)) == 3
