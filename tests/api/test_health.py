"""What the server says of itself: that it turns, whether it can answer, and what it counts."""

import asyncio
import re
import sqlite3
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from api.keys import ApiKey, Scope, digest_of
from api.relay.hub import Hub
from operators.rows import Batch, ProgressRow
from operators.times import SECOND_NS
from sinks.database import open_database
from sinks.fencing import set_failure, take
from sinks.schema import ensure_schema
from sinks.streams import set_inputs
from sinks.writer import SinkWriter
from tests.api.conftest import NOW_NS, Demo, MakeClient
from tests.api.serving import PATIENCE_S, Flow, serving, subscribed

NIGHT_NS = NOW_NS + 12 * 3600 * SECOND_NS
DOOR = (ApiKey("look", digest_of("r"), Scope.READ),)


def measured(client: TestClient, **headers: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample: its name and the values of its labels."""
    text = client.get("/metrics", headers=headers).text
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def checks(client: TestClient) -> dict[str, Any]:
    """What /readyz says, by check."""
    found = client.get("/readyz")
    assert found.status_code == 200, found.text
    return {"status": found.json()["status"], **{each["name"]: each for each in found.json()["checks"]}}


def going(url: str, tape_ns: int | None) -> None:
    """A run under way, which has come so far."""
    engine = open_database(url)
    ensure_schema(engine)
    set_inputs(engine, "tape", {})
    if tape_ns is not None:
        SinkWriter(engine, "tape").write(Batch(progress=(ProgressRow("AIG", tape_ns, 1, 1, 0, 0, 0),)))
    engine.dispose()


def on_loop(client: TestClient, what: Callable[[Hub], Any]) -> None:
    """Do something with the app's relay, on its event loop."""
    hub: Hub = client.app.state.hub  # type: ignore[attr-defined]

    async def done() -> None:
        found = what(hub)
        if found is not None:
            await found

    assert client.portal is not None
    client.portal.call(done)


def wait_for_relay(client: TestClient) -> None:
    """Until the relay has read the database."""

    async def looked(hub: Hub) -> None:
        while not hub.looked_s:
            await asyncio.sleep(0.005)

    on_loop(client, looked)


def test_a_server_without_a_database_turns_but_is_not_ready(make_client: MakeClient, tmp_path: Path) -> None:
    client = make_client(f"sqlite:///{tmp_path / 'none.db'}")
    alive = client.get("/healthz")
    assert (alive.status_code, alive.json()["status"], alive.json()["session"]["phase"]) == (200, "alive", "regular")
    found = client.get("/readyz")
    assert (found.status_code, found.headers["retry-after"]) == (503, "1")
    assert found.headers["content-type"] == "application/problem+json"
    assert [each["field"] for each in found.json()["errors"]] == ["database"]
    assert "none.db" not in found.text  # a probe has no key, and is told no names
    assert measured(client)["fancy_trader_database_up", ()] == 0


@pytest.mark.parametrize("other", ["0001", "9999"])
@pytest.mark.parametrize("opened", [False, True], ids=["before it was opened", "under a running server"])
def test_tables_of_another_revision_are_named_as_the_reason(
    other: str, opened: bool, make_client: MakeClient, tmp_path: Path
) -> None:
    file = tmp_path / "plans.db"
    going(f"sqlite:///{file}", NOW_NS)
    client = make_client(f"sqlite:///{file}")
    if opened:
        wait_for_relay(client)
        assert client.get("/readyz").status_code == 200
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (other,))
    connection.close()
    found = client.get("/readyz")
    assert (found.status_code, [each["field"] for each in found.json()["errors"]]) == (503, ["schema"])


@pytest.mark.parametrize(
    ("tape_ns", "now_ns", "status"),
    [
        (NOW_NS - 2 * SECOND_NS, NOW_NS, "ok"),
        (NOW_NS - 31 * SECOND_NS, NOW_NS, "degraded"),
        (None, NOW_NS, "degraded"),
        (NOW_NS - 31 * SECOND_NS, NIGHT_NS, "ok"),
        (None, NIGHT_NS, "ok"),
    ],
    ids=["fresh", "late", "nothing read", "silent at night", "nothing read at night"],
)
def test_a_late_flow_degrades_while_the_market_is_open_and_is_fine_at_night(
    tape_ns: int | None, now_ns: int, status: str, make_client: MakeClient, sqlite_url: str
) -> None:
    """How a run fares is read from both databases in the tests of the pulse."""
    going(sqlite_url, tape_ns)
    client = make_client(sqlite_url, clock=lambda: now_ns)
    wait_for_relay(client)
    found = checks(client)
    assert (found["flow"]["status"], found["relay"]["status"]) == (status, "ok")
    assert found["status"] == ("ready" if status == "ok" else "degraded")


