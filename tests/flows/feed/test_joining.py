"""Symbols that are added while the feed runs, on the practice market: held from then on, on every line."""

from typing import Any

from flows.feed.joining import Joining
from flows.feed.sink import Gap, GapState
from flows.market.running import Running
from operators.times import SECOND_NS
from tests.flows.feed.following import ListSink, client_for, day_prints, prints_of, running, until
from tests.flows.market.practice import START_NS, made_day, serving


def prints(sink: ListSink, symbol: str) -> list[Any]:
    return [each for each in prints_of(list(sink.records)) if each[0] == symbol]


def marks(sink: ListSink, symbol: str) -> list[Gap]:
    """The gaps that concern one symbol alone."""
    return [gap for gap in sink.of("gap") if gap.symbols == (symbol,)]


def added(market: Running, sink: ListSink, *, early: bool = False) -> None:
    """Follow one symbol to the day's end; the other is added in the middle, or before the first line."""
    client, _ = client_for(market, sink, "T.AAA", watched=())
    if early:
        client.joining.add("BRK.B", START_NS)
    with running(client):
        until(lambda: len(prints(sink, "AAA")) > 20)
        if not early:
            assert client.status.held == ("T.AAA",)
            client.joining.add("BRK.B", client.clock.now_ns())
        until(lambda: client.status.held == ("T.AAA", "T.BRK.B"))
        until(market.over.is_set)
        until(lambda: len(prints(sink, "AAA")) == 500)


def test_a_symbol_that_is_added_comes_from_then_on_without_disturbing_the_others() -> None:
    """What was missed until it came is marked, and of that symbol alone."""
    day, sink = made_day(1_000), ListSink()
    with serving(day, speed=300.0, start_ns=START_NS) as market:
        added(market, sink)
        assert market.logins() == 1
    whole = day_prints(day, "BRK.B")
    found = prints(sink, "BRK.B")
    assert 0 < len(found) < len(whole)
    assert found == whole[-len(found) :]
    (mark,) = sink.of("gap")
    assert (mark.state, mark.symbols, mark.reason) == (GapState.LOST, ("BRK.B",), "not subscribed to yet")
    assert START_NS < mark.from_ns <= (mark.to_ns or 0) < START_NS + 1_000 * SECOND_NS


def test_it_is_wanted_on_every_later_line_and_of_it_too_a_gap_is_fetched() -> None:
    day, sink = made_day(1_000), ListSink()
    with serving(day, "drop@500:100", speed=300.0, start_ns=START_NS) as market:
        added(market, sink, early=True)
    assert [gap.symbols for gap in sink.of("gap") if gap.state is GapState.CLOSED] == [("AAA", "BRK.B")]
    whole, found = day_prints(day, "BRK.B"), prints(sink, "BRK.B")
    assert sorted(found) == whole[-len(found) :]
    assert len(found) > 400


def test_a_symbol_that_the_plan_does_not_hold_is_told_of_and_nothing_else_ends() -> None:
    sink = ListSink()
    with serving(made_day(400), "not-authorized:T.BRK.B", speed=300.0, start_ns=START_NS) as market:
        client, log = client_for(market, sink, "T.AAA", watched=())
        client.joining.add("BRK.B", START_NS)
        with running(client):
            until(lambda: "T.BRK.B" in client.status.refused and client.status.state == "streaming")
            until(lambda: len(prints(sink, "AAA")) == 200)
    refused = [fields for event, fields in log if event == "subscription_refused"]
    assert [fields["subscriptions"] for fields in refused] == [("T.BRK.B",)]
    assert client.status.held == ("T.AAA",)
    assert marks(sink, "BRK.B") == []


def test_what_is_held_already_joins_nothing() -> None:
    """By name, by all, or twice."""
    one, every = Joining(("T.AAA", "T.AAA")), Joining(("T.*",))
    for each in (one, every):
        for symbol in ("AAA", "BBB", "BBB"):
            each.add(symbol, 5)
    assert (one.take(), every.take(), one.take()) == (["BBB"], [], [])
    assert (one.wanted, every.wanted) == (["T.AAA", "T.BBB"], ["T.*"])
    assert one.begun(("T.AAA",)) == []
    assert one.begun(("T.AAA", "T.BBB")) == [("BBB", 5)]
    assert one.begun(("T.AAA", "T.BBB")) == []
