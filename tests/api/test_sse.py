"""The stream over plain HTTP: what a browser's EventSource and curl get, and how they go on where they were cut off."""

import json
import shutil
import socket as sockets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse

import pytest

from api.keys import ApiKey, Scope, digest_of
from tests.api.serving import PATIENCE_S, Flow, Message, Server, at_seq, events_of, hear_until, serving, subscribed


@pytest.fixture
def flow(sqlite_url: str) -> Iterator[Flow]:
    """A flow that has written three plans."""
    flow = Flow(sqlite_url)
    flow.happen("aig-1", "aig-2", "spy-1")
    yield flow
    flow.close()


@pytest.fixture
def server(flow: Flow, sqlite_url: str) -> Iterator[Server]:
    """A server over the flow's database."""
    with serving(sqlite_url) as running:
        yield running


@dataclass(frozen=True)
class Sent:
    """A server-sent event: its fields as they came, its data read."""

    fields: dict[str, str]
    message: Message


def hear_sent(answer: HTTPResponse) -> Sent | None:
    """The next server-sent event; None at the end of the answer."""
    fields: dict[str, str] = {}
    while line := answer.readline().decode():
        if line == "\n":
            return Sent(fields, json.loads(fields["data"]))
        name, _, value = line.rstrip("\n").partition(": ")
        fields[name] = value
    return None


def hear_sent_until(answer: HTTPResponse, seq: int) -> list[Sent]:
    """Everything up to the event of a position, that one included."""
    heard: list[Sent] = []
    while not heard or not at_seq(seq)(heard[-1].message):
        sent = hear_sent(answer)
        assert sent is not None, "the answer has ended"
        heard.append(sent)
    return heard