def test_a_run_that_gave_up_is_not_ready_until_another_takes_it_up(make_client: MakeClient, sqlite_url: str) -> None:
    """What is there is whole, but nothing new comes; the probe is told no names."""
    going(sqlite_url, NOW_NS)
    engine = open_database(sqlite_url)
    set_failure(engine, "tape", take(engine, "tape"), "/secret/place.db: the disk is full")
    client = make_client(sqlite_url)
    found = client.get("/readyz")
    assert (found.status_code, [each["field"] for each in found.json()["errors"]]) == (503, ["flow"])
    assert "secret" not in found.text
    take(engine, "tape")
    engine.dispose()
    assert client.get("/readyz").status_code == 200


def test_no_run_under_way_is_ready_and_a_relay_that_failed_is_degraded(client: TestClient) -> None:
    wait_for_relay(client)
    assert checks(client)["flow"]["detail"] == "no run is under way"
    on_loop(client, Hub.failed)
    found = checks(client)
    assert (found["status"], found["relay"]["status"]) == ("degraded", "degraded")


def test_requests_are_counted_by_route_and_never_by_what_clients_make_up(make_client: MakeClient, demo: Demo) -> None:
    client, other = make_client(demo.url), make_client(demo.url)
    for name in ("a", "b", "c"):
        assert client.get(f"/api/v1/plans/{name}").status_code == 404
        assert client.get(f"/{name}").status_code == 404
    assert client.request("BREW", "/healthz").status_code == 405
    assert client.post("/api/v1/plans", content=b"x" * 70_000).status_code == 413
    found = measured(client)
    name = "fancy_trader_requests_total"
    assert {labels: value for (each, labels), value in found.items() if each == name} == {
        ("GET", "/api/v1/plans/{plan_id}", "404"): 3,
        ("GET", "none", "404"): 3,
        ("other", "/healthz", "405"): 1,
        ("POST", "none", "413"): 1,
    }
    assert found["fancy_trader_request_seconds_count", ("GET", "/api/v1/plans/{plan_id}")] == 3
    assert not [each for each, _ in measured(other) if each == name and _ != ("GET", "/metrics", "200")]


def test_a_defect_is_counted_as_500(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("api.routes.health.flow_check", broken)
    assert client.get("/readyz").status_code == 500
    assert measured(client)["fancy_trader_requests_total", ("GET", "/readyz", "500")] == 1


def test_metrics_tell_of_plans_limits_and_the_process(client: TestClient) -> None:
    found = measured(client)
    plans = client.get("/api/v1/plans", params={"limit": 1000}).json()["plans"]
    assert sum(value for (name, _), value in found.items() if name == "fancy_trader_plans") == len(plans)
    assert found["fancy_trader_database_up", ()] == 1
    assert found["fancy_trader_divergences_total", ()] == 0
    assert found["fancy_trader_limit", ("body_bytes",)] == 65_536
    assert found["process_resident_memory_bytes", ()] > 0


def test_metrics_need_a_key_where_there_are_keys(make_client: MakeClient, demo: Demo) -> None:
    client = make_client(demo.url, keys=DOOR)
    assert client.get("/metrics").status_code == 401
    assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    assert measured(client, Authorization="Bearer r")["fancy_trader_database_up", ()] == 1


def test_who_listens_is_counted(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'plans.db'}"
    flow = Flow(url)
    flow.happen("aig-1", "ge-1")
    flow.close()
    with serving(url) as server, server.connect() as socket:
        subscribed(socket)
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=PATIENCE_S) as answer:
            text = answer.read().decode()
    assert re.search(r"^fancy_trader_relay_clients 1\.0$", text, re.MULTILINE)
    assert re.search(r"^fancy_trader_relay_position 2\.0$", text, re.MULTILINE)
    assert re.search(r"^fancy_trader_events_total 2\.0$", text, re.MULTILINE)
