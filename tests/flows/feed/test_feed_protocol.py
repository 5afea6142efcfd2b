"""The vendor's protocol, frame by frame, without a socket."""

import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.errors import BadInputError
from flows.feed.api_key import ApiKey, key_from
from flows.feed.decisions import (
    Authenticated,
    Decision,
    Ending,
    Keep,
    Leave,
    MarketClock,
    Refused,
    Remark,
    Send,
    Streaming,
    Unanswered,
)
from flows.feed.protocol import ANSWER_NS, MAX_MESSAGE, PAIRS_PER_MESSAGE, FeedProtocol, Phase

SECRET = "canary-7f3a-52d0"
TRADE = b'[{"ev":"T","sym":"AAPL","i":"1","x":4,"p":1.5,"s":100,"t":1611082428813}]'


def status(word: str, message: str = "", **fields: Any) -> bytes:
    return json.dumps([{"ev": "status", "status": word, "message": message, **fields}]).encode()


def acknowledged(*subscriptions: str) -> bytes:
    return json.dumps(
        [{"ev": "status", "status": "success", "message": f"subscribed to: {each}"} for each in subscriptions]
    ).encode()


def connection(*wanted: str) -> FeedProtocol:
    return FeedProtocol(ApiKey(SECRET), wanted or ("T.AAPL",), now_ns=0)


def subscribing(*wanted: str) -> FeedProtocol:
    protocol = connection(*wanted)
    protocol.receive(status("connected", "Connected Successfully"), 0)
    protocol.receive(status("auth_success", "authenticated"), 0)
    return protocol


def sent(decisions: list[Decision]) -> list[dict[str, str]]:
    return [json.loads(each.message) for each in decisions if isinstance(each, Send)]


def test_a_connection_authenticates_subscribes_and_streams() -> None:
    protocol = connection("T.AAPL", "T.BRK.A")
    assert sent(protocol.receive(status("connected"), 0)) == [{"action": "auth", "params": SECRET}]
    decisions = protocol.receive(status("auth_success"), 0)
    assert decisions[0] == Authenticated()
    assert sent(decisions) == [{"action": "subscribe", "params": "T.AAPL,T.BRK.A"}]
    assert protocol.receive(acknowledged("T.AAPL"), 0) == []
    assert protocol.phase is Phase.SUBSCRIBING
    assert protocol.receive(acknowledged("T.BRK.A"), 0) == [Streaming(("T.AAPL", "T.BRK.A"))]
    assert protocol.receive(TRADE, 0) == [Keep(TRADE)]


def test_channels_are_asked_for_one_after_the_other() -> None:
    """So that `not authorized`, which names nobody, is about the one in question."""
    protocol = subscribing("T.A", "Q.A", "T.B")
    decisions = protocol.receive(acknowledged("T.A", "T.B"), 0)
    assert sent(decisions) == [{"action": "subscribe", "params": "Q.A"}]
    decisions = protocol.receive(status("error", "not authorized"), 0)
    assert decisions == [Refused(("Q.A",), "not authorized"), Streaming(("T.A", "T.B"))]
    assert (list(protocol.held), list(protocol.refused), protocol.unanswered) == (["T.A", "T.B"], ["Q.A"], ())


def test_many_subscriptions_go_in_several_messages() -> None:
    wanted = [f"T.S{number}" for number in range(2 * PAIRS_PER_MESSAGE + 1)]
    protocol = connection(*wanted)
    protocol.receive(status("connected"), 0)
    messages = sent(protocol.receive(status("auth_success"), 0))
    assert [len(each["params"].split(",")) for each in messages] == [PAIRS_PER_MESSAGE, PAIRS_PER_MESSAGE, 1]


def test_a_refusal_that_names_a_subscription_is_about_that_one() -> None:
    protocol = subscribing("Q.A", "Q.B")
    decisions = protocol.receive(status("error", "not authorized: Q.B"), 0)
    assert decisions == [Refused(("Q.B",), "not authorized: Q.B")]
    assert protocol.receive(acknowledged("Q.A"), 0) == [Streaming(("Q.A",))]


def test_when_everything_is_refused_there_is_nothing_to_wait_for() -> None:
    protocol = subscribing("Q.A")
    decisions = protocol.receive(status("error", "not authorized"), 0)
    assert decisions[0] == Refused(("Q.A",), "not authorized")
    assert isinstance(decisions[1], Leave)
    assert decisions[1].ending is Ending.NOT_ENTITLED


