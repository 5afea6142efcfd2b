"""Registering, replacing and cancelling over HTTP: what is written, what is refused, who may."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from api.app import create_app
from api.keys import ApiKey, Scope, digest_of
from api.settings import ApiSettings
from operators.lifecycle import register, step
from operators.plan_reading import NO_DEFAULTS, read_plan
from operators.records import Cancel
from operators.rows import Batch, ProgressRow, plan_row, state_row
from sinks.commands import StoredCommand
from sinks.database import open_database
from sinks.tables import commands
from sinks.writer import SinkWriter
from tests.api.conftest import NOW_NS, MakeClient

PLAN: dict[str, Any] = {
    "plan_id": "dip",
    "symbol": "AIG",
    "style": "intraday",
    "direction": "long",
    "entry": 49.0,
    "stop": 48.5,
    "targets": [49.5, 50.0],
}


def stored(url: str) -> list[StoredCommand]:
    """All commands in order."""
    engine = open_database(url, read_only=True)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(commands).order_by(commands.c.id)).all()
    engine.dispose()
    return [StoredCommand(*row) for row in rows]


def apply_all(url: str, at_ns: int) -> None:
    """What the flow does with commands: states and events, then the mark."""
    engine = open_database(url)
    for command in [each for each in stored(url) if each.applied_ns is None]:
        if command.kind == "register":
            plan = read_plan({**command.body["plan"], "valid_from": at_ns, "expires_at": at_ns + 10**12}, NO_DEFAULTS)
            state, events = register(plan, at_ns)
            batch = Batch(plans=(plan_row(plan, at_ns),), events=events, states=(state_row(plan, state),))
        elif command.kind == "watch":
            batch = Batch()
        else:
            plan = read_plan({**PLAN, "valid_from": at_ns - 5, "expires_at": at_ns + 10**12}, NO_DEFAULTS)
            state, _ = register(plan, at_ns - 5)
            state, events = step(plan, state, Cancel(at_ns, plan.plan_id))
            batch = Batch(events=events, states=(state_row(plan, state),))
        SinkWriter(engine, "tape").write(batch)
        with engine.begin() as connection:
            connection.execute(commands.update().where(commands.c.id == command.id).values(applied_ns=at_ns))
    engine.dispose()


@pytest.fixture
def client(make_client: MakeClient, empty_url: str) -> TestClient:
    """A client over an empty database, of each engine."""
    return make_client(empty_url, wait_ms=60_000)


@pytest.fixture
def flow(empty_url: str) -> Callable[[], None]:
    """Takes all commands."""
    return lambda: apply_all(empty_url, NOW_NS)


def test_a_plan_is_registered_replaced_and_cancelled(
    client: TestClient, empty_url: str, flow: Callable[[], None]
) -> None:
    """Each is a command with an id; the plan is there once the flow has taken it."""
    asked = client.post("/api/v1/plans", json=PLAN)
    command = asked.json()["command"]
    assert (asked.status_code, command["kind"], command["applied"], asked.json()["plan"]) == (
        202,
        "register",
        None,
        None,
    )
    assert asked.headers["location"] == f"/api/v1/commands/{command['id']}"
    assert stored(empty_url)[0].body == {"idempotency_key": None, "plan": PLAN}
    assert stored(empty_url)[0].created_ns == NOW_NS
    assert client.get("/api/v1/plans/dip").status_code == 404
    flow()
    told = client.get(asked.headers["location"]).json()
    assert (told["command"]["applied_ns"], told["plan"]["phase"]) == (NOW_NS, "waiting")
    assert client.post("/api/v1/plans", json=PLAN).status_code == 409
    assert client.put("/api/v1/plans/dip", json={**PLAN, "version": 1}).json()["errors"][0]["field"] == "version"
    replaced = client.put("/api/v1/plans/dip", json={**PLAN, "stop": 48.4})
    assert replaced.status_code == 202
    assert stored(empty_url)[1].body["plan"] == {**PLAN, "stop": 48.4, "version": 2}
    assert client.put("/api/v1/plans/other", json={**PLAN, "plan_id": "other"}).status_code == 404
    assert client.put("/api/v1/plans/other", json=PLAN).json()["errors"][0]["field"] == "plan_id"


def test_what_was_asked_for_counts_before_the_flow_has_come_to_it(
    client: TestClient, empty_url: str, flow: Callable[[], None]
) -> None:
    """Nothing that follows is lost: it is the next version, or refused at once; on the tape or not."""
    client.post("/api/v1/plans", json=PLAN)
    for _ in range(2):
        refused = client.post("/api/v1/plans", json={**PLAN, "stop": 48.4})
        assert refused.status_code == 409
        assert "asked for by command 1; PUT replaces it" in refused.json()["detail"]
        put_on_the_tape(empty_url)
    for stop in (48.3, 48.2):
        assert client.put("/api/v1/plans/dip", json={**PLAN, "stop": stop}).status_code == 202
    assert client.put("/api/v1/plans/dip", json={**PLAN, "version": 3}).status_code == 409
    assert client.put("/api/v1/plans/dip", json={**PLAN, "symbol": "IBM"}).status_code == 409
    assert client.delete("/api/v1/plans/dip").status_code == 202
    asked = [each.plan for each in stored(empty_url)]
    told = [each and (each.get("version"), each["stop"]) for each in asked]
    assert told == [(None, 48.5), (2, 48.3), (3, 48.2), None]


def test_what_the_flow_refused_does_not_stand_in_the_way(client: TestClient, empty_url: str) -> None:
    """Its tape has passed the command, and there is no such plan."""
    client.post("/api/v1/plans", json=PLAN)
    put_on_the_tape(empty_url)
    engine = open_database(empty_url)
    SinkWriter(engine, "tape").write(Batch(progress=(ProgressRow("AIG", NOW_NS, 0, 0, 0, 0, 0),)))
    engine.dispose()
    assert client.put("/api/v1/plans/dip", json=PLAN).status_code == 404
    assert client.delete("/api/v1/plans/dip").status_code == 404
    assert client.post("/api/v1/plans", json=PLAN).status_code == 202


def test_a_version_that_trades_another_symbol_is_refused(client: TestClient, flow: Callable[[], None]) -> None:
    """A plan has one symbol for all its life."""
    client.post("/api/v1/plans", json=PLAN)
    flow()
    refused = client.put("/api/v1/plans/dip", json={**PLAN, "symbol": "IBM"})
    assert (refused.status_code, refused.json()["errors"]) == (409, [{"field": "symbol", "message": "must be AIG"}])


def test_one_key_asks_once_also_when_the_rules_would_refuse_by_now(empty_url: str) -> None:
    """A client that sends again what was taken is told of its command, though the plan's end has passed since."""
    clock, key = [NOW_NS], {"Idempotency-Key": "k-1"}
    plan = PLAN | {"expires_at": NOW_NS + 600 * 10**9}
    with TestClient(create_app(ApiSettings(empty_url, clock=lambda: clock[0])), base_url="http://localhost") as client:
        first = client.post("/api/v1/plans", json=plan, headers=key)
        clock[0] += 601 * 10**9
        again, without = client.post("/api/v1/plans", json=plan, headers=key), client.post("/api/v1/plans", json=plan)
        other = client.post("/api/v1/plans", json=plan | {"stop": 1.0}, headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["command"]["id"] == first.json()["command"]["id"]
    assert (without.status_code, without.json()["errors"][0]["field"]) == (422, "expires_at")
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_only_a_live_plan_can_be_cancelled(client: TestClient, empty_url: str, flow: Callable[[], None]) -> None:
    assert client.delete("/api/v1/plans/dip").status_code == 404
    client.post("/api/v1/plans", json=PLAN)
    flow()
    assert client.delete("/api/v1/plans/dip").json()["command"]["kind"] == "cancel"
    flow()
    assert client.get("/api/v1/plans/dip").json()["plan"]["phase"] == "cancelled"
    refused = client.delete("/api/v1/plans/dip")
    assert (refused.status_code, "cancelled" in refused.json()["detail"]) == (409, True)
    assert [command.kind for command in stored(empty_url)] == ["register", "cancel"]


def test_one_key_asks_once(client: TestClient, empty_url: str, flow: Callable[[], None]) -> None:
    """Sent again, also after the flow has taken it, a command is the same command; another under its key is refused."""
    key = {"Idempotency-Key": "k-1"}
    first = client.post("/api/v1/plans", json=PLAN, headers=key).json()["command"]["id"]
    assert client.post("/api/v1/plans", json=PLAN, headers=key).json()["command"]["id"] == first
    flow()
    again = client.post("/api/v1/plans", json=PLAN, headers=key)
    assert (again.status_code, again.json()["command"]["id"], again.json()["plan"]["plan_id"]) == (200, first, "dip")
    assert client.post("/api/v1/plans", json={**PLAN, "stop": 48.0}, headers=key).status_code == 422
    assert client.delete("/api/v1/plans/dip", headers=key).status_code == 422
    change = {"Idempotency-Key": "k-2"}
    second = client.put("/api/v1/plans/dip", json={**PLAN, "stop": 48.4}, headers=change).json()["command"]["id"]
    flow()
    assert (
        client.put("/api/v1/plans/dip", json={**PLAN, "stop": 48.4}, headers=change).json()["command"]["id"] == second
    )
    assert len(stored(empty_url)) == 2


def test_waiting_answers_as_soon_as_the_flow_has_taken_the_command(
    client: TestClient, empty_url: str, flow: Callable[[], None]
) -> None:
    def soon() -> None:
        while not stored(empty_url):
            time.sleep(0.01)
        flow()

    thread = threading.Thread(target=soon)
    thread.start()
    answer = client.post("/api/v1/plans?wait=60000", json=PLAN)
    thread.join()
    assert (answer.status_code, answer.json()["plan"]["phase"]) == (200, "waiting")
    assert client.delete("/api/v1/plans/dip?wait=60").status_code == 202


def put_on_the_tape(url: str) -> None:
    """What the feed does with commands, long before a flow that is behind reads them."""
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(commands.update().where(commands.c.applied_ns.is_(None)).values(applied_ns=NOW_NS))
    engine.dispose()


def test_a_command_that_is_only_on_the_tape_is_not_taken(
    make_client: MakeClient, empty_url: str, flow: Callable[[], None]
) -> None:
    """No plan that is not there yet, no older version and none that lives on is shown as what was asked for."""
    client = make_client(empty_url, wait_ms=60)

    def told(answer: Any) -> tuple[int, Any]:
        put_on_the_tape(empty_url)
        again = client.get(answer.headers["location"]).json()
        assert again["command"]["applied_ns"] == NOW_NS
        return answer.status_code, again["plan"]

    key = {"Idempotency-Key": "k-1"}
    assert told(client.post("/api/v1/plans", json=PLAN, headers=key)) == (202, None)
    assert told(client.post("/api/v1/plans?wait=60", json=PLAN, headers=key)) == (202, None)
    other = {**PLAN, "plan_id": "other"}
    client.post("/api/v1/plans", json=other)
    flow()
    key = {"Idempotency-Key": "k-2"}
    assert told(client.put("/api/v1/plans/other", json={**other, "stop": 48.4}, headers=key)) == (202, None)
    assert told(client.put("/api/v1/plans/other?wait=60", json={**other, "stop": 48.4}, headers=key)) == (202, None)
    key = {"Idempotency-Key": "k-3"}
    assert told(client.delete("/api/v1/plans/other", headers=key)) == (202, None)
    assert told(client.delete("/api/v1/plans/other?wait=60", headers=key)) == (202, None)
    watched = client.post("/api/v1/universe", json={"symbol": "IBM"})
    assert told(watched) == (202, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"stop": 49.2}, "stop"),
        ({"stop": None}, "stop"),
        ({"targets": [49.5, 49.2]}, "targets[2]"),
        ({"targets": []}, "targets"),
        ({"entry": {"type": "guess"}}, "entry.type"),
        ({"direction": "up"}, "direction"),
        ({"valid_from": "yesterday"}, "valid_from"),
        ({"symbol": "Ä\ud800"}, "symbol"),
        ({"plan_id": "a b"}, "plan_id"),
        ({"size": 7}, "size"),
        ({"entry": 10**400}, "entry"),
        ({"at_risk_buffer": float("nan")}, "at_risk_buffer"),
    ],
)
def test_a_plan_that_breaks_a_rule_is_refused_by_field(
    make_client: MakeClient, sqlite_url: str, change: dict[str, Any], field: str
) -> None:
    """Refused before the database is looked at: there is none here, and the key is one of the settings."""
    client = make_client(sqlite_url, keys=(ApiKey("act", digest_of("w"), Scope.WRITE),))
    headers = {"Content-Type": "application/json", "Authorization": "Bearer w"}
    refused = client.post("/api/v1/plans", content=json.dumps({**PLAN, **change}), headers=headers)
    assert refused.status_code == 422, refused.text
    assert [error["field"] for error in refused.json()["errors"]] == [field]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # it is refused before the database is asked
