"""Limits: each is a setting, says when to try again, and is seen in /metrics."""

import json
import socket as sockets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.crowding import PROBES
from api.keys import ApiKey, Scope, digest_of
from api.serve import settled
from api.settings import ApiSettings
from tests.api.conftest import Demo, MakeClient
from tests.api.serving import PATIENCE_S, Flow, hear, say, serving
from tests.api.test_health import measured

KEYS = (ApiKey("look", digest_of("r"), Scope.READ), ApiKey("act", digest_of("w"), Scope.WRITE))
PLANS = "/api/v1/plans"


def as_(secret: str) -> dict[str, str]:
    """Headers with a key."""
    return {"Authorization": f"Bearer {secret}"}


def statuses(ask: Callable[[], Any], times: int) -> list[int]:
    """What the same request gets again and again."""
    return [ask().status_code for _ in range(times)]


@pytest.fixture
def standing_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rates' clock stands still, so that no window ends while a slow machine asks."""
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now)


@pytest.mark.usefixtures("standing_time")
def test_who_asks_too_often_is_told_when_to_try_again_and_others_are_not(make_client: MakeClient, demo: Demo) -> None:
    client = make_client(demo.url, keys=KEYS, reads_per_s=3, writes_per_s=2, refusals_per_minute=2)
    assert statuses(lambda: client.get(PLANS, headers=as_("r")), 5) == [200, 200, 200, 429, 429]
    refused = client.get(PLANS, headers=as_("r"))
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["detail"] == "more than 3 reads a second; try again in 1 s"
    assert statuses(lambda: client.delete(f"{PLANS}/none", headers=as_("w")), 3) == [404, 404, 429]
    assert statuses(lambda: client.get(PLANS, headers=as_("x")), 4) == [401, 401, 429, 429]
    assert client.get(PLANS).headers["retry-after"] == "60"
    found = measured(client, **as_("w"))
    assert found["fancy_trader_problems_total", ("too-many",)] == 7
    assert found["fancy_trader_problems_total", ("unauthorized",)] == 2


def test_there_is_room_again_after_the_time_that_was_named(make_client: MakeClient, demo: Demo) -> None:
    client = make_client(demo.url, reads_per_s=1)
    while (found := client.get(PLANS)).status_code == 200:
        pass
    time.sleep(int(found.headers["retry-after"]))
    assert client.get(PLANS).status_code == 200


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database with one plan."""
    url = f"sqlite:///{tmp_path / 'plans.db'}"
    flow = Flow(url)
    flow.happen("aig-1")
    flow.close()
    return url


def half_asked(port: int) -> sockets.socket:
    """A request whose body does not come."""
    held = sockets.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    held.sendall(b"POST /api/v1/plans HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    return held


def asked(port: int, path: str) -> tuple[int, str]:
    """The status and the text of an answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_requests_beyond_those_under_way_are_refused_and_counted(url: str) -> None:
    with serving(url, requests=1) as server:
        held = half_asked(server.port)
        until = time.monotonic() + PATIENCE_S
        while (found := asked(server.port, PLANS))[0] == 200 and time.monotonic() < until:
            pass
        assert (found[0], json.loads(found[1])["type"]) == (503, "urn:fancy-trader:problem:busy")
        assert {path: asked(server.port, path)[0] for path in PROBES} == dict.fromkeys(PROBES, 200)
        held.close()
        while asked(server.port, PLANS)[0] == 503 and time.monotonic() < until:
            pass
        assert 'fancy_trader_problems_total{kind="busy"}' in asked(server.port, "/metrics")[1]


def test_a_body_that_does_not_come_is_not_waited_for(url: str) -> None:
    with serving(url, body_s=0.1) as server:
        held = half_asked(server.port)
        answer = b""
        while part := held.recv(65_536):
            answer += part
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408")
        problem = json.loads(body)
        assert (problem["detail"], problem["session"]["tz"]) == (
            "the body did not come within 0.1 s",
            "America/New_York",
        )
        held.close()


@pytest.mark.usefixtures("standing_time")
def test_connecting_too_often_is_refused_before_the_connection_stands_and_counted(url: str) -> None:
    with serving(url, connects_per_s=2) as server:
        for _ in range(2):
            with server.connect() as socket:
                assert hear(socket)["type"] == "hello"
        with pytest.raises(InvalidStatus) as refused:
            server.connect()
        response = refused.value.response
        assert (response.status_code, response.headers["retry-after"]) == (429, "1")
        text = asked(server.port, "/metrics")[1]
    assert "fancy_trader_websockets_total 2.0" in text
    assert 'fancy_trader_websockets_sent_away_total{code="429"} 1.0' in text


def test_frames_subscriptions_and_connections_beyond_the_limit_are_refused_and_counted(url: str) -> None:
    with serving(url, clients=1, frame_bytes=100, subscribed=2) as server:
        with server.connect() as socket:
            assert hear(socket)["type"] == "hello"
            say(socket, "subscribe", plans=["a", "b", "c"])
            assert hear(socket)["code"] == "too_many"
            with server.connect() as other, pytest.raises(ConnectionClosed):
                hear(other)
            assert asked(server.port, "/sse/plans")[0] == 503
            assert asked(server.port, "/sse/plans?plans=a&plans=b&plans=c")[0] == 422
            say(socket, "subscribe", plans=["x" * 200])
            with pytest.raises(ConnectionClosed):
                hear(socket)
        text = asked(server.port, "/metrics")[1]
    for code in ("1013", "1009"):
        assert f'fancy_trader_websockets_sent_away_total{{code="{code}"}} 1.0' in text
    assert 'fancy_trader_problems_total{kind="too-many"} 1.0' in text


def test_a_page_holds_no_more_than_the_limit(make_client: MakeClient, demo: Demo) -> None:
    client = make_client(demo.url, page_rows=2)
    found = client.get(PLANS, params={"limit": 10**9}).json()
    assert (len(found["plans"]), found["next_cursor"] is None) == (2, False)


def test_every_number_of_the_settings_is_seen_in_metrics_and_can_be_set(make_client: MakeClient, demo: Demo) -> None:
    settings = settled(demo.url, "127.0.0.1", numbers=["reads_per_s=7", "send_s=0.5"])
    assert (settings.reads_per_s, settings.send_s) == (7, 0.5)
    seen = {labels[0] for name, labels in measured(make_client(demo.url)) if name == "fancy_trader_limit"}
    numbers = {each.name for each in fields(ApiSettings) if each.type in (int, float, "int", "float")}
    assert seen == numbers
    assert len(seen) > 20


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("reads=7", "no such setting; it is one of .*reads_per_s"),
        ("clock=1", "no such setting"),
        ("open_door=1", "no such setting"),
        ("reads_per_s=many", "is no whole number"),
        ("send_s=", "is no number"),
        ("clients=0", "must be above 0"),
        ("send_s=nan", "must be above 0"),
    ],
)
def test_a_setting_that_cannot_be_is_named(word: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        settled("sqlite://", "127.0.0.1", numbers=[word])