@pytest.mark.parametrize(
    ("message", "ending"),
    [
        ("authentication failed", Ending.BAD_KEY),
        ("Your plan doesn't include websocket access.", Ending.NOT_ENTITLED),
        ("", Ending.BAD_KEY),
    ],
)
def test_a_bad_key_and_a_missing_plan_are_told_apart_and_final(message: str, ending: Ending) -> None:
    """The vendor has one status word for both and then drops the line without a close frame."""
    protocol = connection()
    protocol.receive(status("connected"), 0)
    assert protocol.receive(status("auth_failed", message), 0) == [Leave(ending, message)]
    assert protocol.closed(None) is ending
    assert ending.final


def test_too_many_connections_asks_for_a_cool_down_even_while_streaming() -> None:
    protocol = subscribing()
    protocol.receive(acknowledged("T.AAPL"), 0)
    decisions = protocol.receive(status("max_connections", "Maximum number exceeded."), 0)
    assert decisions == [Leave(Ending.TOO_MANY, "Maximum number exceeded.")]
    assert protocol.closed(1008) is Ending.TOO_MANY


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        (1008, Ending.TOO_MANY),
        (1001, Ending.GOING_AWAY),
        (1000, Ending.LOST),
        (1011, Ending.LOST),
        (None, Ending.LOST),
    ],
)
def test_a_close_code_alone_says_what_it_can(code: int | None, ending: Ending) -> None:
    protocol = subscribing()
    assert protocol.closed(code) is ending
    assert not ending.final


def test_a_subscription_without_an_answer_is_named_and_the_next_channel_goes_on() -> None:
    """An unknown channel gets no answer at all; only counting finds it."""
    protocol = subscribing("ZZ.A", "T.A")
    assert protocol.elapsed(ANSWER_NS - 1) == []
    decisions = protocol.elapsed(ANSWER_NS)
    assert decisions[0] == Unanswered(("ZZ.A",))
    assert sent(decisions) == [{"action": "subscribe", "params": "T.A"}]
    assert protocol.receive(acknowledged("T.A"), ANSWER_NS) == [Streaming(("T.A",))]
    assert protocol.unanswered == ("ZZ.A",)


def test_a_late_acknowledgement_still_counts() -> None:
    protocol = subscribing("T.A")
    assert protocol.elapsed(ANSWER_NS)[0] == Unanswered(("T.A",))
    assert protocol.receive(acknowledged("T.A"), ANSWER_NS + 1) == []
    assert list(protocol.held) == ["T.A"]


@pytest.mark.parametrize("frames", [[], [status("connected")]])
def test_a_server_that_does_not_answer_is_left(frames: list[bytes]) -> None:
    protocol = connection()
    for frame in frames:
        protocol.receive(frame, 0)
    (left,) = protocol.elapsed(ANSWER_NS)
    assert isinstance(left, Leave)
    assert left.ending is Ending.LOST


def test_a_frame_of_statuses_and_data_is_kept_whole_and_read() -> None:
    protocol = subscribing("T.AAPL")
    mixed = acknowledged("T.AAPL")[:-1] + b"," + TRADE[1:]
    assert protocol.receive(mixed, 0) == [Keep(mixed), Streaming(("T.AAPL",))]


DEEP = b"[" * 5_000 + b'"status"' + b"]" * 5_000


@pytest.mark.parametrize(
    "frame", [b"not json", b'[{"ev":"status"', b"\xff\xfe", b"[1,2]", b'[{"ev":"NEW","a":1}]', b"", DEEP]
)
def test_what_cannot_be_read_is_kept_for_the_tape_to_say_so(frame: bytes) -> None:
    assert connection().receive(frame, 0) == [Keep(frame)]


def test_unknown_statuses_and_fields_change_nothing() -> None:
    protocol = subscribing("T.A")
    assert protocol.receive(status("brand_new", "hello", more=[1]), 0) == [Remark("brand_new", "hello")]
    assert protocol.receive(acknowledged("T.ELSE"), 0)[0] == Remark(
        "success", "subscribed to T.ELSE, which nobody asked for"
    )
    assert protocol.phase is Phase.SUBSCRIBING


def test_a_single_status_need_not_stand_in_an_array() -> None:
    assert sent(connection().receive(b'{"ev":"status","status":"connected"}', 0))


def test_a_practice_market_tells_its_time() -> None:
    frame = status("practice_clock", "SIMULATED", at_ns=1_700_000_000_000_000_000, speed=60)
    assert connection().receive(frame, 0) == [MarketClock(1_700_000_000_000_000_000, 60.0)]
    assert isinstance(connection().receive(status("practice_clock", at_ns="x"), 0)[0], Remark)