@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("once", "twice", "field"),
    [('"stop": 48.5', '"stop": 48.5, "stop": 48.4', "stop"), ("49.0", '{"type": "stop", "type": "limit"}', "type")],
)
def test_a_plan_that_says_something_twice_is_refused(
    client: TestClient, empty_url: str, method: str, once: str, twice: str, field: str
) -> None:
    """As in a file: which of the two is meant nobody can know."""
    path = "/api/v1/plans" if method == "POST" else "/api/v1/plans/dip"
    body = json.dumps(PLAN).replace(once, twice)
    refused = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
    wanted = [{"field": field, "message": "is given twice; must be given once"}]
    assert (refused.status_code, refused.json()["errors"]) == (422, wanted)
    assert stored(empty_url) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # it is refused before the database is asked
def test_what_is_not_said_to_be_json_is_a_problem(client: TestClient) -> None:
    for text in ("{", "", '{"stop": 1, "stop": 2}'):
        found = client.post("/api/v1/plans", content=text, headers={"Content-Type": "text/plain"})
        assert (found.status_code, found.headers["content-type"]) == (422, "application/problem+json"), text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # it is refused before the database is asked
def test_a_body_that_is_no_plan_or_too_long_is_a_problem(client: TestClient) -> None:
    for text, status in (("{", 422), ("[1]", 422), ("", 422), ("[" * 5000, 400), ('"' + "x" * 70_000 + '"', 413)):
        found = client.post("/api/v1/plans", content=text, headers={"Content-Type": "application/json"})
        assert (found.status_code, found.headers["content-type"]) == (status, "application/problem+json"), text[:9]


