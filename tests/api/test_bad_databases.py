"""A database that is gone, locked, damaged, or of another revision: every operation says so, and comes back."""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from starlette.testclient import TestClient
from websockets.exceptions import ConnectionClosed

from api.app import create_app
from api.document import operations_of
from api.settings import ApiSettings
from tests.api.conftest import Demo, MakeClient
from tests.api.serving import PATIENCE_S, hear_until, serving

UNTOUCHED = {"/healthz", "/metrics", "/api/v1/session", "/gpt/contracts"}
"""What needs no database: the loop, counters (which say that it is gone), the clock, what is not built."""
TRY_LATER = 1013
PAGE = 16_384


@contextmanager
def gone(file: Path) -> Iterator[None]:
    """Somebody moved it away."""
    away = file.with_name("away.db")
    file.rename(away)
    yield
    away.rename(file)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another program has it for itself."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("COMMIT")


@contextmanager
def damaged(file: Path) -> Iterator[None]:
    """It is no database any more."""
    kept = file.read_bytes()
    file.write_bytes(b"no database" * 1_000)
    yield
    file.write_bytes(kept)


def of_revision(name: str) -> Callable[[Path], Any]:
    """Tables that another version of this program made."""

    @contextmanager
    def changed(file: Path) -> Iterator[None]:
        kept = _revision(file, name)
        yield
        _revision(file, kept)

    return changed


