"""Migrations: what an empty, a current, an older, a newer and a foreign database get."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from sinks import schema
from sinks.database import DatabaseError, open_database, reading
from sinks.schema import HEAD, REVISIONS, ensure_schema, revision, upgrade
from sinks.tables import market_events, metadata, plan_states

ROOT = Path(__file__).resolve().parents[2]
ENSURE = """
import sys
from sinks.database import open_database
from sinks.schema import ensure_schema
ensure_schema(open_database(sys.argv[1]))
print("alembic" in sys.modules)
"""


def set_revision(engine: sa.Engine, value: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :value"), {"value": value})


def test_migrating_gives_the_tables_that_the_code_describes(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert revision(connection) == HEAD


def test_every_revision_is_known_without_asking_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", "sinks:migrations")
    scripts = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(scripts)) == REVISIONS


def test_an_empty_database_is_migrated_by_itself(database_url: str) -> None:
    engine = open_database(database_url)
    with reading(engine) as connection:
        assert revision(connection) is None
    ensure_schema(engine)
    with reading(engine) as connection:
        assert set(metadata.tables) < set(sa.inspect(connection).get_table_names())
    engine.dispose()


def described(engine: sa.Engine) -> list[tuple[object, ...]]:
    """Everything the database itself says of its tables."""
    texts = {
        "sqlite": "SELECT type, name, tbl_name, replace(replace(sql, char(10), ''), char(9), '') FROM sqlite_master",
        "postgresql": (
            "SELECT table_name, column_name, ordinal_position, data_type, collation_name, is_nullable, column_default,"
            " (SELECT string_agg(indexdef, ';' ORDER BY indexdef) FROM pg_indexes WHERE tablename = table_name),"
            " (SELECT reloptions FROM pg_class WHERE oid = table_name::regclass)"
            " FROM information_schema.columns WHERE table_schema = 'public'"
        ),
    }
    with reading(engine) as connection:
        rows = connection.execute(sa.text(texts[engine.dialect.name])).all()
    return sorted((tuple(row) for row in rows), key=repr)


def drop_everything(engine: sa.Engine) -> None:
    """Leave an empty database."""
    with engine.begin() as connection:
        for name in sa.inspect(connection).get_table_names():
            connection.execute(sa.text(f"DROP TABLE {name}"))


def test_tables_made_at_once_are_those_that_the_migrations_make(database_url: str) -> None:
    """An empty database takes the short way; it must come out the same."""
    engine = open_database(database_url)
    upgrade(engine)
    migrated = described(engine)
    drop_everything(engine)
    ensure_schema(engine)
    assert described(engine) == migrated
    engine.dispose()


def test_a_current_database_is_left_alone_without_alembic(engine: sa.Engine) -> None:
    """Importing it costs more than a replay of a small day."""
    upgrade(engine)
    url = engine.url.render_as_string(hide_password=False)
    done = subprocess.run([sys.executable, "-c", ENSURE, url], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_two_programs_may_meet_an_empty_database_at_once(database_url: str) -> None:
    command = [sys.executable, "-c", ENSURE, database_url]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
    for process in running:
        process.communicate()
    assert [process.returncode for process in running] == [0, 0]


def test_an_older_database_is_refused_until_it_is_upgraded(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's tables change unasked."""
    monkeypatch.setattr(schema, "REVISIONS", (*REVISIONS, "9998"))
    monkeypatch.setattr(schema, "HEAD", "9998")
    with pytest.raises(DatabaseError, match=rf"of revision {REVISIONS[-1]}, not 9998; run `fancy-trader db upgrade`"):
        ensure_schema(engine)


STATE: Final = (
    "INSERT INTO plan_states (plan_id, version, symbol, phase, gate, effective_stop, targets_hit, remaining_fraction,"
    " realized_r, rr_to_next_target, last_seq, updated_ns)"
    " VALUES (:name, 1, 'A', 'open', 'allow', 9.5, 0, 1, 0, 2.5, 3, 7)"
)


EVENT: Final = "INSERT INTO market_events VALUES ('E', '*', 'cpi', 'high', 7, 5, '')"