def test_the_key_is_in_no_repr_and_no_remark() -> None:
    protocol = connection()
    shown = [repr(ApiKey(SECRET)), f"{ApiKey(SECRET)}", repr(protocol.receive(status("connected"), 0))]
    shown += [repr(protocol.receive(status("auth_failed", f"bad key {SECRET}"), 0))]
    shown += [repr(connection().receive(status("brand_new", f"{'.' * (MAX_MESSAGE - 8)}{SECRET}"), 0))]
    shown += [repr(protocol.receive(f'[{{"ev":"X","k":"{SECRET}"}}]'.encode(), 0))]
    assert not [each for each in shown if SECRET[:8] in each]
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(ApiKey(SECRET))


@pytest.mark.parametrize("word", ["word", "p", "1", "T", "A", "status", "subscribed", SECRET[:-1]])
def test_a_short_key_changes_neither_data_nor_what_statuses_mean(word: str) -> None:
    """Any word does for a practice market; only a text that people read is without it."""
    protocol = FeedProtocol(ApiKey(word), ("T.AAPL",), now_ns=0)
    protocol.receive(status("connected", "Connected Successfully"), 0)
    protocol.receive(status("auth_success", "authenticated"), 0)
    assert protocol.receive(acknowledged("T.AAPL"), 0) == [Streaming(("T.AAPL",))]
    data = TRADE[:-1] + f',{{"ev":"X","k":"{word}"}}]'.encode()
    assert protocol.receive(data, 0) == [Keep(data)]
    (remark,) = protocol.receive(status("brand_new", f"bad {SECRET}"), 0)
    assert isinstance(remark, Remark)
    assert word not in remark.message.replace("[key]", "")


def test_the_newer_variable_supersedes_the_older() -> None:
    both = {"MASSIVE_API_KEY": "new", "POLYGON_API_KEY": "old"}
    assert key_from(both).reveal() == "new"
    assert key_from({"MASSIVE_API_KEY": " ", "POLYGON_API_KEY": "old"}).reveal() == "old"
    with pytest.raises(BadInputError, match="MASSIVE_API_KEY or POLYGON_API_KEY"):
        key_from({})


words = st.sampled_from(["connected", "auth_success", "auth_failed", "success", "error", "max_connections", "x"])
texts = st.sampled_from(["", "subscribed to: T.A", "subscribed to: Q.A", "not authorized", "authenticated"])


@given(st.lists(st.tuples(words, texts), max_size=20))
@settings(deadline=None)
def test_no_order_of_statuses_authenticates_twice_or_streams_what_was_not_granted(steps: list[tuple[str, str]]) -> None:
    protocol, decisions = connection("T.A", "Q.A"), list[Decision]()
    for at_ns, (word, text) in enumerate(steps):
        decisions += protocol.receive(status(word, text), at_ns)
    actions = [each["action"] for each in sent(decisions)]
    assert actions.count("auth") <= 1
    assert actions.count("subscribe") <= 2
    granted = {text.removeprefix("subscribed to: ") for _, text in steps}
    for each in decisions:
        if isinstance(each, Streaming):
            assert set(each.held) <= granted


def test_more_can_be_asked_for_while_it_streams() -> None:
    """Data is kept meanwhile; what is not answered is given up after a while, and the rest streams on."""
    protocol = subscribing("T.A")
    protocol.receive(acknowledged("T.A"), 0)
    assert sent(protocol.ask(["T.B", "T.A"], 5)) == [{"action": "subscribe", "params": "T.B"}]
    assert protocol.receive(TRADE, 6) == [Keep(TRADE)]
    assert protocol.ask(["T.B"], 7) == []
    assert protocol.ask(["T.C"], 8) == []
    decisions = protocol.receive(acknowledged("T.B"), 9)
    assert sent(decisions) == [{"action": "subscribe", "params": "T.C"}]
    assert protocol.elapsed(9 + ANSWER_NS) == [Unanswered(("T.C",)), Streaming(("T.A", "T.B"))]
    assert protocol.unanswered == ("T.C",)


def test_what_is_asked_for_before_it_streams_comes_after_the_rest() -> None:
    protocol = connection("T.A")
    assert protocol.ask(["T.B"], 0) == []
    protocol.receive(status("connected"), 0)
    assert sent(protocol.receive(status("auth_success"), 0)) == [{"action": "subscribe", "params": "T.A"}]
    assert sent(protocol.receive(acknowledged("T.A"), 0)) == [{"action": "subscribe", "params": "T.B"}]
    assert protocol.receive(acknowledged("T.B"), 0) == [Streaming(("T.A", "T.B"))]
    protocol.closed(None)
    assert protocol.ask(["T.C"], 0) == []