def _revision(file: Path, name: str) -> str:
    with closing(sqlite3.connect(file)) as connection:
        (kept,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.execute("UPDATE alembic_version SET version_num = ?", (name,))
        connection.commit()
    return str(kept)


TROUBLE = {
    "gone": gone,
    "locked": locked,
    "damaged": damaged,
    "older": of_revision("0001"),
    "newer": of_revision("9999"),
}


@pytest.fixture
def file(demo: Demo, tmp_path: Path) -> Path:
    """A copy of the demo's database, without files beside it."""
    path = tmp_path / "plans.db"
    with (
        closing(sqlite3.connect(demo.url.removeprefix("sqlite:///"))) as source,
        closing(sqlite3.connect(path)) as copy,
    ):
        source.backup(copy)
    return path


@cache
def operations() -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """Every operation of the document, which is the same over any database; to write it takes as long as a test."""
    return tuple(operations_of(create_app(ApiSettings("sqlite://")).openapi()))


def asked() -> Iterator[tuple[str, str, Any]]:
    """Every operation that needs the database, with the document's own example as its body."""
    for path, method, operation in operations():
        content = operation.get("requestBody", {}).get("content", {})
        if path not in UNTOUCHED:
            named = path.replace("{plan_id}", "aig-dip").replace("{symbol}", "AIG").replace("{command_id}", "1")
            query = "?plan_id=aig-dip" if path.endswith("chart-layers") else ""
            yield method, named + query, next((each["example"] for each in content.values()), None)


@pytest.mark.parametrize("name", TROUBLE)
def test_every_operation_answers_with_a_problem_and_works_again_afterwards(
    name: str, make_client: MakeClient, file: Path
) -> None:
    with TROUBLE[name](file):
        client = make_client(f"sqlite:///{file}", busy_s=0.05, auth_s=0.05)
        for method, path, body in asked():
            found = client.request(method, path, json=body)
            assert found.status_code == 503, (method, path, found.text)
            assert found.headers["content-type"] == "application/problem+json"
            assert found.headers["retry-after"] == "1"
            assert "Traceback" not in found.text
            assert "\n" not in found.json()["detail"]
        assert client.get("/healthz").status_code == 200
    until_status(client, 200)


@pytest.mark.parametrize("name", TROUBLE)
def test_the_stream_says_so_and_asks_to_come_again(name: str, file: Path) -> None:
    with TROUBLE[name](file), serving(f"sqlite:///{file}", busy_s=0.05, auth_s=0.05) as server:
        for path in ("/ws/plans", "/ws/plans/aig-dip"):
            with server.connect(path) as socket, pytest.raises(ConnectionClosed) as closed:
                hear_until(socket, lambda said: (said["type"], said.get("code")) != ("error", "database"))
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == TRY_LATER


@pytest.mark.parametrize("name", ["gone", "older", "newer"])
def test_trouble_that_begins_while_it_is_open_is_noticed_and_is_over_once_it_ends(
    name: str, make_client: MakeClient, file: Path
) -> None:
    """A file that is open stays readable when it is moved, and tables when they are upgraded: the follower looks."""
    client = make_client(f"sqlite:///{file}", poll_s=0.05)
    assert client.get("/api/v1/plans").status_code == 200
    with TROUBLE[name](file):
        until_status(client, 503)
        for method, path, body in asked():
            found = client.request(method, path, json=body)
            if path == "/sse/plans" and found.status_code == 200:  # it knew its log, began, and says why it ends
                assert '{"type":"error","code":"database"' in found.text
                continue
            assert found.status_code == 503, (method, path, found.text)
            assert found.headers["content-type"] == "application/problem+json"
    until_status(client, 200)


SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "cut in half": lambda whole: whole[: len(whole) // 2],
    "emptied": lambda _: b"",
    "another header": lambda whole: b"x" * 100 + whole[100:],
    "pages of zeros": lambda whole: whole[:PAGE] + bytes(len(whole) - PAGE),
    "pages of noise": lambda whole: whole[:PAGE] + Random(1).randbytes(len(whole) - PAGE),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_file_that_is_damaged_while_it_is_open_gives_what_it_gave_before_or_a_problem(
    name: str, make_client: MakeClient, file: Path, tmp_path: Path
) -> None:
    """What is read already may still be told, and is right; all else is 503.  Put back, the file is read again."""
    other = tmp_path / "other.db"
    other.write_bytes(file.read_bytes())
    right = make_client(f"sqlite:///{other}")
    client = make_client(f"sqlite:///{file}", poll_s=0.05)
    reads = [each for each in asked() if each[0] == "get" or each[1].startswith("/gpt")]
    reads = [each for each in reads if each[1] != "/sse/plans"]
    assert client.get("/api/v1/plans?limit=1").status_code == 200
    whole = file.read_bytes()
    with file.open("r+b") as damaged_file:
        damaged_file.truncate(0)
        damaged_file.write(SPOILED[name](whole))
    codes = Counter[int]()
    for method, path, body in reads:
        found = client.request(method, path, json=body)
        codes[found.status_code] += 1
        if found.status_code == 503:
            assert found.headers["content-type"] == "application/problem+json"
            assert "Traceback" not in found.text
        else:
            assert path == "/readyz" or found.json() == right.request(method, path, json=body).json(), path
    assert set(codes) <= {200, 404, 503}
    assert codes[503] or name == "another header"  # the rest of that file is whole
    file.write_bytes(whole)
    until_status(client, 200)


def until_status(client: TestClient, wanted: int) -> None:
    """Ask until the answer is as it should be."""
    until = time.monotonic() + PATIENCE_S
    while client.get("/api/v1/plans").status_code != wanted:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_lock_that_another_program_keeps_is_a_problem_to_who_writes_and_nothing_to_who_reads(
    make_client: MakeClient, file: Path
) -> None:
    client, hasty = make_client(f"sqlite:///{file}"), make_client(f"sqlite:///{file}", busy_s=0.05)
    plan = {"plan_id": "x", "symbol": "AIG", "style": "swing", "direction": "long", "entry": 9, "stop": 8}
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        assert client.delete("/api/v1/plans/none").status_code == 404
        other.execute("BEGIN IMMEDIATE")
        refused = hasty.post("/api/v1/plans", json={**plan, "targets": [10]})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert "holds its lock" in refused.json()["detail"]
        assert client.get("/api/v1/plans").status_code == 200
    assert client.post("/api/v1/plans", json={**plan, "targets": [10]}).status_code == 202
