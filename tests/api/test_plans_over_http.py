"""Reading plans over HTTP: pages, one plan, its events, as of an instant, and how failures look."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.shapes.plans import PlanOut
from operators.market_events import MarketEvent, Severity
from operators.rebuilding import BY_TICKS
from operators.rows import MarketEventRow
from operators.times import parse_instant
from sinks.database import open_database
from sinks.writer import write_market_events
from tests.api.conftest import NOW_NS, Demo, MakeClient

NOON = "2026-06-17T12:00:00-04:00"
INSTANTS = ["2026-06-17T10:17:03-04:00", NOON]


def every(client: TestClient, path: str, key: str, **params: Any) -> list[dict[str, Any]]:
    """All rows of a list, page by page."""
    rows: list[dict[str, Any]] = []
    while True:
        page = client.get(path, params=params).json()
        rows += page[key]
        if page["next_cursor"] is None:
            return rows
        params["cursor"] = page["next_cursor"]


def live_rows(url: str) -> dict[str, dict[str, Any]]:
    """The plan_states table, by plan_id."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.row_factory = sqlite3.Row
    rows = {row["plan_id"]: dict(row) for row in connection.execute("SELECT * FROM plan_states")}
    connection.close()
    return rows


@pytest.mark.parametrize("instant", INSTANTS)
def test_a_state_as_of_an_instant_is_the_live_table_of_that_instant(
    make_client: MakeClient, demo: Demo, instant: str
) -> None:
    """Every plan, every field that events tell; what ticks tell too wherever the flow's own row is of that instant."""
    then = live_rows(demo.until(parse_instant(instant)))
    shown = every(make_client(demo.url), "/api/v1/plans", "plans", as_of=instant, limit=7)
    assert [plan["plan_id"] for plan in shown] == sorted(then)
    exact = 0
    for plan in shown:
        row = then[plan["plan_id"]]
        told = set(row) if plan["basis"] == "live" else set(row) - set(BY_TICKS)
        assert {name: plan[name] for name in told} == {name: row[name] for name in told}, plan
        if plan["updated_ns"] == row["updated_ns"] and plan["trail_stop"] == row["trail_stop"]:
            exact += 1
            rest = {"last_price", "effective_stop", "open_r", "rr_to_next_target"}
            assert plan["last_price"] is None or {n: plan[n] for n in rest} == {n: row[n] for n in rest}
    assert exact > 5


def test_nothing_later_than_the_instant_shows_in_any_read(make_client: MakeClient, demo: Demo) -> None:
    """The database of the whole day, asked as of noon, answers as one that was written up to noon."""
    whole, half = make_client(demo.url), make_client(demo.until(parse_instant(NOON)))
    for plan_id in live_rows(demo.until(parse_instant(NOON))):
        events = f"/api/v1/plans/{plan_id}/events"
        assert whole.get(events, params={"as_of": NOON}).json()["events"] == half.get(events).json()["events"]
        one = f"/api/v1/plans/{plan_id}"
        assert whole.get(one, params={"as_of": NOON}).json()["versions"] == half.get(one).json()["versions"]
    assert whole.get("/api/v1/plans", params={"as_of": "2026-06-16T12:00:00Z"}).json()["plans"] == []


