"""One connection's life: what is heard goes to the protocol, what the protocol decides is done.

Time is marked on the tape when everything said before it has been taken: right after a frame; in silence, when the
answer to a ping is there, with the ping's time; from a practice market, when it says so itself.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any, Final, assert_never

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
from flows.feed.feed_clock import FeedClock
from flows.feed.idle import IdleWatch
from flows.feed.intake import Intake
from flows.feed.joining import Joining, subscription_of
from flows.feed.line import Closed, Line, Pong
from flows.feed.protocol import FeedProtocol
from flows.feed.settings import FeedSettings
from flows.feed.status import FeedStatus

MOST_SHOWN: Final = 20
"""Subscriptions named in one line of the log."""


@dataclass(slots=True)
class Shared:
    """What outlives a connection."""

    settings: FeedSettings
    clock: FeedClock
    intake: Intake
    joining: Joining
    idle: IdleWatch
    status: FeedStatus
    say: Callable[..., Any]
    stop: Event


class Connection:
    """One line and its protocol."""

    def __init__(self, line: Line, protocol: FeedProtocol, shared: Shared) -> None:
        self._line, self._protocol, self._shared = line, protocol, shared
        self._data, self._ending, self._since = False, None, 0.0
        self._heard_at = self._marked_at = time.monotonic()
        self._ping: tuple[str, int, float] | None = None

    _ending: Ending | None

    @property
    def streamed_seconds(self) -> float:
        """Return for how long data could come."""
        return time.monotonic() - self._since if self._since else 0.0

    def live(self) -> Ending:
        """Follow the connection to its end."""
        while not self._shared.stop.is_set():
            self._join()
            heard = self._line.hear()
            if isinstance(heard, bytes):
                self._heard_at = time.monotonic()
                self._do(self._protocol.receive(heard, time.monotonic_ns()))
            elif isinstance(heard, Closed):
                ending = self._protocol.closed(heard.code)
                self._shared.say("connection_closed", code=heard.code, why=heard.why, ending=str(ending))
                return ending
            elif isinstance(heard, Pong):
                self._answered(heard)
            self._do(self._protocol.elapsed(time.monotonic_ns()))
            self._watch(time.monotonic())
            if self._ending is not None:
                return self._ending
        return Ending.LOST

    def _join(self) -> None:
        """Ask for the symbols that were added meanwhile."""
        added = self._shared.joining.take()
        for symbol in added:
            self._shared.intake.watch(symbol)
        self._do(self._protocol.ask(map(subscription_of, added), time.monotonic_ns()))

    def _do(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            match decision:
                case Keep(frame):
                    self._keep(frame)
                case Send(message):
                    self._line.send(message)
                case MarketClock(at_ns, speed):
                    self._follow(at_ns, speed)
                case Streaming(held):
                    self._streaming(held)
                case Leave(ending, message):
                    self._ending = ending
                    self._shared.say("feed_refused", ending=str(ending), message=message)
                    return
                case Authenticated():
                    self._shared.status.logins += 1
                case Refused() | Unanswered() | Remark():
                    self._report(decision)
                case _:
                    assert_never(decision)

    def _keep(self, frame: bytes) -> None:
        if not self._data:
            self._begin(frame)
        self._shared.idle.heard(self._heard_at)
        self._shared.intake.keep(frame)
        if not self._shared.clock.practice and self._heard_at - self._marked_at >= self._shared.settings.mark_seconds:
            self._mark(self._shared.clock.now_ns())

    def _streaming(self, held: tuple[str, ...]) -> None:
        status = self._shared.status
        status.state, status.held, status.unanswered = "streaming", held, self._protocol.unanswered
        status.streamed = True
        self._shared.say("streaming", subscriptions=len(held), unanswered=len(status.unanswered))
        if not self._data:
            self._begin()
        for symbol, since_ns in self._shared.joining.begun(held):
            self._shared.intake.joined(symbol, since_ns)

    def _begin(self, first: bytes = b"") -> None:
        """Data comes from here on: what is missing ends here."""
        self._data, self._since = True, time.monotonic()
        self._shared.idle.heard(self._since)
        self._shared.intake.resume(first)

    def _follow(self, at_ns: int, speed: float) -> None:
        if self._shared.settings.address.vendor:
            self._shared.say("clock_ignored", why="the vendor has no time of its own")
            return
        self._shared.clock.follow(at_ns, speed)
        if self._data:
            self._mark(at_ns)

    def _watch(self, wall: float) -> None:
        """Ping in silence; leave a line that is dead, or that says nothing while the market trades."""
        shared, settings = self._shared, self._shared.settings
        if self._ping is not None and wall - max(self._ping[2], self._heard_at) > settings.pong_seconds:
            self._leave("dead_line", wall - self._heard_at)
        elif self._ping is None and wall - max(self._marked_at, self._heard_at) >= settings.mark_seconds:
            self._ping = f"{wall:.6f}", shared.clock.now_ns(), wall
            self._line.ping(self._ping[0])
        if self._data and shared.idle.too_long(shared.clock.now_ns(), wall):
            self._leave("silent_line", wall - self._heard_at)

    def _answered(self, pong: Pong) -> None:
        if self._ping is not None and pong.text == self._ping[0]:
            at_ns, self._ping = self._ping[1], None
            if self._data and not self._shared.clock.practice:
                self._mark(at_ns)

    def _mark(self, at_ns: int) -> None:
        self._marked_at = time.monotonic()
        self._shared.intake.clock(at_ns)

    def _leave(self, event: str, seconds: float) -> None:
        self._ending = Ending.LOST
        self._shared.say(event, silent_seconds=round(seconds, 3))

    def _report(self, decision: Refused | Unanswered | Remark) -> None:
        say, status = self._shared.say, self._shared.status
        match decision:
            case Refused(subscriptions, message):
                status.refused |= dict.fromkeys(subscriptions, message)
                say("subscription_refused", subscriptions=subscriptions[:MOST_SHOWN], message=message)
            case Unanswered(subscriptions):
                status.unanswered = subscriptions
                say("subscription_unanswered", count=len(subscriptions), subscriptions=subscriptions[:MOST_SHOWN])
            case Remark(word, message):
                say("feed_status", status=word, message=message)
            case _:
                assert_never(decision)
