"""What clients of the stream ask for and how they are sent away; none of it depends on the engine."""

import json
import socket as sockets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.keys import ApiKey, Scope, digest_of
from api.relay.wire import CATEGORIES
from operators.events import Kind
from tests.api.serving import (
    PATIENCE_S,
    Flow,
    Message,
    Server,
    at_seq,
    events_of,
    hear,
    hear_out,
    hear_until,
    say,
    serving,
    subscribed,
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """A SQLite file: the one engine of these tests."""
    return sqlite_url


@pytest.fixture
def flow(database_url: str) -> Iterator[Flow]:
    """A flow that has written three plans to a database of each engine."""
    flow = Flow(database_url)
    flow.happen("aig-1", "aig-2", "spy-1")
    yield flow
    flow.close()


@pytest.fixture
def server(flow: Flow, database_url: str) -> Iterator[Server]:
    """A server over the flow's database."""
    with serving(database_url) as running:
        yield running


@pytest.mark.parametrize("place", [{"epoch": "other", "seq": 2}, {"epoch": None, "seq": 10**9}])
def test_a_place_that_the_log_does_not_have_is_an_explicit_reset(server: Server, place: Message) -> None:
    with server.connect() as socket:
        epoch = hear(socket)["epoch"]
        say(socket, "subscribe", **{"from": {**place, "epoch": place["epoch"] or epoch}})
        reset, snapshot = hear(socket), hear(socket)
        assert (reset["type"], reset["epoch"], snapshot["type"], snapshot["seq"]) == ("reset", epoch, "snapshot", 3)
        assert reset["reason"]


def test_symbols_in_one_text_are_refused(server: Server) -> None:
    """They name no symbol, and silence would be taken for calm."""
    with server.connect() as socket:
        hear(socket)
        say(socket, "subscribe", symbols=["AIG,SPY"])
        assert hear(socket)["type"] == "error"


def test_a_subscription_narrows_by_plan_symbol_and_category_and_can_be_replaced(server: Server, flow: Flow) -> None:
    with server.connect() as socket:
        _, snapshot = subscribed(socket, symbols=["AIG"], categories=["lifecycle"])
        assert [plan["plan_id"] for plan in snapshot["plans"]] == ["aig-1", "aig-2"]
        flow.happen("aig-1", "spy-1", "aig-3", "spy-2")
        assert [m["plan_id"] for m in hear_until(socket, at_seq(6)) if m["type"] == "event"] == ["aig-3"]
        say(socket, "subscribe", plans=["spy-1"])
        assert [plan["plan_id"] for plan in hear(socket)["plans"]] == ["spy-1"]
        flow.happen("aig-1", "spy-1")
        assert events_of(hear_until(socket, at_seq(9))) == [9]
        say(socket, "unsubscribe")
        say(socket, "ping")
        assert hear(socket)["type"] == "hb"
        flow.happen("spy-1")
        say(socket, "ping")
        assert [m["type"] for m in hear_until(socket, lambda m: m["type"] == "hb")] == ["hb"]


def test_one_plan_has_its_own_address_and_resumes_there(server: Server, flow: Flow) -> None:
    with server.connect("/ws/plans/spy-1") as socket:
        hello, snapshot = hear(socket), hear(socket)
        assert [plan["plan_id"] for plan in snapshot["plans"]] == ["spy-1"]
        say(socket, "subscribe", plans=["aig-1"])
        assert hear(socket)["type"] == "error"
    flow.happen("aig-1", "spy-1")
    with server.connect(f"/ws/plans/spy-1?epoch={hello['epoch']}&seq={snapshot['seq']}") as socket:
        assert [hear(socket)["type"], hear(socket)["seq"]] == ["hello", 5]


def test_the_mode_latest_gives_the_newest_event_of_each_plan(flow: Flow, database_url: str) -> None:
    """And never evicts: what waits is one message per plan, however many events there were."""
    with serving(database_url, client_queue=8) as server, server.connect() as socket:
        subscribed(socket, mode="latest")
        for _ in range(30):
            flow.happen(*["aig-1", "spy-1"] * 5)
        heard = hear_until(socket, at_seq(303))
        assert events_of(heard) == sorted(events_of(heard))
        newest = {message["plan_id"]: message["plan_seq"] for message in heard if message["type"] == "event"}
        assert newest == {"aig-1": 151, "spy-1": 151}


def test_a_heartbeat_comes_by_itself_and_says_how_far_the_client_is(flow: Flow, database_url: str) -> None:
    with serving(database_url, heartbeat_s=0.2) as server, server.connect() as socket:
        subscribed(socket)
        beats = [hear(socket), hear(socket)]
        assert [(beat["type"], beat["seq"]) for beat in beats] == [("hb", 3), ("hb", 3)]
        assert 0 <= beats[0]["lag_ms"] < PATIENCE_S * 1_000


def test_what_is_no_message_is_an_error_and_the_stream_goes_on(server: Server, flow: Flow) -> None:
    with server.connect() as socket:
        subscribed(socket)
        for text in (
            "{",
            "[]",
            '{"type":"dance"}',
            '{"type":"subscribe","plans":7}',
            '{"type":"ping","x":1}',
            "[" * 9999,
        ):
            socket.send(text)
            assert (hear(socket)["type"], text) == ("error", text)
        socket.send(json.dumps({"type": "subscribe", "plans": ["p"] * 1001}))
        assert hear(socket)["code"] == "too_many"
        flow.happen("aig-1")
        assert events_of(hear_until(socket, at_seq(4))) == [4]
        socket.send('{"type":"ping"' + " " * 140_000 + "}")
        with pytest.raises(ConnectionClosed) as closed:
            hear(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


def test_a_slow_client_is_sent_away_and_can_resume_while_others_hear_everything(sqlite_url: str) -> None:
    """It reads nothing; the server lets go of it, and another client has every event in time."""
    flow = Flow(sqlite_url)
    flow.happen("aig-1", "aig-2", "spy-1")
    with serving(sqlite_url, client_queue=64, send_s=0.5) as server:
        raw = sockets.create_connection(("127.0.0.1", server.port))
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        with server.connect(sock=raw, max_queue=1, close_timeout=0.5) as slow, server.connect() as quick:
            hello, snapshot = subscribed(slow)
            subscribed(quick)
            sent, hub = snapshot["seq"], server.app.state.hub
            until = time.monotonic() + PATIENCE_S
            while not hub.evicted and time.monotonic() < until:
                flow.happen(*["aig-1", "aig-2", "spy-1"] * 20)
                sent += 60
                assert events_of(hear_until(quick, at_seq(sent)))[-1] == sent
            assert hub.evicted == 1
            flow.happen("aig-1")
            assert events_of(hear_until(quick, at_seq(sent + 1))) == [sent + 1]
            numbers = [snapshot["seq"], *events_of(hear_out(slow))]
            assert numbers == list(range(numbers[0], numbers[-1] + 1))
        with server.connect() as again:
            hear(again)
            say(again, "subscribe", **{"from": {"epoch": hello["epoch"], "seq": numbers[-1]}})
            assert events_of(hear_until(again, at_seq(sent + 1))) == list(range(numbers[-1] + 1, sent + 2))
    flow.close()


def test_a_key_comes_in_a_header_or_in_the_first_message(flow: Flow, database_url: str) -> None:
    keys = (ApiKey("look", digest_of("r"), Scope.READ),)
    with serving(database_url, keys=keys) as server, serving(database_url, keys=keys, auth_s=0.1) as hasty:
        with server.connect(additional_headers={"Authorization": "Bearer r"}) as socket:
            assert hear(socket)["type"] == "hello"
        with server.connect() as socket:
            say(socket, "auth", key="r")
            assert hear(socket)["type"] == "hello"
        with pytest.raises(InvalidStatus) as refused:
            server.connect(additional_headers={"Authorization": "Bearer x"})
        assert refused.value.response.status_code == 403
        for first in ('{"type":"auth","key":"x"}', '{"type":"ping"}', "{", None):
            with (server if first else hasty).connect() as socket:
                if first is not None:
                    socket.send(first)
                with pytest.raises(ConnectionClosed) as closed:
                    hear(socket)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 4401, first


def test_a_browser_connects_from_the_servers_own_pages_only(flow: Flow, database_url: str) -> None:
    with serving(database_url) as server:
        with server.connect(origin=f"http://127.0.0.1:{server.port}") as socket:
            assert hear(socket)["type"] == "hello"
        with pytest.raises(InvalidStatus):
            server.connect(origin="https://elsewhere.example")
    origins = ("https://mine.example",)
    with serving(database_url, origins=origins, clients=1) as server, server.connect(origin=origins[0]) as socket:
        assert hear(socket)["type"] == "hello"
        with server.connect() as second, pytest.raises(ConnectionClosed) as closed:
            hear(second)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


def test_a_server_that_stops_says_so_to_every_client(
    flow: Flow, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And waits for none of them: if it did, it would not end."""
    monkeypatch.setattr("api.serve.STOP_SECONDS", 10**6)
    with serving(database_url) as server, ExitStack() as open_clients:
        clients = [open_clients.enter_context(server.connect()) for _ in range(20)]
        for socket in clients:
            subscribed(socket)
        server.stop()
        for socket in clients:
            with pytest.raises(ConnectionClosed) as closed:
                hear(socket)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012


def test_another_database_under_the_same_name_is_a_reset(tmp_path: Path) -> None:
    """The file is replaced while a client listens: a new epoch, a new snapshot, and it goes on from there."""
    file, other = tmp_path / "plans.db", tmp_path / "other.db"
    flow, second = Flow(f"sqlite:///{file}"), Flow(f"sqlite:///{other}")
    flow.happen("aig-1", "aig-2")
    second.happen("spy-1")
    flow.close()
    second.close()
    with serving(f"sqlite:///{file}") as server, server.connect() as socket:
        hello, snapshot = subscribed(socket)
        for suffix in ("", "-wal", "-shm"):
            (tmp_path / f"plans.db{suffix}").unlink(missing_ok=True)
        other.rename(file)
        reset, again = hear_until(socket, lambda m: m["type"] == "snapshot")[-2:]
        assert (reset["type"], reset["epoch"] != hello["epoch"]) == ("reset", True)
        assert reset["reason"] == "another database"
        assert [plan["plan_id"] for plan in again["plans"]] == ["spy-1"]
        assert (snapshot["seq"], again["seq"]) == (2, 1)


def test_the_first_event_of_an_empty_database_begins_a_log(tmp_path: Path) -> None:
    """Whoever listens already begins anew, and is told why."""
    with ExitStack() as leaving:
        flow = Flow(f"sqlite:///{tmp_path}/plans.db")
        leaving.callback(flow.close)
        server = leaving.enter_context(serving(f"sqlite:///{tmp_path}/plans.db"))
        socket = leaving.enter_context(server.connect())
        subscribed(socket)
        flow.happen("aig-1")
        reset, again = hear_until(socket, lambda m: m["type"] == "snapshot")[-2:]
        assert (reset["type"], reset["reason"], again["seq"]) == ("reset", "first event", 1)


def test_every_kind_of_event_has_a_category() -> None:
    assert set(CATEGORIES) == set(Kind)


def test_a_relay_that_fails_sends_everybody_away(
    flow: Flow, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect of ours: nobody waits in silence for events that will not come."""
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    with serving(database_url) as server, server.connect() as socket:
        subscribed(socket)
        monkeypatch.setattr("api.relay.follower.news", lambda *_: 1 / 0)
        flow.happen("aig-1")
        with pytest.raises(ConnectionClosed) as closed:
            hear_until(socket, lambda _: False)
        assert closed.value.rcvd is not None
        assert "failed" in closed.value.rcvd.reason
    assert len(told) == 1