@contextmanager
def listening_to(server: Server, query: str = "", **headers: str) -> Iterator[HTTPResponse]:
    """An answer of /sse/plans."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("GET", f"/sse/plans{query}", headers=named)
        yield connection.getresponse()
    finally:
        connection.close()


def test_it_gives_the_messages_of_the_websocket_letter_for_letter(server: Server, flow: Flow) -> None:
    with listening_to(server) as answer, server.connect() as socket:
        assert answer.headers["content-type"].startswith("text/event-stream")
        first = [hear_sent(answer), hear_sent(answer)]
        assert [sent and sent.message for sent in first] == subscribed(socket)
        flow.happen("aig-1", "spy-1")
        heard = hear_sent_until(answer, 5)
        assert [sent.message for sent in heard if "seq" in sent.message] == [
            message for message in hear_until(socket, at_seq(5)) if "seq" in message
        ]
        assert [sent.fields["event"] for sent in heard] == [sent.message["type"] for sent in heard]


def test_an_id_is_a_place_to_go_on_from(server: Server, flow: Flow) -> None:
    """The snapshot has one as well: who was cut off right after it misses nothing and gets no second one."""
    with listening_to(server) as answer:
        hello, snapshot = hear_sent(answer), hear_sent(answer)
    assert hello is not None
    assert snapshot is not None
    assert snapshot.fields["id"] == f"{hello.message['epoch']}:3"
    last_id, log = snapshot.fields["id"], []
    for _ in range(5):
        flow.happen("aig-1", "aig-2", "spy-1")
        with listening_to(server, Last_Event_ID=last_id) as answer:
            for sent in hear_sent_until(answer, int(last_id.partition(":")[2]) + 2):
                assert sent.message["type"] in ("hello", "event", "price", "hb")
                log += events_of([sent.message])
                last_id = sent.fields.get("id", last_id)
    assert log == list(range(4, 14))


def test_a_heartbeat_moves_the_place_past_events_that_are_not_wanted(flow: Flow, sqlite_url: str) -> None:
    with serving(sqlite_url, heartbeat_s=0.2) as server, listening_to(server, "?plans=spy-1") as answer:
        assert [sent and sent.message["type"] for sent in (hear_sent(answer), hear_sent(answer))] == [
            "hello",
            "snapshot",
        ]
        flow.happen("aig-1", "aig-2")
        sent = hear_sent(answer)
        while sent is not None and sent.message.get("seq") != 5:
            assert sent.message["type"] == "hb"
            sent = hear_sent(answer)
        assert sent is not None
        assert sent.fields["id"].endswith(":5")


def test_a_place_that_the_log_does_not_have_is_an_explicit_reset(server: Server) -> None:
    with listening_to(server, Last_Event_ID="0123abcd:2") as answer:
        heard = [hear_sent(answer) for _ in range(3)]
        assert [sent and sent.message["type"] for sent in heard] == ["hello", "reset", "snapshot"]


def test_it_narrows_by_plan_symbol_and_category(server: Server, flow: Flow) -> None:
    with listening_to(server, "?plans=spy-1&symbols=AIG&categories=lifecycle") as answer:
        hear_sent(answer)
        snapshot = hear_sent(answer)
        assert snapshot is not None
        assert [plan["plan_id"] for plan in snapshot.message["plans"]] == ["aig-1", "aig-2", "spy-1"]
        flow.happen("aig-1", "spy-1", "ibm-1", "aig-3")
        assert events_of([sent.message for sent in hear_sent_until(answer, 7)]) == [7]


@pytest.mark.parametrize(
    ("query", "headers", "field"),
    [
        ("?plans=a%20b", {}, "plans.0"),
        ("?categories=gossip", {}, "categories.0"),
        ("?mode=slow", {}, "mode"),
        ("", {"Last_Event_ID": "seven"}, "last-event-id"),
        ("?" + "&".join(["plans=p"] * 1001), {}, "plans"),
    ],
)
def test_what_cannot_be_read_is_a_problem_that_names_the_field(
    query: str, headers: dict[str, str], field: str, server: Server
) -> None:
    with listening_to(server, query, **headers) as answer:
        assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
        assert [each["field"] for each in json.load(answer)["errors"]] == [field]


def test_it_needs_a_key_where_there_are_keys(flow: Flow, sqlite_url: str) -> None:
    keys = (ApiKey("look", digest_of("r"), Scope.READ),)
    with serving(sqlite_url, keys=keys) as server:
        for headers in ({}, {"Authorization": "Bearer x"}):
            with listening_to(server, **headers) as answer:
                assert answer.status == 401
        with listening_to(server, Authorization="Bearer r") as answer:
            sent = hear_sent(answer)
            assert sent is not None
            assert sent.message["type"] == "hello"


def test_no_room_and_no_database_are_problems_and_no_silence(flow: Flow, sqlite_url: str) -> None:
    with serving(sqlite_url, clients=1) as server, listening_to(server) as first:
        hear_sent(first)
        with listening_to(server) as second:
            assert (second.status, second.headers["retry-after"]) == (503, "1")
            assert json.load(second)["type"].endswith(":too-many")
    with serving("sqlite:///no/such/folder/plans.db", auth_s=0.2) as server, listening_to(server) as answer:
        assert (answer.status, json.load(answer)["type"]) == (503, "urn:fancy-trader:problem:database")


def test_who_leaves_is_forgotten(server: Server, flow: Flow) -> None:
    hub = server.app.state.hub
    with listening_to(server) as answer:
        hear_sent(answer)
        assert len(hub.clients) == 1
    until = time.monotonic() + PATIENCE_S
    while hub.clients and time.monotonic() < until:
        time.sleep(0.01)
    assert not hub.clients


def test_a_slow_client_is_let_go_and_others_hear_everything(
    flow: Flow, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads nothing: the server lets go of it by itself, not by the kernel's help; another has every event."""
    monkeypatch.setattr("api.serve.UNSENT_MS", 10**7)
    with serving(sqlite_url, client_queue=64, send_s=0.5) as server, server.connect() as quick:
        subscribed(quick)
        slow = sockets.socket()
        slow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", server.port))
        with slow:
            slow.sendall(b"GET /sse/plans HTTP/1.1\r\nHost: here\r\n\r\n")
            hub, sent, until = server.app.state.hub, 3, time.monotonic() + PATIENCE_S
            while not (hub.evicted and len(hub.clients) == 1) and time.monotonic() < until:
                flow.happen(*["aig-1", "aig-2", "spy-1"] * 20)
                sent += 60
                assert events_of(hear_until(quick, at_seq(sent)))[-1] == sent
            assert (hub.evicted, len(hub.clients)) == (1, 1)


def test_a_server_that_stops_ends_its_answers(server: Server) -> None:
    """With the end that HTTP knows, which a connection that was cut does not have."""
    with sockets.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as socket:
        socket.sendall(b"GET /sse/plans HTTP/1.1\r\nHost: here\r\n\r\n")
        heard = b""
        while b"event: snapshot" not in heard:
            heard += socket.recv(65_536)
        server.stop()
        while more := socket.recv(65_536):
            heard += more
    assert heard.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_reads_it(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}/sse/plans?symbols=SPY"
    with subprocess.Popen(["curl", "-sN", url], stdout=subprocess.PIPE, text=True) as curl:
        assert curl.stdout is not None
        lines = [curl.stdout.readline().rstrip() for _ in range(5)]
        curl.terminate()
    assert lines[0] == "event: hello"
    assert lines[2:4] == ["retry: 1000", ""]
    assert lines[4] == "event: snapshot"
