"""The feed's parts, each alone: waiting, silence, addresses, the queue, clocks, settings."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.errors import BadInputError
from flows.feed.address import feed_address
from flows.feed.backoff import Backoff
from flows.feed.bounded_queue import AROUND_ITEM, BoundedQueue, Clock, Frame, GapEnded, GapOpened
from flows.feed.decisions import Ending
from flows.feed.feed_clock import FeedClock
from flows.feed.gaps import GapBook, GapRepair
from flows.feed.idle import IdleWatch
from flows.feed.intake import Intake
from flows.feed.newest import newest_ns
from flows.feed.settings import FeedSettings
from flows.feed.sink import Gap, GapState
from flows.feed.status import FeedStatus
from operators.nyse import nyse_calendar
from operators.times import SECOND_NS, parse_instant
from operators.wire.reckoning import APART_NS, Reckoning
from tests.flows.feed.following import ListSink


def test_waits_double_up_to_the_longest_and_only_a_stable_life_resets_them() -> None:
    backoff = Backoff(first=1, longest=8, stable=10, rng=Random(1))
    waits = [backoff.after(Ending.LOST, 9.9) for _ in range(6)]
    for wait, most in zip(waits, (1, 2, 4, 8, 8, 8), strict=True):
        assert most / 2 <= wait <= most
    assert backoff.after(Ending.LOST, 10.0) <= 1


@given(st.lists(st.sampled_from([Ending.LOST, Ending.GOING_AWAY, Ending.TOO_MANY]), max_size=200), st.integers())
@settings(deadline=None)
def test_no_wait_is_shorter_than_half_the_first_nor_a_cool_down_shorter_than_itself(
    endings: list[Ending], seed: int
) -> None:
    backoff = Backoff(first=0.5, longest=30, cool_down=60, rng=Random(seed))
    for ending in endings:
        wait = backoff.after(ending, 0.0)
        assert 0.25 <= wait <= 66
        assert wait >= 60 or ending is not Ending.TOO_MANY


@pytest.mark.parametrize(
    ("at", "silent", "too_long"),
    [
        ("2026-06-17T13:30:00Z", 31, True),
        ("2026-06-17T13:30:00Z", 29, False),
        ("2026-06-17T12:00:00Z", 31, False),
        ("2026-06-17T12:00:00Z", 601, True),
        ("2026-06-17T03:00:00Z", 90_000, False),
        ("2026-06-20T15:00:00Z", 90_000, False),
        ("2099-01-01T00:00:00Z", 90_000, False),
    ],
)
def test_silence_is_suspicious_only_while_the_market_trades(at: str, silent: float, too_long: bool) -> None:
    watch = IdleWatch(nyse_calendar(), regular=30, extended=600)
    watch.heard(1000.0)
    assert not watch.too_long(parse_instant(at), 1000.0)
    assert watch.too_long(parse_instant(at), 1000.0 + silent) is too_long


def test_silence_before_the_open_says_nothing_about_the_session() -> None:
    watch = IdleWatch(nyse_calendar(), regular=30, extended=600)
    open_ns = parse_instant("2026-06-17T13:30:00Z")
    watch.heard(0.0)
    assert not watch.too_long(open_ns - 1, 500.0)
    assert not watch.too_long(open_ns, 500.1)
    assert watch.too_long(open_ns + 31 * SECOND_NS, 531.0)


@pytest.mark.parametrize(
    ("url", "socket", "rest"),
    [
        ("wss://socket.massive.com/stocks", "wss://socket.massive.com/stocks", "https://api.massive.com"),
        ("wss://socket.polygon.io/stocks", "wss://socket.polygon.io/stocks", "https://api.polygon.io"),
        ("ws://127.0.0.1:8765", "ws://127.0.0.1:8765/stocks", "http://127.0.0.1:8765"),
        ("wss://other.example/x", "wss://other.example/x", "https://other.example"),
    ],
)
def test_an_address_knows_its_rest_side(url: str, socket: str, rest: str) -> None:
    address = feed_address(url)
    assert (address.socket, address.rest) == (socket, rest)
    assert address.vendor is ("massive" in url or "polygon" in url)


def test_the_delayed_host_is_known_to_be_late() -> None:
    assert feed_address("wss://delayed.massive.com/stocks").delay_ns == 900 * SECOND_NS
    assert feed_address().delay_ns == 0


@pytest.mark.parametrize(
    "url",
    ["", "http://x/y", "ws://example.com/stocks", "wss://h/stocks?apiKey=abc", "wss://me:pw@h/stocks", "wss:///x"],
)
def test_an_address_that_would_show_the_key_is_refused(url: str) -> None:
    with pytest.raises(BadInputError) as caught:
        feed_address(url)
    assert "abc" not in str(caught.value)
    assert "pw" not in str(caught.value)


def test_a_rest_address_in_the_clear_is_refused() -> None:
    with pytest.raises(BadInputError, match="--rest-url"):
        feed_address("wss://h.example/stocks", "http://h.example")


@pytest.mark.parametrize("names", [(), ("T",), ("T.",), ("T.A,T.B",), (".A",), ("T.A B",)])
def test_a_subscription_that_is_none_is_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(BadInputError):
        FeedSettings(feed_address(), names)


def test_the_queue_drops_frames_only_counts_them_and_keeps_the_order() -> None:
    queue = BoundedQueue(3 * (AROUND_ITEM + 10))
    taken = [queue.put_frame(Frame(bytes(10), n)) for n in range(5)]
    queue.put(Clock(9))
    assert taken == [True, True, True, False, False]
    assert (queue.dropped_frames, queue.dropped_bytes) == (2, 20)
    items = queue.take(0)
    assert items == [*(Frame(bytes(10), n) for n in range(3)), Clock(9)]
    assert queue.take(0) == []
    assert queue.put_frame(Frame(bytes(10_000_000), 0))


def test_a_drop_is_one_gap_from_the_last_kept_print_to_when_there_is_room_again() -> None:
    queue, status = BoundedQueue(1000), FeedStatus()
    intake = Intake(queue, GapBook(("A",), 1), FeedClock(lambda: 2_000_000_000 * SECOND_NS), status)
    trade = b'[{"ev":"T","t":1600000000%03d}]' + b" " * 200
    intake.resume()
    status.newest_ns = 0
    for number in range(5):
        intake.keep(trade % number)
    intake.clock(7)
    kept = queue.take(0)
    intake.keep(trade % 9)
    assert [type(each) for each in kept] == [Frame, Frame, GapOpened]
    ended, frame = queue.take(0)
    assert isinstance(ended, GapEnded)
    assert isinstance(frame, Frame)
    assert ended.gap.from_ns == 1_600_000_000_001_000_000
    assert (status.dropped_frames, status.gaps) == (3, 1)


def test_a_gap_ends_with_the_newest_print_or_now_and_never_at_a_time_that_cannot_be() -> None:
    """This machine's clock may be slow, but not by years."""
    now_ns = 1_600_000_000 * SECOND_NS
    for ahead_ns, end_ns in ((60 * SECOND_NS, now_ns + 60 * SECOND_NS), (3_600 * SECOND_NS, now_ns)):
        queue, status = BoundedQueue(), FeedStatus()
        intake = Intake(queue, GapBook(("A",), 1), FeedClock(lambda: now_ns), status)
        intake.resume()
        intake.lost("connection lost")
        intake.resume(b'[{"ev":"T","t":%d}]' % ((now_ns + ahead_ns) // 1_000_000))
        *_, ended = queue.take(0)
        assert isinstance(ended, GapEnded)
        assert ended.to_ns == end_ns


@pytest.mark.parametrize("url", ["wss://socket.massive.com/stocks", "wss://delayed.massive.com/stocks"])
def test_in_silence_time_goes_on_after_seconds_also_on_a_delayed_feed(url: str) -> None:
    """All that it puts on the tape is by one clock, as old as its prints."""
    delay_ns, now = feed_address(url).delay_ns, [1_600_000_000 * SECOND_NS]
    queue, reckoning = BoundedQueue(), Reckoning()
    intake = Intake(queue, GapBook(("A",), 1), FeedClock(lambda: now[0], delay_ns=delay_ns), FeedStatus())
    intake.resume()
    last_ns = now[0] - delay_ns
    intake.keep(b'[{"ev":"T","t":%d}]' % (last_ns // 1_000_000))
    intake.lost("connection lost")
    frame, opened = queue.take(0)
    assert isinstance(frame, Frame)
    assert isinstance(opened, GapOpened)
    assert (frame.received_ns, opened.received_ns) == (last_ns, last_ns)
    reckoning.heard(last_ns, frame.received_ns)
    reached = [reckoning.reached(last_ns + second * SECOND_NS) for second in (1, 4, 5, 6)]
    assert reached == [last_ns - APART_NS, None, last_ns, last_ns + SECOND_NS]


def test_a_practice_markets_time_is_followed_at_its_pace_and_never_goes_back() -> None:
    steady = [0]
    clock = FeedClock(lambda: 5_000 * SECOND_NS, lambda: steady[0])
    assert clock.now_ns() == 5_000 * SECOND_NS
    clock.follow(1_000 * SECOND_NS, 60.0)
    assert (clock.now_ns(), clock.practice) == (1_000 * SECOND_NS, True)
    steady[0] = SECOND_NS
    assert clock.now_ns() == 1_060 * SECOND_NS
    clock.follow(1_050 * SECOND_NS, 60.0)
    assert clock.now_ns() == 1_060 * SECOND_NS
    assert clock.seconds_until(1_110 * SECOND_NS) == pytest.approx(50 / 60)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b'[{"ev":"T","t":1611082428813},{"ev":"T","t":1611082428814,"q":1}]', 1_611_082_428_814_000_000),
        (b'[{"ev":"LULD","t":1601988545664000000}]', 1_601_988_545_664_000_000),
        (b'[{"ev":"A","s":1}]', 0),
        (b'"t":', 0),
        (b'"t":12', 0),
        (b'"t":"x"', 0),
        (b'{"t": 1611082428813}', 1_611_082_428_813_000_000),
    ],
)
def test_the_time_of_a_frame_is_found_in_every_unit(frame: bytes, expected: int) -> None:
    assert newest_ns(frame) == expected


def _nothing(_: float) -> None:
    """Do not wait."""


def test_a_gap_without_rest_stays_open() -> None:
    sink, gap = ListSink(), Gap("1-1", GapState.OPEN, 5, symbols=("A",))
    until: Callable[[int], float] = lambda at_ns: 0.0  # noqa: E731
    last = GapRepair(None, lambda: 10, _nothing, until).mend(gap, 8, sink)
    assert (last.state, last.to_ns, last.reason) == (GapState.LOST, 8, "no REST")
    assert sink.of("gap") == [last]
