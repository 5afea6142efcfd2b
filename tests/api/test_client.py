"""The client against a real server: typed answers, and a stream that goes on after whatever happens to the server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise

import pytest

from api.client import ApiError, Client, Event, GapError, PlanStream, RefusedError, Reset, Snapshot, stream
from api.following import Follow
from api.keys import ApiKey, Scope, digest_of
from api.relay.wire import Category, Place, Subscribe, relayed, write
from operators.events import Kind, PlanEvent
from operators.plan_json import plan_to_json
from sinks.database import open_database
from sinks.reader import events_after
from tests.api.conftest import Demo
from tests.api.processes import serve_process
from tests.api.serving import Flow, serving
from tests.operators.builders import make_plan

KEYS = (ApiKey("look", digest_of("r"), Scope.READ),)


@pytest.fixture
def flow(sqlite_url: str) -> Iterator[Flow]:
    """A flow that has written three plans to a SQLite file."""
    flow = Flow(sqlite_url)
    flow.happen("aig-1", "aig-2", "spy-1")
    yield flow
    flow.close()


def test_reads_come_as_typed_values_page_by_page(demo: Demo) -> None:
    with serving(demo.url) as server, Client(f"http://127.0.0.1:{server.port}") as client:
        plans = list(client.plans(page=3))
        assert len(plans) > 6
        assert [plan.plan_id for plan in plans] == sorted(plan.plan_id for plan in plans)
        first = plans[0]
        assert {plan.symbol for plan in client.plans(symbol=first.symbol)} == {first.symbol}
        events = list(client.events(first.plan_id, page=1))
        assert [event.seq for event in events] == list(range(1, first.last_seq + 1))
        registered_ns = client.plan(first.plan_id).versions[0].registered_ns
        assert list(client.events(first.plan_id, as_of=registered_ns)) == events[:1]
        assert client.plan(first.plan_id, as_of=registered_ns).plan.last_seq == 1
        assert client.explain(first.plan_id).lines
        assert client.session(at="2026-06-17T14:00:00Z").session.phase == "regular"
        assert client.market_events(page=1)


def test_what_the_server_refuses_is_an_error_that_names_the_field(flow: Flow, sqlite_url: str) -> None:
    with serving(sqlite_url) as server, Client(f"http://127.0.0.1:{server.port}") as client:
        with pytest.raises(ApiError, match="404: no plan nobody") as unknown:
            client.plan("nobody")
        assert unknown.value.status == 404
        with pytest.raises(ApiError) as refused:
            client.register({"plan_id": "x"})
        assert refused.value.problem is not None
        assert refused.value.problem.errors[0].field


def test_commands_are_asked_once_for_a_key(flow: Flow, sqlite_url: str) -> None:
    plan = plan_to_json(make_plan(plan_id="new-1"))
    with serving(sqlite_url) as server, Client(f"http://127.0.0.1:{server.port}") as client:
        asked, again = client.register(plan, once="k"), client.register(plan, once="k")
        assert asked.command == again.command
        assert (asked.command.plan_id, asked.plan) == ("new-1", None)
        assert client.cancel("aig-1").command.kind == "cancel"
        assert client.command(asked.command.id).command == asked.command


def test_the_stream_begins_with_a_snapshot_and_a_later_one_goes_on_from_its_place(flow: Flow, sqlite_url: str) -> None:
    async def follow(url: str) -> None:
        async with stream(url, symbols=["AIG"], categories=[Category.LIFECYCLE]) as first:
            snapshot = await anext(first)
            assert isinstance(snapshot, Snapshot)
            assert [plan.plan_id for plan in snapshot.plans] == ["aig-1", "aig-2"]
            flow.happen("aig-1", "spy-1", "aig-3")
            event = await anext(_events(first))
            assert (event.plan_id, event.plan_seq, event.kind) == ("aig-3", 1, Kind.REGISTERED)
            place = first.place
        flow.happen("spy-1", "aig-2")
        async with stream(url, start=place) as second:
            assert [(await anext(_events(second))).seq for _ in range(2)] == [7, 8]

    with serving(sqlite_url) as server:
        asyncio.run(follow(f"http://127.0.0.1:{server.port}"))


def test_a_server_that_is_killed_and_started_again_is_gone_on_with(flow: Flow, sqlite_url: str) -> None:
    """Events happen before, while it is gone, and after: each comes once, in order, with nobody's help."""

    async def follow() -> list[Event]:
        heard: list[Event] = []
        with serve_process(sqlite_url) as server:
            async with stream(server.url) as messages:
                assert isinstance(await anext(messages), Snapshot)
                events = _events(messages)
                for way in (server.kill, server.stop):
                    flow.happen("aig-1", "spy-1")
                    heard += [await anext(events)]  # the other one may be on its way
                    await asyncio.to_thread(way)  # it says goodbye, which the client must hear
                    flow.happen("aig-1", "aig-2")
                    server.start()
                    flow.happen("spy-1")
                    heard += [await anext(events) for _ in range(4)]
                assert messages.connections == 3
        return heard

    assert _told(asyncio.run(follow())) == _stored(sqlite_url)[3:]