def test_a_locked_database_is_a_problem_and_no_hang(
    client: TestClient, make_client: MakeClient, empty_url: str
) -> None:
    """It is told while the lock is still held."""
    hasty = make_client(empty_url, busy_s=0.1)
    engine = open_database(empty_url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(5064321001)")
        assert hasty.post("/api/v1/plans", json=PLAN).status_code == 503
        assert client.get("/api/v1/plans").status_code == 200
    engine.dispose()
    assert client.post("/api/v1/plans", json=PLAN).status_code == 202


def test_a_command_is_told_of_as_it_was_known_at_an_instant(make_client: MakeClient, empty_url: str) -> None:
    """Before it was asked for, while it waited, and once the flow had taken it."""
    path = make_client(empty_url).post("/api/v1/plans", json=PLAN).headers["location"]
    apply_all(empty_url, NOW_NS + 100)
    client = make_client(empty_url, clock=lambda: NOW_NS + 200)

    def known(at_ns: int) -> Any:
        found = client.get(path, params={"as_of": at_ns})
        return found.status_code if found.status_code != 200 else found.json()

    assert known(NOW_NS - 1) == 404
    for at_ns in (NOW_NS, NOW_NS + 99):
        told = known(at_ns)
        assert (told["as_of_ns"], told["command"]["applied_ns"], told["plan"]) == (at_ns, None, None)
    told = known(NOW_NS + 100)
    assert (told["command"]["applied_ns"], told["plan"]["phase"]) == (NOW_NS + 100, "waiting")
    assert client.get(path).json()["command"] == told["command"]
