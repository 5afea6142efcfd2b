"""The feed client against the practice market, on real sockets, with everything that can go wrong on a line."""

import json
from collections import Counter
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from flows.feed.backoff import Backoff
from flows.feed.decisions import Ending
from flows.feed.settings import Behind
from flows.feed.sink import GapState
from flows.market.faults import COUNTED, TIMED, random_faults
from operators.times import SECOND_NS
from tests.flows.feed.following import (
    CANARY,
    ListSink,
    by_symbol,
    client_for,
    day_prints,
    doubled,
    prints_of,
    running,
    until,
)
from tests.flows.market.practice import START_NS, made_day, serving


def whole(sink: ListSink, count: int) -> bool:
    return len(prints_of(list(sink.records))) >= count


def test_an_undisturbed_day_comes_whole_in_order_and_once() -> None:
    day, sink = made_day(1000), ListSink()
    with serving(day) as market:
        client, _ = client_for(market, sink)
        with running(client):
            until(lambda: whole(sink, 1000))
    assert prints_of(sink.records) == day_prints(day)
    assert doubled(sink.records) == 0
    assert sink.of("gap") == []
    assert client.status.held == ("T.*",)
    assert market.logins() == 1


def test_time_is_marked_as_the_market_tells_it_and_no_print_comes_behind_it() -> None:
    sink = ListSink()
    with serving(made_day(1000), speed=500.0) as market:
        client, _ = client_for(market, sink)
        with running(client):
            until(lambda: whole(sink, 1000) and sink.records[-1][0] == "clock" and len(sink.of("clock")) > 2)
    marks = sink.of("clock")
    assert len(marks) > 2
    assert marks == sorted(marks)
    marked_ms = 0
    for kind, value in sink.records:
        if kind == "clock":
            marked_ms = value // 1_000_000
        elif kind == "frame":
            times = [event["t"] for event in json.loads(value) if event["ev"] == "T"]
            assert not times or min(times) >= marked_ms


def test_what_a_dropped_line_missed_is_fetched_and_stands_at_its_place() -> None:
    day, sink = made_day(3000), ListSink()
    with serving(day, "drop@300:60", "drop@1200:1", "drop@2000:500", speed=1500.0) as market:
        client, _ = client_for(market, sink)
        with running(client):
            until(lambda: whole(sink, 3000))
    assert by_symbol(prints_of(sink.records)) == by_symbol(day_prints(day))
    assert len(sink.gaps(GapState.OPEN)) == 3
    assert sink.gaps(GapState.OPEN) == sink.gaps(GapState.CLOSED)
    assert client.status.gaps_open == 0
    assert client.status.endings[Ending.LOST] >= 3
    kinds = [kind for kind, _ in sink.records if kind != "clock"]
    assert kinds[kinds.index("gap") + 1] == "repair"


def test_frames_twice_and_prints_late_lose_nothing_across_a_drop() -> None:
    day, sink = made_day(2000), ListSink()
    with serving(day, "duplicate:0.2", "sequence:0", "late:0.1", "huge:5000", "drop@600:60", speed=2500.0) as market:
        client, _ = client_for(market, sink)
        with running(client):
            until(lambda: whole(sink, 2000))
    assert sorted(prints_of(sink.records)) == sorted(day_prints(day))


def test_no_tick_is_lost_or_doubled_across_two_hundred_random_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every kind that a session survives.  A day in seconds: REST's own pauses are as much shorter."""
    monkeypatch.setattr("flows.rest.client.FIRST_WAIT", 0.01)
    day, sink, quick = made_day(10_000), ListSink(), Backoff(first=0.005, longest=0.02, cool_down=0.02, rng=Random(1))
    faults = random_faults(200, 7, 50, 9_500, 10)
    with serving(day, *faults, speed=700.0) as market:
        client, _ = client_for(market, sink, backoff=quick, regular_silence=0.15)
        with running(client):
            until(lambda: market.over.is_set() and whole(sink, 10_000))
        happened = [each["kind"] for each in market.said if each["event"] == "fault"]
    kept = Counter((symbol, price) for symbol, _, price in prints_of(sink.records))
    assert kept == Counter((symbol, price) for symbol, _, price in day_prints(day))
    assert set(happened) == {*TIMED, *COUNTED}  # spells just hold
    assert len(happened) == sum(each.kind in (*TIMED, *COUNTED) for each in faults)
    assert sink.gaps(GapState.LOST) == []