def test_every_filter_narrows_the_list_now_and_then(client: TestClient) -> None:
    for then in ({}, {"as_of": NOON}):
        rows = every(client, "/api/v1/plans", "plans", **then)
        assert len(rows) > 20
        for name in ("symbol", "style", "direction", "phase"):
            value = rows[3][name]
            wanted = [row for row in rows if row[name] == value]
            assert 0 < len(wanted) < len(rows)
            assert every(client, "/api/v1/plans", "plans", **{name: value, "limit": 2, **then}) == wanted
        since = sorted(row["updated_ns"] for row in rows)[len(rows) // 2]
        wanted = [row for row in rows if row["updated_ns"] >= since]
        assert every(client, "/api/v1/plans", "plans", updated_since=str(since), **then) == wanted
        assert every(client, "/api/v1/plans", "plans", strategy="vwap_reclaim", **then) == []


def test_events_come_in_pages_that_join_without_a_gap(client: TestClient) -> None:
    path = "/api/v1/plans/sim1-pullback-long/events"
    whole = client.get(path).json()
    after, joined = 0, []
    while after is not None:
        page = client.get(path, params={"after": after, "limit": 2}).json()
        joined += page["events"]
        after = page["next_after"]
    assert joined == whole["events"]
    assert [event["seq"] for event in joined] == list(range(1, len(joined) + 1))
    assert all(event["data"]["why"] for event in joined)


def test_an_answer_carries_the_session_of_the_instant_that_it_speaks_of(client: TestClient) -> None:
    then = client.get("/api/v1/plans", params={"as_of": "2026-06-17T06:00:00-04:00"}).json()
    assert (then["as_of"], then["session"]["phase"]) == ("2026-06-17T10:00:00Z", "pre")
    now = client.get("/api/v1/session").json()
    assert (now["as_of_ns"], now["session"]["phase"], now["session"]["session_date"]) == (
        NOW_NS,
        "regular",
        "2026-06-18",
    )
    assert (
        client.get("/api/v1/session", params={"at": "2026-06-17T21:00:00+00:00"}).json()["session"]["phase"] == "post"
    )
    unescaped = client.get("/api/v1/session?at=2026-06-17T21:00:00+00:00").json()
    assert unescaped["session"]["phase"] == "post"
    assert client.get("/api/v1/session", params={"as_of": NOW_NS}).json()["session"] == now["session"]


def test_who_has_the_newest_gets_no_body(client: TestClient, make_client: MakeClient, demo: Demo) -> None:
    first = client.get("/api/v1/plans")
    again = client.get("/api/v1/plans", headers={"If-None-Match": f'W/"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/v1/plans?limit=3", headers={"If-None-Match": first.headers["etag"]}).status_code == 200
    later = make_client(demo.url, clock=lambda: NOW_NS + 10**9)
    assert later.get("/api/v1/plans", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/api/v1/plans?as_of=yesterday", 422, "as_of"),
        ("/api/v1/plans?as_of=2026-06-17T12:00:00", 422, "as_of"),
        ("/api/v1/plans?as_of=2099-01-01T00:00:00Z", 422, "as_of"),
        ("/api/v1/plans?phase=sleeping", 422, "phase"),
        ("/api/v1/plans?symbol=%00", 422, "symbol"),
        ("/api/v1/plans?symbol=AIG,IBM", 422, "symbol"),
        ("/sse/plans?symbols=AIG,IBM", 422, "symbols.0"),
        ("/api/v1/plans?limit=0", 422, "limit"),
        ("/api/v1/plans?cursor=abc", 422, "cursor"),
        ("/api/v1/plans?updated_since=1", 422, "updated_since"),
        ("/api/v1/plans/none", 404, None),
        ("/api/v1/plans/none/events", 404, None),
        ("/api/v1/plans/none/explain", 404, None),
        ("/api/v1/plans/sim1-pullback-long?as_of=2026-06-01T12:00:00Z", 404, None),
        ("/api/v1/plans/sim1-pullback-long/structured", 404, None),
        ("/api/v1/plans/sim1-pullback-long/events?after=-1", 422, "after"),
        ("/api/v1/commands/77", 404, None),
        ("/api/v1/nothing", 404, None),
    ],
)
def test_a_failure_is_a_problem_that_names_the_field(
    client: TestClient, path: str, status: int, field: str | None
) -> None:
    found = client.get(path)
    problem = found.json()
    assert (found.status_code, found.headers["content-type"]) == (status, "application/problem+json")
    assert problem["status"] == status
    assert problem["detail"]
    assert problem["session"]["phase"] == "regular"
    assert [error["field"] for error in problem["errors"]] == ([field] if field else [])


def test_explaining_at_an_instant_says_what_cannot_be_known(client: TestClient, demo: Demo) -> None:
    path = "/api/v1/plans/sim1-swing-waiting/explain"
    newest = client.get(path).json()
    assert (newest["basis"], newest["unknown"]) == ("live", [])
    assert any(line.startswith("waits for a price") for line in newest["lines"])
    assert any(line.startswith("prints: ") and "eligible" in line for line in newest["lines"])
    then = client.get(path, params={"at": NOON}).json()
    assert (then["basis"], then["as_of"]) == ("events", "2026-06-17T16:00:00Z")
    assert any("no event has told a price so far" in line for line in then["lines"])
    assert any("only the tape knows" in line for line in then["lines"])
    assert then["unknown"]


def test_market_events_are_those_known_at_the_instant(client: TestClient) -> None:
    events = every(client, "/api/v1/events", "events", limit=1)
    assert len(events) == 3
    assert events == sorted(events, key=lambda event: (event["at_ns"], event["id"]))
    first = min(event["known_at_ns"] for event in events)
    known = every(client, "/api/v1/events", "events", as_of=str(first))
    assert known == [event for event in events if event["known_at_ns"] <= first]
    assert every(client, "/api/v1/events", "events", as_of=str(first - 1)) == []
    assert {event["symbol"] for event in every(client, "/api/v1/events", "events", symbol="SIM7")} <= {"SIM7", "*"}


def test_pages_of_market_events_join_whatever_their_ids(make_client: MakeClient, empty_url: str) -> None:
    """An id is free text: what a page ends with leads to the next one."""
    ids = ["fed – août", "fed – mai", "line\nbreak", "plain"]
    rows = [MarketEventRow(MarketEvent(each, "*", "fomc", Severity.LOW, NOW_NS, 0, "")) for each in ids]
    engine = open_database(empty_url)
    write_market_events(engine, rows)
    engine.dispose()
    found = every(make_client(empty_url), "/api/v1/events", "events", limit=1)
    assert [event["id"] for event in found] == sorted(ids)


def test_a_database_that_cannot_be_used_is_a_problem_and_works_again_afterwards(
    make_client: MakeClient, tmp_path: Path, demo: Demo
) -> None:
    file = tmp_path / "late.db"
    client = make_client(f"sqlite:///{file}")
    gone = client.get("/api/v1/plans")
    assert (gone.status_code, gone.headers["retry-after"]) == (503, "1")
    assert gone.json()["type"].endswith("database")
    sqlite3.connect(file).execute("CREATE TABLE other (x)")
    assert "another program" in client.get("/api/v1/plans").json()["detail"]
    file.unlink()
    source, copy = sqlite3.connect(demo.url.removeprefix("sqlite:///")), sqlite3.connect(file)
    source.backup(copy)
    (newest,) = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    copy.execute("UPDATE alembic_version SET version_num = '0001'")
    copy.commit()
    assert "db upgrade" in client.get("/api/v1/plans").json()["detail"]
    copy.execute("UPDATE alembic_version SET version_num = '9999'")
    copy.commit()
    assert client.get("/api/v1/plans").status_code == 503
    copy.execute("UPDATE alembic_version SET version_num = ?", (newest,))
    copy.commit()
    source.close()
    copy.close()
    assert client.get("/api/v1/plans").status_code == 200


SERVER: dict[str, set[str]] = {"/healthz": {"200"}, "/readyz": {"200", "503"}, "/metrics": {"200", "401", "403"}}
"""What the server says of itself: it reads no parameter, and two of them ask for no key."""


def test_the_document_describes_every_route_with_errors_and_examples(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    tags = {tag["name"] for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert set(operation["tags"]) <= tags, path
            wanted = SERVER.get(path, {"401", "422", "503"})
            assert wanted <= set(operation["responses"]), (method, path)
            assert operation["summary"]
    assert {field for field in PlanOut.model_fields if field != "basis"} <= set(
        document["components"]["schemas"]["PlanOut"]["properties"]
    )


def test_importing_the_app_starts_nothing_and_making_one_opens_nothing(tmp_path: Path, make_client: MakeClient) -> None:
    make_client(f"sqlite:///{tmp_path / 'none.db'}")
    assert list(tmp_path.iterdir()) == []