@pytest.mark.postgres
def test_an_upgrade_takes_nobodys_rights(postgresql_url: str) -> None:
    """Whoever could read all tables before still can; from each revision there ever was."""
    engine = open_database(postgresql_url)
    for older in REVISIONS[:-1]:
        upgrade_to(engine, older)
        with engine.begin() as connection:
            before = sa.inspect(connection).get_table_names()
            connection.execute(sa.text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO pg_monitor"))
        upgrade(engine)
        with reading(engine) as connection:
            right = sa.text("SELECT has_table_privilege('pg_monitor', :name, 'SELECT')")
            assert all(connection.scalar(right, {"name": name}) for name in before), older
        drop_everything(engine)
    engine.dispose()


def upgrade_to(engine: sa.Engine, revision: str) -> None:
    """Make the tables of an older version."""
    config = Config()
    config.set_main_option("script_location", "sinks:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_an_upgrade_keeps_what_an_older_database_holds(database_url: str) -> None:
    """From each revision there ever was."""
    engine = open_database(database_url)
    for older in REVISIONS[:-1]:
        upgrade_to(engine, older)
        with engine.begin() as connection:
            connection.execute(sa.text("INSERT INTO streams VALUES (:name, 7, 0, '{}', false)"), {"name": older})
            for name in ("b", older, "A"):
                connection.execute(sa.text(STATE), {"name": name})
            connection.execute(sa.text(EVENT))
        with pytest.raises(DatabaseError, match=f"of revision {older}, not {HEAD}"):
            ensure_schema(engine)
        upgrade(engine)
        ensure_schema(engine)
        with reading(engine) as connection:
            assert connection.scalars(sa.text("SELECT name FROM streams")).all() == [older]
            kept = connection.execute(sa.select(plan_states).order_by("plan_id")).all()
            assert [row[:3] + row[17:] for row in kept] == [(n, 1, "A", 2.5, 3, 7, None) for n in (older, "A", "b")]
            assert connection.execute(sa.select(market_events)).all() == [("E", "*", "cpi", "high", 7, 5, "", 0, 0)]
            assert set(metadata.tables) < set(sa.inspect(connection).get_table_names())
        drop_everything(engine)
    engine.dispose()


@pytest.mark.parametrize("act", [ensure_schema, upgrade])
def test_a_database_of_a_newer_program_is_refused(engine: sa.Engine, act: Callable[[sa.Engine], None]) -> None:
    set_revision(engine, "9999")
    with pytest.raises(DatabaseError, match="of revision 9999, which this program does not know; update it"):
        act(engine)


def test_an_empty_database_that_is_only_read_stays_empty(database_url: str) -> None:
    engine = open_database(database_url)
    with pytest.raises(DatabaseError, match="it is empty; let `fancy-trader replay` or `live` write to it first"):
        ensure_schema(engine, create=False)
    with reading(engine) as connection:
        assert sa.inspect(connection).get_table_names() == []
    upgrade(engine)
    ensure_schema(engine, create=False)
    engine.dispose()


def test_tables_of_another_program_are_not_joined(database_url: str) -> None:
    """A mistyped name must not turn somebody's database into ours."""
    engine = open_database(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE invoices (id INTEGER)"))
    for join in (ensure_schema, upgrade):
        with pytest.raises(DatabaseError, match=r"holds tables of another program \(invoices\)"):
            join(engine)
    with reading(engine) as connection:
        assert sa.inspect(connection).get_table_names() == ["invoices"]
    engine.dispose()


def test_tables_that_are_missing_are_named_and_not_called_up_to_date(database_url: str) -> None:
    engine = open_database(database_url)
    ensure_schema(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE plan_states"))
    with pytest.raises(
        DatabaseError, match=r"tables are missing \(plan_states\); restore a copy, or replay into a new"
    ):
        upgrade(engine)
    engine.dispose()


def test_names_sort_byte_by_byte(engine: sa.Engine) -> None:
    """Whatever the server's locale says, so that both engines keep one order."""
    with engine.begin() as connection:
        for name in ("b", "A", "_", "a", "B", "a.b", "a-b"):
            connection.execute(sa.text("INSERT INTO streams VALUES (:name, 0, 0, '{}', false)"), {"name": name})
        names = connection.scalars(sa.text("SELECT name FROM streams ORDER BY name")).all()
    assert names == sorted(names)