def test_a_client_that_cannot_be_let_in_is_told_so_instead_of_trying_for_ever(flow: Flow, sqlite_url: str) -> None:
    async def first_of(messages: PlanStream) -> object:
        async with messages:
            return await anext(messages)

    with serving(sqlite_url, keys=KEYS, subscribed=2) as server, serving(sqlite_url, keys=KEYS, auth_s=0.1) as hasty:
        url = f"http://127.0.0.1:{server.port}"
        with pytest.raises(RefusedError, match="403"):
            asyncio.run(first_of(stream(url, key="wrong")))
        with pytest.raises(RefusedError, match="4401"):
            asyncio.run(first_of(stream(f"http://127.0.0.1:{hasty.port}")))
        with pytest.raises(RefusedError, match="too_many"):
            asyncio.run(first_of(stream(url, key="r", plans=["a", "b", "c"])))
        assert isinstance(asyncio.run(first_of(stream(url, key="r"))), Snapshot)


def test_a_place_of_another_log_is_a_reset_and_a_snapshot(flow: Flow, sqlite_url: str) -> None:
    async def two(url: str) -> list[object]:
        async with stream(url, start=Place("elsewhere", 2)) as messages:
            return [await anext(messages), await anext(messages)]

    with serving(sqlite_url) as server:
        reset, snapshot = asyncio.run(two(f"http://127.0.0.1:{server.port}"))
    assert isinstance(reset, Reset)
    assert isinstance(snapshot, Snapshot)
    assert snapshot.seq == 3


def _heard(follow: Follow, *numbers: tuple[int, str, int]) -> None:
    for seq, plan_id, plan_seq in numbers:
        follow.hear(relayed(seq, PlanEvent(plan_id, 1, plan_seq, "AIG", Kind.GATED, 0, None, {})).said.text)


def _at(seq: int, **wanted: object) -> Follow:
    follow = Follow(Subscribe(**wanted))  # type: ignore[arg-type]
    follow.hear(write("snapshot", epoch="e", seq=seq, plans=[], more=False))
    return follow


@pytest.mark.parametrize(
    ("wanted", "numbers", "said"),
    [
        ({}, [(4, "a", 1), (6, "a", 2)], "the log: event 6 came after event 4; expected 5"),
        ({}, [(4, "a", 2)], "plan a: event 2 came after event 0; expected 1"),
        ({}, [(3, "a", 1)], "the log: event 3 came after event 3; expected 4"),
        ({"plans": ["a"]}, [(5, "a", 1), (9, "a", 3)], "plan a: event 3 came after event 1; expected 2"),
        ({"plans": ["a"]}, [(5, "a", 1), (5, "a", 2)], "the log: event 5 came after event 5; expected more than 5"),
        ({"categories": ["gate"]}, [(5, "a", 4), (9, "a", 3)], "plan a: event 3 came after event 4"),
        ({"mode": "latest"}, [(9, "a", 4), (8, "b", 1)], "the log: event 8 came after event 9"),
    ],
)
def test_a_hole_a_repetition_and_disorder_are_errors(
    wanted: dict[str, object], numbers: list[tuple[int, str, int]], said: str
) -> None:
    follow = _at(3, **wanted)
    with pytest.raises(GapError, match=said):
        _heard(follow, *numbers)


def test_a_heartbeat_moves_the_place_on_and_proves_that_nothing_is_missing() -> None:
    some, every = _at(3, plans=["a"]), _at(3)
    for follow in (some, every):
        _heard(follow, (4, "a", 1))
    some.hear(write("hb", seq=9, lag_ms=0))
    assert some.place == Place("e", 9)
    every.hear(write("hb", seq=4, lag_ms=0))
    with pytest.raises(GapError, match="all up to 5, but 4 is the last"):
        every.hear(write("hb", seq=5, lag_ms=0))


def test_a_heartbeat_before_the_subscription_is_served_moves_nothing() -> None:
    """It speaks of no subscription yet: going on to its position would skip what is still to come."""
    follow = _at(3, plans=["a"])
    follow.ask()
    follow.hear(write("hb", seq=9, lag_ms=0))
    assert follow.place == Place("e", 3)
    _heard(follow, (5, "a", 1))
    assert follow.place == Place("e", 5)


def test_a_snapshot_in_pieces_is_handed_on_whole_and_begins_anew_after_an_interruption() -> None:
    follow = Follow(Subscribe())
    piece = write("snapshot", epoch="e", seq=7, plans=[], more=True)
    assert follow.hear(piece) is None
    follow.ask()
    assert follow.place is None
    assert follow.hear(piece.replace("7", "8")) is None
    whole = follow.hear(write("snapshot", epoch="e", seq=8, plans=[], more=False))
    assert whole == Snapshot("e", 8, [])
    follow.hear(piece)
    with pytest.raises(GapError, match="different positions"):
        follow.hear(write("snapshot", epoch="e", seq=8, plans=[], more=False))


async def _events(messages: PlanStream) -> AsyncIterator[Event]:
    async for message in messages:
        if isinstance(message, Event):
            yield message


def _told(events: list[Event]) -> list[tuple[int, PlanEvent]]:
    assert all(later.seq == earlier.seq + 1 for earlier, later in pairwise(events))
    return [
        (e.seq, PlanEvent(e.plan_id, e.version, e.plan_seq, e.symbol, e.kind, e.at_ns, e.price, e.data)) for e in events
    ]


def _stored(url: str) -> list[tuple[int, PlanEvent]]:
    engine = open_database(url, read_only=True)
    try:
        with engine.connect() as connection:
            return events_after(connection, 0, 1_000_000)
    finally:
        engine.dispose()
