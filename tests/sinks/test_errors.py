"""What drivers say, in words to act on."""

import sqlite3
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from sinks.errors import explained

SERVER = sa.make_url("postgresql+psycopg://ann:secret@host/plans")


def test_a_lock_that_is_never_released_is_said(tmp_path: Path) -> None:
    url = sa.URL.create("sqlite", database=str(tmp_path / "x.db"))
    holder, other = (sqlite3.connect(url.database or "", timeout=0, isolation_level=None) for _ in range(2))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as caught:
        other.execute("BEGIN IMMEDIATE")
    holder.close()
    other.close()
    assert "another program holds its lock" in str(explained(url, caught.value))


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(50000))")
    connection.close()
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 20_000)
    broken = sqlite3.connect(path)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        broken.execute("SELECT * FROM t").fetchall()
    broken.close()
    assert "the file is damaged" in str(explained(sa.make_url(f"sqlite:///{path}"), caught.value))


@pytest.mark.parametrize(
    ("sqlstate", "words"),
    [
        ("53100", "the server's disk is full"),
        ("53300", "the server has no connection left"),
        ("25006", "it is read-only"),
        ("42501", "permission was denied"),
        ("42P01", "a table is missing; run `fancy-trader db upgrade`"),
        ("40P01", "another transaction was in the way; try again"),
        ("57P01", "it cannot be reached"),
        ("28P01", "it cannot be reached"),
        ("53200", "it failed: out of memory"),
    ],
)
def test_a_servers_trouble_is_said_without_the_password(sqlstate: str, words: str) -> None:
    error = psycopg.errors.lookup(sqlstate)("out of memory\nDETAIL: of many lines")
    text = str(explained(SERVER, error))
    assert text.startswith(f"postgresql://ann@host/plans: {words}")
    assert "\n" not in text


@pytest.mark.parametrize("sqlstate", ["23505", "42601", "22P02"])
def test_a_mistake_of_ours_is_left_as_it_is(sqlstate: str) -> None:
    assert explained(SERVER, psycopg.errors.lookup(sqlstate)("x")) is None
    assert explained(sa.make_url("sqlite:///x"), sqlite3.IntegrityError("x")) is None