def test_a_frame_of_several_megabytes_comes_through() -> None:
    day, sink = made_day(30_000, gap_ns=1_000_000), ListSink()
    with serving(day, "huge:50000", speed=100_000.0) as market:
        client, _ = client_for(market, sink)
        with running(client):
            until(lambda: client.status.bytes > 3_000_000 and whole(sink, 30_000))
    assert max(map(len, sink.of("frame"))) > 1 << 20
    assert prints_of(sink.records) == day_prints(day)


def test_quotes_alone_are_never_said_to_be_repaired() -> None:
    sink = ListSink()
    with serving(made_day(3000), "drop@300:60", speed=2500.0) as market:
        client, _ = client_for(market, sink, "Q.AAA")
        with running(client):
            until(lambda: client.status.gaps_left == 1)
    assert [gap.state for gap in sink.of("gap")] == [GapState.OPEN, GapState.LOST]


@pytest.mark.parametrize(("fault", "ending"), [("bad-key", Ending.BAD_KEY), ("no-access", Ending.NOT_ENTITLED)])
def test_a_final_refusal_is_tried_once(fault: str, ending: Ending) -> None:
    sink = ListSink()
    with serving(made_day(5), fault) as market:
        client, log = client_for(market, sink)
        assert client.run() is ending
    assert client.status.connections == 1
    assert client.status.ended is ending
    assert [event for event, _ in log] == ["feed_refused"]
    assert sink.records == []


def test_after_max_connections_the_client_cools_down() -> None:
    sink = ListSink()
    with serving(made_day(20_000), "close-1008@200", "close-1008@4000", speed=2500.0) as market:
        client, log = client_for(market, sink, backoff=Backoff(first=0.01, cool_down=0.4, rng=Random(1)))
        with running(client):
            until(lambda: len(client.status.endings) > 0 and client.status.endings[Ending.TOO_MANY] == 2)
    waits = [fields for event, fields in log if event == "feed_waits"]
    assert all(each["seconds"] >= 0.4 for each in waits if each["ending"] == "too_many_connections")
    assert market.logins() <= 1 + len(waits)


def test_an_unanswered_channel_is_an_error_in_the_log_and_in_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.feed.protocol.FeedProtocol.__init__.__defaults__", (SECOND_NS // 5,), raising=False)
    sink = ListSink()
    with serving(made_day(50_000), "ignore:Q", speed=10.0) as market:
        client, log = client_for(market, sink, "T.*", "Q.AAA")
        with running(client):
            until(lambda: client.status.unanswered != ())
    assert client.status.unanswered == ("Q.AAA",)
    assert ("subscription_unanswered", {"count": 1, "subscriptions": ("Q.AAA",)}) in log


def test_a_refused_channel_is_not_asked_for_again() -> None:
    sink = ListSink()
    with serving(made_day(2000), "not-authorized:Q", "close-1001@300", speed=2500.0) as market:
        client, log = client_for(market, sink, "Q.AAA", "T.*")
        with running(client):
            until(lambda: whole(sink, 2000))
    assert client.status.refused == {"Q.AAA": "not authorized"}
    assert [event for event, _ in log].count("subscription_refused") == 1
    assert client.status.endings == {Ending.GOING_AWAY: 1}


def test_a_silent_line_is_left_and_what_it_withheld_is_fetched() -> None:
    """The calendar says that the market trades; the made day is 2026-06-17 from the open on."""
    day, sink = made_day(3000), ListSink()
    with serving(day, "silent@300:2000", speed=2000.0) as market:
        client, log = client_for(market, sink, regular_silence=0.3)
        with running(client):
            until(lambda: whole(sink, 3000))
    assert by_symbol(prints_of(sink.records)) == by_symbol(day_prints(day))
    assert "silent_line" in [event for event, _ in log]


