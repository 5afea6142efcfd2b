"""Queries that the driver runs: the rows and the errors are those of SQLAlchemy's own way."""

import pytest
import sqlalchemy as sa

from operators.rows import Batch
from sinks.database import DatabaseError, open_database, reading
from sinks.prepared import Prepared
from sinks.tables import plan_states
from sinks.writer import SinkWriter
from tests.sinks.conftest import MakeState

GAP = {"name": "1-1", "state": "open", "at_ns": 2, "from_ns": 1, "to_ns": None, "reason": "no REST"}
IDS = sa.bindparam("ids", type_=sa.Text, expanding=True)


@pytest.fixture
def filled(engine: sa.Engine, make_state: MakeState) -> sa.Engine:
    """Four states, of which one lacks prints."""
    rows = [make_state(f"P{number}", number + 1, phase=("open", "waiting")[number % 2]) for number in range(3)]
    SinkWriter(engine, "tape").write(Batch(states=(*rows, make_state("P3", data_gap=GAP, last_price=None))))
    return engine


@pytest.mark.parametrize("ids", [[], ["P1"], ["P3", "P0", "P2"]])
def test_rows_are_those_of_the_usual_way(filled: sa.Engine, ids: list[str]) -> None:
    """Lists of any length, values of the query's own, numbers, JSON and NULL."""
    query = sa.select(plan_states).where(plan_states.c.plan_id.in_(IDS), plan_states.c.phase.in_(["open", "waiting"]))
    query = query.where(plan_states.c.last_seq >= sa.bindparam("seq")).order_by(plan_states.c.plan_id).limit(9)
    given = {"ids": ids, "seq": 1}
    prepared = Prepared(query)
    with reading(filled) as connection:
        usual = [tuple(row) for row in connection.execute(query, given)]
        assert [prepared.rows(connection, given), prepared.rows(connection, given)] == [usual, usual]
        assert [tuple(map(type, row)) for row in prepared.rows(connection, given)] == [
            tuple(map(type, row)) for row in usual
        ]


def test_all_rows_of_a_connection_are_of_one_instant(filled: sa.Engine, make_state: MakeState) -> None:
    prepared = Prepared(sa.select(sa.func.count()).select_from(plan_states))
    with reading(filled) as connection:
        before = prepared.rows(connection, {})
        SinkWriter(filled, "tape").write(Batch(states=(make_state("P9"),)))
        assert prepared.rows(connection, {}) == before == [(4,)]


def test_what_goes_wrong_in_the_driver_is_the_databases_error(filled: sa.Engine) -> None:
    prepared = Prepared(sa.select(sa.column("x")).select_from(sa.table("nowhere")))
    with reading(filled) as connection, pytest.raises(DatabaseError, match="a table is missing"):
        prepared.rows(connection, {})


@pytest.mark.postgres
def test_a_connection_that_was_cut_off_is_not_used_again(postgresql_url: str) -> None:
    """The read fails as the database's error, and its connection goes."""
    engine = open_database(postgresql_url)
    hang_up = Prepared(sa.select(sa.func.pg_terminate_backend(sa.func.pg_backend_pid())))
    with reading(engine) as connection:
        with pytest.raises(DatabaseError, match="it cannot be reached"):
            hang_up.rows(connection, {})
        assert connection.invalidated
    with reading(engine) as connection:
        assert Prepared(sa.select(sa.literal(1))).rows(connection, {}) == [(1,)]
    engine.dispose()
