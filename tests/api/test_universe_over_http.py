"""Adding a symbol to the universe over HTTP: what is written and refused, and what a question for its plan says."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.keys import ApiKey, Scope, digest_of
from sinks.commands import append_watch, mark_applied
from sinks.database import open_database
from tests.api.conftest import NOW_NS, MakeClient
from tests.api.test_commands_over_http import apply_all, stored

URL = "/api/v1/universe"


@pytest.fixture
def client(make_client: MakeClient, empty_url: str) -> TestClient:
    """A client over an empty database, of each engine."""
    return make_client(empty_url, wait_ms=60_000)


@contextmanager
def soon(url: str) -> Iterator[None]:
    """The flow takes the first command as soon as it is there."""

    def take() -> None:
        while not stored(url):
            time.sleep(0.01)
        apply_all(url, NOW_NS)

    thread = Thread(target=take)
    thread.start()
    yield
    thread.join()


def test_a_symbol_is_asked_for_and_taken(client: TestClient, empty_url: str) -> None:
    asked = client.post(URL, json={"symbol": "BRK.B"})
    command = asked.json()["command"]
    assert (asked.status_code, command["kind"], command["symbol"], command["plan_id"]) == (
        202,
        "watch",
        "BRK.B",
        None,
    )
    assert asked.headers["location"] == f"/api/v1/commands/{command['id']}"
    assert (command["applied"], asked.json()["plan"]) == (None, None)
    (row,) = stored(empty_url)
    assert (row.kind, row.plan_id, row.symbol, row.plan, row.created_ns) == ("watch", None, "BRK.B", None, NOW_NS)
    apply_all(empty_url, NOW_NS)
    taken = client.get(asked.headers["location"]).json()
    assert (taken["command"]["applied_ns"], taken["command"]["symbol"], taken["plan"]) == (NOW_NS, "BRK.B", None)


def test_an_answer_waits_for_the_flow_and_no_longer_than_it_was_told_to(client: TestClient, empty_url: str) -> None:
    """A symbol that is there already is accepted again; where no flow runs the wait ends."""
    with soon(empty_url):
        taken = client.post(URL, params={"wait": 60_000}, json={"symbol": "AIG"})
    assert (taken.status_code, taken.json()["command"]["applied_ns"]) == (200, NOW_NS)
    again = client.post(URL, params={"wait": 40}, json={"symbol": "AIG"})
    assert (again.status_code, again.json()["command"]["applied"]) == (202, None)
    assert again.json()["command"]["id"] != taken.json()["command"]["id"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # it is refused before the database is asked
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "symbol"),
        ({"symbol": ""}, "symbol"),
        ({"symbol": "*"}, "symbol"),
        ({"symbol": "A,B"}, "symbol"),
        ({"symbol": "A B"}, "symbol"),
        ({"symbol": "A\n"}, "symbol"),
        ({"symbol": "É"}, "symbol"),
        ({"symbol": "X" * 33}, "symbol"),
        ({"symbol": 7}, "symbol"),
        ({"symbol": "AIG", "symbols": ["IBM"]}, "symbols"),
    ],
)
def test_what_is_no_symbol_is_refused_by_the_name_of_its_field(
    client: TestClient, empty_url: str, body: dict[str, Any], field: str
) -> None:
    said = client.post(URL, json=body)
    assert (said.status_code, [each["field"] for each in said.json()["errors"]]) == (422, [field])
    assert stored(empty_url) == []


def test_an_idempotency_key_asks_once(client: TestClient, empty_url: str) -> None:
    key = {"Idempotency-Key": "once"}
    first, second = (client.post(URL, json={"symbol": "AIG"}, headers=key).json()["command"] for _ in range(2))
    assert first == second
    assert len(stored(empty_url)) == 1
    reused = client.post(URL, json={"symbol": "IBM"}, headers=key)
    assert (reused.status_code, reused.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert client.post(URL, json={"symbol": "IBM"}, headers={"Idempotency-Key": "other"}).status_code == 202


def test_only_who_may_write_may_add(make_client: MakeClient, empty_url: str) -> None:
    keys = tuple(ApiKey(scope, digest_of(scope), Scope(scope)) for scope in ("read", "write"))
    client = make_client(empty_url, keys=keys)
    codes = [
        client.post(URL, json={"symbol": "AIG"}, headers={"Authorization": f"Bearer {each}"}).status_code
        for each in ("none", "read", "write")
    ]
    assert codes == [401, 403, 202]


def test_a_question_for_a_plan_says_how_to_add_the_symbol_and_whether_that_was_done(
    client: TestClient, empty_url: str
) -> None:
    """As of an instant it knows what was asked for and taken by then."""

    def hint(**asked: Any) -> str:
        said = client.post("/gpt/plan", json={"symbol": "NEW.X"}, params=asked)
        assert said.status_code == 404
        detail: str = said.json()["detail"]
        return detail

    adds = 'the symbol is outside the universe; POST /api/v1/universe with {"symbol": "NEW.X"} adds it'
    assert adds in hint()
    engine = open_database(empty_url)
    with engine.begin() as connection:
        number = append_watch(connection, "NEW.X", NOW_NS - 9).id
        append_watch(connection, "OTHER", NOW_NS - 9)
    assert f"command {number} of 2026-06-18T16:26:39" in hint()
    assert "waits for the flow" in hint()
    with engine.begin() as connection:
        mark_applied(connection, [number], NOW_NS - 5)
    engine.dispose()
    assert f"command {number} added it to the universe at 2026-06-18T16:26:39" in hint()
    assert "no bar of it has ended since" in hint()
    assert adds in hint(as_of=NOW_NS - 10)
    assert "waits for the flow" in hint(as_of=NOW_NS - 6)