def test_without_entitlement_the_gap_stays_open_and_says_why() -> None:
    sink = ListSink()
    with serving(made_day(3000), "drop@300:60", "rest-403", speed=2500.0) as market:
        client, _ = client_for(market, sink)
        with running(client):
            until(lambda: client.status.gaps_left == 1)
    first, last = sink.of("gap")
    assert (first.name, first.to_ns) == (last.name, None)
    assert last.state is GapState.LOST
    assert last.to_ns is not None
    assert "403" in last.reason
    assert client.status.gaps_open == 1
    assert sink.gaps(GapState.CLOSED) == []


def test_a_symbol_of_a_wildcard_that_nobody_watches_is_not_repaired() -> None:
    sink = ListSink()
    with serving(made_day(3000), "drop@300:60", speed=2500.0) as market:
        client, _ = client_for(market, sink, watched=())
        with running(client):
            until(lambda: client.status.gaps_left == 1)
    assert sink.of("gap")[-1].symbols == ("*",)


def test_rest_trouble_that_passes_is_outlived() -> None:
    day, sink = made_day(2000), ListSink()
    with serving(day, "drop@300:60", "rest-429:1", "rest-500:1", "rest-truncated:1", speed=2500.0) as market:
        client, _ = client_for(market, sink)
        with running(client):
            until(lambda: whole(sink, 2000))
    assert by_symbol(prints_of(sink.records)) == by_symbol(day_prints(day))
    assert client.status.requests >= 5


def test_frames_without_room_are_counted_and_become_a_gap_that_is_repaired() -> None:
    day, sink = made_day(4000), ListSink(slow=0.02)
    with serving(day, speed=2000.0) as market:
        client, _ = client_for(market, sink, queue_bytes=20_000)
        with running(client):
            until(lambda: whole(sink, 4000))
    assert client.status.dropped_frames > 0
    assert client.status.gaps > 0
    assert by_symbol(prints_of(sink.records)) == by_symbol(day_prints(day))


def test_what_an_earlier_process_missed_is_one_gap_and_closes_its_own() -> None:
    day, sink = made_day(500), ListSink()
    behind = Behind(START_NS - SECOND_NS, ("old-1",))
    with serving(day, start_ns=START_NS + 200 * SECOND_NS) as market:
        client, _ = client_for(market, sink, behind=behind)
        with running(client):
            until(lambda: whole(sink, 500))
    assert by_symbol(prints_of(sink.records)) == by_symbol(day_prints(day))
    opened, old, closed = sink.of("gap")
    assert (opened.reason, opened.from_ns, old.name, old.state) == ("restart", behind.from_ns, "old-1", GapState.CLOSED)
    assert (closed.name, closed.state) == (opened.name, GapState.CLOSED)


def test_a_sink_that_fails_stops_the_feed_and_says_so() -> None:
    class Full(ListSink):
        def append(self, frame: bytes, received_ns: int) -> None:
            msg = "no space left"
            raise OSError(msg)

    with serving(made_day(500)) as market:
        client, _ = client_for(market, Full())
        with pytest.raises(OSError, match="no space left"):
            client.run()


def test_a_server_that_is_not_there_is_asked_again_at_the_pace_of_the_back_off() -> None:
    with serving(made_day(5)) as market:
        pass
    client, log = client_for(market, ListSink())
    with running(client):
        until(lambda: sum(event == "feed_waits" for event, _ in log) >= 4)
    seconds = [fields["seconds"] for event, fields in log if event == "feed_waits"]
    assert all(0.01 <= each <= 0.1 for each in seconds)
    assert client.status.logins == 0


def test_the_key_is_nowhere() -> None:
    sink = ListSink()
    with serving(made_day(2000), "drop@300:60", "rest-500:1", speed=2500.0) as market:
        client, log = client_for(market, sink)
        with running(client):
            until(lambda: whole(sink, 2000))
    shown: list[Any] = [log, sink.records, client.status.to_json(), market.said, repr(client), client.settings]
    assert CANARY not in repr(shown)


def test_stopping_leaves_nothing_in_the_queue() -> None:
    sink = ListSink(slow=0.005)
    with serving(made_day(5000), speed=200.0) as market:
        client, _ = client_for(market, sink)
        with running(client):
            until(lambda: client.status.frames > 50)
    assert len(sink.of("frame")) == client.status.frames
    assert all(a <= b for a, b in pairwise(sink.of("clock")))
