"""Opening databases, and the one line that says why one cannot be used."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sinks.database import CACHE_KIB, DatabaseError, open_database, reading
from sinks.errors import DatabaseMissingError

COUNT = sa.text("SELECT count(*) FROM plan_events")
ADD_COMMAND = sa.text("INSERT INTO commands (kind, body, created_ns) VALUES ('cancel', '{}', 1)")


@pytest.fixture
def read_only(engine: sa.Engine) -> Iterator[sa.Engine]:
    """The migrated database, opened once more for reading."""
    opened = open_database(engine.url.render_as_string(hide_password=False), read_only=True)
    yield opened
    opened.dispose()


def message(url: str, *, read_only: bool = False) -> str:
    """What opening a database says when it fails: always one line."""
    with pytest.raises(DatabaseError) as caught:
        open_database(url, read_only=read_only)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_sqlite_connection_is_durable_and_patient(sqlite_url: str) -> None:
    engine = open_database(sqlite_url)
    with engine.connect() as connection:
        values = {
            pragma: connection.scalar(sa.text(f"PRAGMA {pragma}"))
            for pragma in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "journal_size_limit")
        }
    engine.dispose()
    assert values == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "busy_timeout": 30_000,
        "foreign_keys": 1,
        "journal_size_limit": 64 * 1024 * 1024,
    }


@pytest.mark.parametrize("kept", [CACHE_KIB, 64])
def test_a_writer_keeps_as_much_in_memory_as_it_is_told(sqlite_url: str, kept: int) -> None:
    engine = open_database(sqlite_url, cache_kib=kept)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("PRAGMA cache_size")) == -kept
    engine.dispose()


def test_a_sqlite_writer_takes_the_lock_as_it_begins(sqlite_url: str) -> None:
    """Any first statement will do; a second writer then waits, instead of failing half way."""
    engine = open_database(sqlite_url)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
        other = sqlite3.connect(engine.url.database or "", timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
    engine.dispose()


def test_a_reader_keeps_no_writer_waiting_and_sees_one_instant(engine: sa.Engine) -> None:
    with reading(engine) as connection:
        before = connection.scalar(sa.text("SELECT count(*) FROM commands"))
        with engine.begin() as writer:
            writer.execute(ADD_COMMAND)
        assert connection.scalar(sa.text("SELECT count(*) FROM commands")) == before == 0


@pytest.mark.postgres
def test_postgresql_urls_mean_psycopg(postgresql_url: str) -> None:
    """Whether the driver is named or not."""
    plain = postgresql_url.replace("postgresql+psycopg://", "postgresql://")
    engine = open_database(plain)
    assert engine.url.drivername == "postgresql+psycopg"
    engine.dispose()


def test_a_database_opened_for_reading_reads_and_refuses_to_write(read_only: sa.Engine) -> None:
    with read_only.connect() as connection:
        assert connection.scalar(COUNT) == 0
    with pytest.raises(DatabaseError, match="it is read-only"), read_only.begin() as connection:
        connection.execute(ADD_COMMAND)


def test_a_read_only_sqlite_url_refuses_to_write(sqlite_url: str, tmp_path: Path) -> None:
    open_database(sqlite_url).dispose()
    engine = open_database(f"sqlite:///file:{tmp_path / 'fancy.db'}?mode=ro&uri=true")
    with pytest.raises(DatabaseError, match="it is read-only; make the file"), engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE t (id INTEGER)"))
    engine.dispose()


def test_a_path_with_signs_that_a_uri_gives_meaning_to_opens_for_reading(tmp_path: Path) -> None:
    url = sa.URL.create("sqlite", database=str(tmp_path / "50% of #1?.db")).render_as_string()
    for read_only in (False, True):
        engine = open_database(url, read_only=read_only)
        with engine.connect() as connection:
            (_, _, opened), *_ = connection.execute(sa.text("PRAGMA database_list")).all()
        assert opened == str(tmp_path / "50% of #1?.db")
        engine.dispose()


def test_a_missing_file_is_created_for_writing_only(tmp_path: Path) -> None:
    assert "there is no such file" in message(f"sqlite:///{tmp_path}/new.db", read_only=True)
    assert not (tmp_path / "new.db").exists()
    open_database(f"sqlite:///{tmp_path}/new.db").dispose()
    assert (tmp_path / "new.db").exists()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder that even root cannot write to")
def test_a_folder_that_cannot_be_written_is_named_by_who_would_make_a_file_there() -> None:
    """It is no missing file: nobody asked for one that is there."""
    with pytest.raises(DatabaseError, match="the folder /proc/self cannot be written; make it writable") as found:
        open_database("sqlite:////proc/self/new.db")
    assert not isinstance(found.value, DatabaseMissingError)
    assert "there is no such file" in message("sqlite:////proc/self/new.db", read_only=True)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert f"the folder {tmp_path}/none does not exist" in message(f"sqlite:///{tmp_path}/none/x.db")


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert "it is a folder" in message(f"sqlite:///{tmp_path}")


def test_a_file_of_another_kind_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "plans.json"
    path.write_text('[{"plan_id": "P1"}]' * 100)
    assert "is not a SQLite database" in message(f"sqlite:///{path}")
    assert path.read_text().startswith('[{"plan_id"')


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    text = message("postgresql://ann:secret@127.0.0.1:1/plans?connect_timeout=2")
    assert text.startswith("postgresql://ann@127.0.0.1:1/plans?connect_timeout=2: it cannot be reached (")
    assert "refused" in text
    assert "secret" not in text


@pytest.mark.postgres
def test_a_database_that_the_server_lacks_is_named(postgresql_server: sa.URL) -> None:
    missing = postgresql_server.set(database="nowhere").render_as_string(hide_password=False)
    assert '"nowhere" does not exist' in message(missing)


@pytest.mark.parametrize(
    "url", ["", "plans.db", "sqlite:plans.db", "postgresql//ann:secret@host/x", "postgresql://ann:secret@host:port/x"]
)
def test_what_is_no_url_is_refused_with_the_forms_that_are(url: str) -> None:
    text = message(url)
    assert "is not a database URL; use sqlite:///FILE or postgresql://USER@HOST/NAME" in text
    assert "secret" not in text


@pytest.mark.parametrize(
    "url", ["mysql://ann:secret@host/x", "postgresql+asyncpg://ann:secret@host/x", "https://host/x"]
)
def test_another_engine_or_driver_is_refused(url: str) -> None:
    text = message(url)
    assert "is not supported; use sqlite:///FILE or postgresql://USER@HOST/NAME" in text
    assert "secret" not in text


@pytest.mark.parametrize("read_only", [False, True])
def test_an_option_that_would_be_ignored_is_refused(sqlite_url: str, read_only: bool) -> None:
    """Whoever writes mode=ro must not get a connection that writes."""
    text = message(f"{sqlite_url}?mode=ro", read_only=read_only)
    assert "options need a URI; write sqlite:///file:NAME?mode=ro&uri=true" in text


@pytest.mark.parametrize(("end", "named"), [("b.db", "b.db"), ("b=1", "b"), ("", ""), ("mode=ro&uri=true&b", "b")])
@pytest.mark.parametrize("read_only", [False, True])
def test_what_is_no_option_of_sqlite_is_refused_as_part_of_a_name(
    tmp_path: Path, end: str, named: str, read_only: bool
) -> None:
    """Another file would be written, the one that is named up to the question mark."""
    text = message(f"sqlite:///{tmp_path}/a?{end}", read_only=read_only)
    assert f"{named!r} is no option of SQLite; a question mark in a file's name is written %3F" in text
    assert not list(tmp_path.iterdir())


def test_a_question_mark_that_is_written_as_it_is_told_belongs_to_the_name(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path}/a%3Fb.db").dispose()
    assert (tmp_path / "a?b.db").exists()


def test_an_option_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    text = message(f"sqlite:///file:{tmp_path}/x.db?uri=true&timeout=long")
    assert "check the options after the question mark" in text


@pytest.mark.postgres
def test_an_unknown_option_of_a_postgresql_url_is_refused(postgresql_url: str) -> None:
    joint = "&" if "?" in postgresql_url else "?"
    assert "speed" in message(f"{postgresql_url}{joint}speed=1")


def test_a_missing_table_says_which_command_makes_it(database_url: str) -> None:
    engine = open_database(database_url)
    needed = "a table is missing; run `fancy-trader db upgrade`"
    with pytest.raises(DatabaseError, match=needed), engine.connect() as connection:
        connection.execute(COUNT)
    engine.dispose()


def test_a_mistake_of_ours_is_not_put_down_to_the_database(engine: sa.Engine) -> None:
    """A broken constraint is a bug: it keeps its own error and its traceback."""
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO streams (name) VALUES ('half')"))


@pytest.mark.postgres
def test_a_server_that_goes_away_in_between_is_reported_and_then_found_again(postgresql_url: str) -> None:
    engine = open_database(postgresql_url)
    hang_up = sa.text("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(DatabaseError, match="it cannot be reached"), engine.connect() as connection:
        connection.execute(hang_up)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    engine.dispose()
