"""The stream over a real socket: snapshot and what follows without a gap, resuming, and who is sent away."""

import random
import threading
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from operators.state import Phase
from tests.api.serving import (
    Flow,
    Server,
    at_seq,
    events_of,
    hear,
    hear_until,
    say,
    serving,
    subscribed,
)


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


def test_what_follows_a_snapshot_is_every_later_event_once_and_in_order(server: Server, flow: Flow) -> None:
    with server.connect() as socket:
        hello, snapshot = subscribed(socket)
        assert (hello["type"], hello["heartbeat_s"]) == ("hello", server.app.state.settings.heartbeat_s)
        assert (snapshot["seq"], [plan["plan_id"] for plan in snapshot["plans"]]) == (3, ["aig-1", "aig-2", "spy-1"])
        for _ in range(20):
            flow.happen("aig-1", "spy-1")
        heard = hear_until(socket, at_seq(43))
        assert events_of(heard) == list(range(4, 44))
        mine = [
            message["plan_seq"] for message in heard if message["type"] == "event" and message["plan_id"] == "aig-1"
        ]
        assert mine == list(range(2, 22))
        event = next(message for message in heard if message["type"] == "event")
        assert set(event) >= {"seq", "plan_id", "kind", "category", "at", "at_ns", "price", "data"}
        assert (event["category"], event["data"]["why"]) == ("gate", "no 2")


def test_subscribing_while_events_flow_leaves_no_gap(server: Server, flow: Flow) -> None:
    """Whatever moment the snapshot is taken at, it and what follows make the whole log."""
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            flow.happen("aig-1", "aig-2")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(10):
            with server.connect() as socket:
                _, snapshot = subscribed(socket)
                last = snapshot["seq"] + 30
                heard = hear_until(socket, at_seq(last))
                assert events_of(heard) == list(range(snapshot["seq"] + 1, last + 1))
    finally:
        stop.set()
        thread.join()


def test_a_client_resumes_wherever_it_was_cut_off(server: Server, flow: Flow) -> None:
    """Random cuts, random pauses: what it heard in all its connections is the log, each event once."""
    chance = random.Random(7)
    with server.connect() as socket:
        hello, snapshot = subscribed(socket)
    place, log = {"epoch": hello["epoch"], "seq": snapshot["seq"]}, []
    for _ in range(12):
        for _ in range(chance.randrange(4)):
            flow.happen("aig-1", "aig-2", "spy-1")
        with server.connect() as socket:
            assert hear(socket)["type"] == "hello"
            say(socket, "subscribe", **{"from": place})
            flow.happen("spy-1")
            for message in hear_until(socket, at_seq(place["seq"] + 1)):
                assert message["type"] in ("event", "hb", "price")
                log += events_of([message])
            place["seq"] = log[-1]
    assert log == list(range(4, log[-1] + 1))


def test_prices_come_without_a_number_and_only_the_newest(flow: Flow, database_url: str) -> None:
    with serving(database_url, price_s=0.5) as server, server.connect() as socket:
        subscribed(socket, plans=["aig-1"])
        for cents in range(100):
            flow.move("aig-1", 100 + cents / 100)
        flow.move("spy-1", 7.0)
        heard = hear_until(socket, lambda m: m["type"] == "price" and m["price"] == 100.99)
        heard = [message for message in heard if message["type"] == "price"]
        assert {message["plan_id"] for message in heard} == {"aig-1"}
        assert all("seq" not in message for message in heard)
        assert len(heard) < 60
        assert set(heard[-1]) == {"type", "plan_id", "price", "at", "at_ns", "rr", "open_r", "effective_stop"}


def test_a_stop_that_trails_is_told_with_the_price(flow: Flow, database_url: str) -> None:
    """No event says so between its announcements, and who listens shows what the API says."""
    with serving(database_url, price_s=0.1) as server, server.connect() as socket:
        subscribed(socket, plans=["aig-1"])
        for price, stop in ((100.5, 99.5), (100.75, 99.75)):
            flow.states["aig-1"] = replace(flow.states["aig-1"], phase=Phase.SCALED, fill_price=100.0, trail_stop=stop)
            flow.move("aig-1", price)
            told = hear_until(socket, lambda m, price=price: m["type"] == "price" and m["price"] == price)[-1]  # type: ignore[misc]
            assert told["effective_stop"] == stop


def test_an_empty_database_becomes_one_with_events(database_url: str) -> None:
    flow = Flow(database_url)
    with serving(database_url) as server, server.connect() as socket:
        assert subscribed(socket)[1]["plans"] == []
        flow.happen("aig-1")
        flow.happen("aig-1")
        heard = hear_until(socket, lambda m: m.get("seq") == 2)
        told = [m for m in heard if m["type"] == "snapshot"][-1]
        assert [plan["plan_id"] for plan in told["plans"]] == ["aig-1"]
        assert events_of(heard) == list(range(told["seq"] + 1, 3))
    flow.close()


def test_two_servers_on_one_database_tell_the_same_and_take_over_from_each_other(flow: Flow, database_url: str) -> None:
    with serving(database_url) as one, serving(database_url) as two:
        with one.connect() as socket:
            hello, snapshot = subscribed(socket)
        flow.happen("aig-1", "spy-1")
        with two.connect() as socket:
            assert hear(socket)["epoch"] == hello["epoch"]
            say(socket, "subscribe", **{"from": {"epoch": hello["epoch"], "seq": snapshot["seq"]}})
            assert events_of(hear_until(socket, at_seq(5))) == [4, 5]
