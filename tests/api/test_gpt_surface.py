"""Scans, structured plans, context, charts and the compact workflow, over a scan of a recorded day."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from api.charting import chart_url
from api.routes.assistant import LARGEST, fitted
from api.shapes.gpt import ExecAnswer, PlanReply, ScanAnswer
from flows.cli import run
from operators.times import MINUTE_NS, parse_instant
from tests.api.conftest import MakeClient
from tests.flows.made import climb, write_tape

NOON = "2013-10-07T12:00:00-04:00"
BEFORE = "2013-10-07T09:00:00-04:00"


@pytest.fixture
def client(make_client: MakeClient, scan_url: str) -> TestClient:
    """A client over the scan."""
    return make_client(scan_url)


def test_scan_results_are_ranked_and_of_the_instant(client: TestClient) -> None:
    whole = client.post("/gpt/scan", json={"limit": 100})
    ScanAnswer.model_validate(whole.json())
    rows = whole.json()["results"]
    assert len(rows) == whole.json()["count"] > 3
    order = [(not row["actionable"], -row["confidence"], -row["at_ns"]) for row in rows]
    assert order == sorted(order)
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    noon = client.post("/gpt/scan", params={"as_of": NOON}, json={"limit": 100}).json()
    assert 0 < noon["count"] < len(rows) + 1
    assert all(row["at_ns"] <= parse_instant(NOON) for row in noon["results"])
    assert any(row["plan"]["phase"] for row in noon["results"])
    assert noon["session"]["as_of"] == "2013-10-07T16:00:00Z"
    assert client.post("/gpt/scan", params={"as_of": BEFORE}, json={}).json()["results"] == []
    aig = client.post("/gpt/scan", json={"symbols": ["AIG"], "limit": 2}).json()["results"]
    assert {row["symbol"] for row in aig} == {"AIG"}
    assert len(aig) <= 2
    assert client.post("/gpt/scan", json={"style": "leap"}).json()["count"] == 0
    assert client.post("/gpt/scan", json={"limits": 7}).json()["errors"][0]["field"] == "limits"


def test_the_newest_structured_plan_is_the_one_of_the_instant(client: TestClient) -> None:
    newest, noon = (
        client.post("/gpt/plan", params=then, json={"symbol": "AIG"}).json() for then in ({}, {"as_of": NOON})
    )
    PlanReply.model_validate(newest)
    assert newest["structured"]["as_of"] > noon["structured"]["as_of"]
    assert noon["structured"]["as_of"] <= "2013-10-07T16:00:00Z"
    assert newest["target_profile"]["targets"] == newest["structured"]["targets"]
    assert newest["probabilities"]
    assert newest["chart_url"].startswith("/chart?symbol=AIG&interval=1m&plan_id=")
    short = client.post("/gpt/plan", json={"symbol": "AIG", "direction": "short"})
    assert short.status_code == 404 or short.json()["structured"]["direction"] == "short"
    stored = client.get(f"/api/v1/plans/{newest['plan_id']}/structured").json()
    assert stored["structured"] == newest["structured"]


def test_a_symbol_without_a_plan_is_not_found_with_a_hint(client: TestClient) -> None:
    watched = client.post("/gpt/plan", params={"as_of": "2013-10-07T09:32:00-04:00"}, json={"symbol": "AIG"}).json()
    outside = client.post("/gpt/plan", json={"symbol": "NOPE"}).json()
    assert (watched["status"], outside["status"]) == (404, 404)
    assert "has found no setup" in watched["detail"]
    assert "outside the universe" in outside["detail"]


def test_pages_of_bars_and_indicators_join_to_the_whole_whatever_their_size(client: TestClient) -> None:
    for path, key in (("series", "bars"), ("indicators", "rows")):
        url = f"/api/v1/symbol/AIG/{path}"
        whole = client.get(url, params={"limit": 1000, "interval": "5m"}).json()[key]
        joined: list[dict[str, Any]] = []
        params: dict[str, Any] = {"limit": 31, "interval": "5m"}
        while params.get("cursor", "") is not None:
            page = client.get(url, params=params).json()
            joined += page[key]
            params["cursor"] = page["next_cursor"]
        assert joined == whole
        assert len(whole) == 78
        then = client.get(url, params={"limit": 1000, "interval": "5m", "as_of": NOON}).json()[key]
        assert then == whole[: len(then)]
        assert len(then) == 30
    assert client.get("/api/v1/symbol/AIG/indicators").json()["rows"][0]["values"]["ema_20"] is None
    everything = client.get("/api/v1/symbol/AIG/series", params={"limit": 1000, "hours": "all"}).json()["bars"]
    assert {bar["phase"] for bar in everything} > {"regular"}
    assert client.get("/api/v1/symbol/NOPE/series").json()["bars"] == []
    assert client.get("/api/v1/symbol/AIG/series?interval=2m").json()["errors"][0]["field"] == "interval"


def test_a_symbol_may_have_a_slash(make_client: MakeClient, tmp_path: Path) -> None:
    """As a ticker of the tape may."""
    url = f"sqlite:///{tmp_path}/slash.db"
    assert run(["replay", str(write_tape(tmp_path, climb(symbol="BC/WD"))), "--db", url, "--json", "-q"]) == 0
    client = make_client(url)
    for path in ("/api/v1/symbol/BC%2FWD/series", "/api/v1/symbol/BC%2FWD/indicators", "/gpt/context/BC%2FWD"):
        found = client.get(path, params={"interval": "1m"})
        assert (found.status_code, "100.59" in found.text) == (200, True), path
    assert client.get("/api/v1/symbol/BC%2FWD/diagnostics").json()["symbol"] == "BC/WD"


def test_a_context_ends_at_the_instant_and_its_indicators_are_those_of_the_series(client: TestClient) -> None:
    said = client.get("/gpt/context/AIG", params={"as_of": NOON, "lookback": 5}).json()
    bars, at_ns = said["context"]["bars"], parse_instant(NOON)
    assert (len(bars), bars[-1]["end_ns"]) == (5, at_ns)
    assert said["last_price_at_ns"] <= at_ns
    assert said["key_levels"]["levels"]
    assert said["key_levels"]["at_ns"] <= at_ns
    rows = client.get("/api/v1/symbol/AIG/indicators", params={"interval": "5m", "as_of": NOON}).json()["rows"]
    assert said["context"]["indicators"] == rows[-5:]
    several = client.post(
        "/gpt/multi-context",
        params={"as_of": NOON},
        json={"symbol": "AIG", "intervals": ["5m", "1m", "5m"], "lookback": 5},
    ).json()
    assert [part["interval"] for part in several["contexts"]] == ["5m", "1m"]
    assert several["contexts"][0] == said["context"]
    assert several["contexts"][1]["regime"] in ("quiet", "normal", "stressed")
    assert client.get("/gpt/context/NOPE").status_code == 404
    assert client.get("/gpt/context/AIG", params={"as_of": "2013-10-04T12:00:00Z"}).status_code == 404


def test_diagnostics_tell_the_age_the_bars_and_the_plans(client: TestClient) -> None:
    newest = client.get("/api/v1/symbol/AIG/diagnostics").json()
    assert newest["streams"][0]["records"] > newest["streams"][0]["eligible"] > 0
    assert {held["interval"] for held in newest["bars"]} >= {"1m", "5m", "15m", "60m"}
    assert newest["data_age_s"] > 86_400
    assert sum(newest["plans_by_phase"].values()) > 0
    noon = client.get("/api/v1/symbol/AIG/diagnostics", params={"as_of": NOON}).json()
    assert noon["streams"] == []  # what was counted by noon is not stored
    assert noon["data_age_s"] == 0.0
    minutes = next(held for held in noon["bars"] if held["interval"] == "1m")
    assert minutes["gaps"] == 0
    (today,) = noon["sessions"][:1]
    assert today["session_date"] == "2013-10-07"
    assert today["minutes"]["regular"] == 150
    assert newest["sessions"][0]["minutes"]["regular"] == 390
    assert sum(noon["plans_by_phase"].values()) <= sum(newest["plans_by_phase"].values())
    assert client.get("/api/v1/symbol/NOPE/diagnostics").status_code == 404


def test_options_are_not_built_and_say_so(client: TestClient) -> None:
    found = client.post("/gpt/contracts", json={"symbol": "AIG"})
    assert (found.status_code, found.headers["content-type"]) == (501, "application/problem+json")


def test_a_chart_url_is_checked_and_encoded_once(client: TestClient) -> None:
    plan_id = client.post("/gpt/plan", json={"symbol": "AIG"}).json()["plan_id"]
    when = "2013-10-07T15:59:00-04:00"
    body = {"symbol": "AIG", "plan_id": plan_id, "as_of": when, "interval": "5m"}
    url = client.post("/gpt/chart-url", json=body).json()["chart_url"]
    assert url == f"/chart?symbol=AIG&interval=5m&plan_id={plan_id}&as_of=2013-10-07T19%3A59%3A00Z"
    for change, status in (
        ({"symbol": "IBM"}, 404),
        ({"as_of": BEFORE}, 404),
        ({"as_of": "noon"}, 422),
        ({"next": "https://elsewhere.example"}, 422),
        ({"plan_id": "a&b=c"}, 422),
    ):
        assert client.post("/gpt/chart-url", json={**body, **change}).status_code == status, change
    with pytest.raises(KeyError):
        chart_url("/chart", next="x")


def test_chart_layers_are_the_engines_own(client: TestClient) -> None:
    newest = client.post("/gpt/plan", json={"symbol": "AIG"}).json()
    said = client.get("/api/v1/gpt/chart-layers", params={"plan_id": newest["plan_id"]}).json()
    assert said["layers"] == newest["structured"]["layers"]
    early = {"plan_id": newest["plan_id"], "as_of": BEFORE}
    assert client.get("/api/v1/gpt/chart-layers", params=early).status_code == 404


def test_a_plan_is_shown_with_its_own_ladder_not_with_that_of_a_withheld_candidate(
    make_client: MakeClient, scan_url: str, tmp_path: Path
) -> None:
    """Charts, structured forms, the newest plan and what a scan lists are of the proposal, whatever was withheld."""
    with sqlite3.connect(scan_url.removeprefix("sqlite:///")) as scanned, sqlite3.connect(tmp_path / "w.db") as own:
        scanned.backup(own)
        proposed = _withhold(own)
    client = make_client(f"sqlite:///{tmp_path / 'w.db'}")
    newest = client.post("/gpt/plan", json={"symbol": "AIG"}).json()
    plan_id = newest["plan_id"]
    layers = client.get("/api/v1/gpt/chart-layers", params={"plan_id": plan_id}).json()["layers"]
    structured = client.get(f"/api/v1/plans/{plan_id}/structured").json()["structured"]
    listed = client.post("/gpt/scan", json={"symbols": ["AIG"], "limit": 50}).json()["results"]
    assert newest["structured"] == structured == proposed
    assert [each["structured"] for each in listed if each["plan_id"] == plan_id] == [proposed]
    assert layers == proposed["layers"]


def _withhold(database: sqlite3.Connection) -> dict[str, Any]:
    """Store a withheld candidate of AIG's newest plan with another ladder; return the plan's own profile."""
    database.row_factory = sqlite3.Row
    query = "SELECT * FROM scan_results WHERE symbol = 'AIG' AND ordinal > 0 AND plan_id > '' ORDER BY at_ns DESC"
    row = dict(database.execute(query).fetchone())
    proposed: dict[str, Any] = json.loads(row["profile"])
    other = proposed | {"targets": [], "layers": proposed["layers"] | {"targets": []}}
    last_ns = database.execute("SELECT max(at_ns) FROM scan_results").fetchone()[0]
    row |= {"ordinal": None, "at_ns": last_ns + MINUTE_NS, "profile": json.dumps(other)}
    marks = ", ".join(f":{name}" for name in row)
    database.execute(f"INSERT INTO scan_results ({', '.join(row)}) VALUES ({marks})", row)
    return proposed


def test_one_bad_symbol_never_fails_the_batch(client: TestClient) -> None:
    body = {"symbols": ["AIG", "ö", "", "NOPE", "x" * 99], "limit": 5}
    said = client.post("/api/v1/assistant/exec", json=body).json()
    assert (said["ok"], said["count"]) == (False, len(said["setups"]))
    assert said["count"] > 0
    assert len(said["errors"]) == 3
    assert {setup["symbol"] for setup in said["setups"]} == {"AIG"}
    assert {setup["hedge"] for setup in said["setups"]} == {None}
    assert all(len(setup["probabilities"]) == len(setup["targets"]) for setup in said["setups"])
    good = client.post("/api/v1/assistant/exec", json={"symbols": ["AIG", "IBM"]}).json()
    assert (good["ok"], good["errors"], good["truncated"]) == (True, [], {"rationales": 0, "setups": 0, "errors": 0})


def test_too_much_is_left_out_in_the_stated_order(client: TestClient) -> None:
    """Rationales first, then setups from the last rank up; what stays fits, and one more would not."""
    text = client.post("/api/v1/assistant/exec", json={"symbols": ["AIG", "IBM"], "limit": 9}).text
    whole = TypeAdapter(ExecAnswer).validate_json(text)
    many = whole.model_copy(update={"setups": whole.setups * 40, "count": len(whole.setups) * 40})
    assert fitted(whole, LARGEST) is whole
    cut = fitted(many, LARGEST)
    assert len(cut.model_dump_json().encode()) <= LARGEST
    assert cut.truncated.rationales == len(many.setups)
    assert cut.count + cut.truncated.setups == len(many.setups)
    assert [s.at_ns for s in cut.setups] == [s.at_ns for s in many.setups][: cut.count]
    assert cut.truncated.errors == 0
    size = len(many.model_dump_json().encode())
    only_rationales = fitted(many, size - 1)
    assert (only_rationales.truncated.setups, only_rationales.setups[0].rationale) == (0, None)


def test_faults_are_left_out_before_setups(client: TestClient) -> None:
    """Symbols that cannot be read may be long in JSON: they never push a setup out, nor the answer over its limit."""
    strange = ["\N{GRINNING FACE}" * 30 + str(number) for number in range(498)]
    answer = client.post("/api/v1/assistant/exec", json={"symbols": ["AIG", *strange, "IBM"], "limit": 3})
    said = answer.json()
    assert len(answer.content) <= LARGEST
    assert (said["ok"], said["count"], said["truncated"]["setups"]) == (False, 3, 0)
    assert said["truncated"]["errors"] + len(said["errors"]) == 498
    assert said["truncated"]["errors"] > 0
