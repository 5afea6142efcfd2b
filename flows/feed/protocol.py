"""The vendor's WebSocket protocol without a socket: frames and time in, decisions out.

Rule 1: no clock, no I/O, no logging here; every method is told the time (ns, any clock that only goes forward).
Rule 2: channels are asked for one after the other, so that a refusal without a name has an owner.
Rule 3: a subscription is held when it was acknowledged, and not before.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import groupby
from typing import Final, assert_never

from flows.feed.api_key import ApiKey
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
from flows.feed.statuses import Kind, Status, read_frame
from operators.times import SECOND_NS

ANSWER_NS: Final = 10 * SECOND_NS
"""How long the vendor may take for each answer."""
PAIRS_PER_MESSAGE: Final = 500
MAX_MESSAGE: Final = 200
"""Characters of a status's text that are told."""
CLOSE_GOING_AWAY: Final = 1001
CLOSE_POLICY: Final = 1008


class Phase(StrEnum):
    """Where a connection stands."""

    OPENED = "opened"
    AUTHENTICATING = "authenticating"
    SUBSCRIBING = "subscribing"
    STREAMING = "streaming"
    OVER = "over"


class FeedProtocol:
    """One connection, from the open socket to its end.  `wanted`: subscriptions such as `T.AAPL`, `T.*`."""

    def __init__(self, key: ApiKey, wanted: Sequence[str], now_ns: int, answer_ns: int = ANSWER_NS) -> None:
        self.phase, self.held, self.refused = Phase.OPENED, dict[str, None](), dict[str, str]()
        self._key, self._answer_ns = key, answer_ns
        self._channels = [list(pairs) for _, pairs in groupby(by_channel(wanted), channel_of)]
        self._wanted, self._waiting = tuple(wanted), dict[str, None]()
        self._ending: Ending | None = None
        self._deadline_ns = now_ns + answer_ns

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Subscriptions that were neither acknowledged nor refused."""
        return tuple(each for each in self._wanted if each not in self.held and each not in self.refused)

    def receive(self, frame: bytes, now_ns: int) -> list[Decision]:
        """Take a frame as it came; return what follows from it, in order.  Data in it comes first."""
        read = read_frame(frame)
        decisions: list[Decision] = [Keep(self._key.redact_data(frame))] if read.has_data else []
        for status in read.statuses:
            word, message = self._key.redact(status.word), self._key.redact(status.message)[:MAX_MESSAGE]
            decisions += self._on_status(replace(status, word=word, message=message), now_ns)
        return decisions

    def ask(self, subscriptions: Iterable[str], now_ns: int) -> list[Decision]:
        """Want more than before; what is asked for already comes first, and data is kept meanwhile."""
        new = [each for each in subscriptions if each not in self._wanted]
        if not new or self.phase is Phase.OVER:
            return []
        self._wanted = (*self._wanted, *new)
        self._channels += [list(pairs) for _, pairs in groupby(by_channel(new), channel_of)]
        if self.phase is not Phase.STREAMING:
            return []
        self.phase = Phase.SUBSCRIBING
        return self._next_channel(now_ns)

    def elapsed(self, now_ns: int) -> list[Decision]:
        """Say what time alone decides: an answer that did not come."""
        if now_ns < self._deadline_ns:
            return []
        match self.phase:
            case Phase.OPENED | Phase.AUTHENTICATING:
                return [self._leave(Ending.LOST, f"no answer while {self.phase}")]
            case Phase.SUBSCRIBING:
                given_up, self._waiting = tuple(self._waiting), {}
                return [Unanswered(given_up), *self._next_channel(now_ns)]
            case Phase.STREAMING | Phase.OVER:
                return []
            case _:
                assert_never(self.phase)

    def closed(self, code: int | None) -> Ending:
        """Say why the connection is over, given the close code, None when the line just broke."""
        self.phase = Phase.OVER
        if self._ending is None:
            by_code = {CLOSE_POLICY: Ending.TOO_MANY, CLOSE_GOING_AWAY: Ending.GOING_AWAY}
            self._ending = by_code.get(code or 0, Ending.LOST)
        return self._ending

    def _on_status(self, status: Status, now_ns: int) -> Sequence[Decision]:
        message = status.message
        match status.kind:
            case Kind.CONNECTED:
                return self._authenticate(now_ns)
            case Kind.AUTHENTICATED:
                return self._authenticated(now_ns)
            case Kind.BAD_KEY:
                return [self._leave(Ending.BAD_KEY, message)]
            case Kind.NO_ACCESS:
                return [self._leave(Ending.NOT_ENTITLED, message)]
            case Kind.TOO_MANY:
                return [self._leave(Ending.TOO_MANY, message)]
            case Kind.SUBSCRIBED:
                return self._acknowledged(status.subscription, now_ns)
            case Kind.NOT_AUTHORIZED:
                return self._not_authorized(status, now_ns)
            case Kind.CLOCK:
                return _clock(status)
            case Kind.OTHER:
                return [Remark(status.word[:40], message)]
            case _:
                assert_never(status.kind)

    def _authenticate(self, now_ns: int) -> list[Decision]:
        if self.phase is not Phase.OPENED:
            return []
        self.phase, self._deadline_ns = Phase.AUTHENTICATING, now_ns + self._answer_ns
        return [Send(_message("auth", self._key.reveal()))]

    def _authenticated(self, now_ns: int) -> list[Decision]:
        if self.phase is not Phase.AUTHENTICATING:
            return []
        self.phase = Phase.SUBSCRIBING
        return [Authenticated(), *self._next_channel(now_ns)]

    def _next_channel(self, now_ns: int) -> list[Decision]:
        """Ask for the next channel, or, when all have been asked for, stream what was granted."""
        if self._channels:
            pairs = self._channels.pop(0)
            self._waiting, self._deadline_ns = dict.fromkeys(pairs), now_ns + self._answer_ns
            starts = range(0, len(pairs), PAIRS_PER_MESSAGE)
            return [Send(_message("subscribe", ",".join(pairs[at : at + PAIRS_PER_MESSAGE]))) for at in starts]
        if not self.held and len(self.refused) == len(self._wanted):
            return [self._leave(Ending.NOT_ENTITLED, "not one subscription is in the plan")]
        self.phase = Phase.STREAMING
        return [Streaming(tuple(each for each in self._wanted if each in self.held))]

    def _acknowledged(self, subscription: str, now_ns: int) -> Sequence[Decision]:
        if subscription not in self._wanted:
            return [Remark("success", f"subscribed to {subscription}, which nobody asked for")]
        self.held[subscription] = None
        self.refused.pop(subscription, None)
        return self._answered([subscription], now_ns)

    def _not_authorized(self, status: Status, now_ns: int) -> Sequence[Decision]:
        """A refusal that names nobody is about the channel that was asked for last."""
        named = [status.subscription] if status.subscription in self._wanted else list(self._waiting)
        if not named:
            return [Remark(status.word, status.message)]
        self.refused |= dict.fromkeys(named, status.message)
        return [Refused(tuple(named), status.message), *self._answered(named, now_ns)]

    def _answered(self, subscriptions: Iterable[str], now_ns: int) -> list[Decision]:
        before = len(self._waiting)
        for each in subscriptions:
            self._waiting.pop(each, None)
        if self.phase is Phase.SUBSCRIBING and before and not self._waiting:
            return self._next_channel(now_ns)
        return []

    def _leave(self, ending: Ending, message: str) -> Leave:
        self.phase, self._ending = Phase.OVER, ending
        return Leave(ending, message)


def channel_of(subscription: str) -> str:
    """Return the channel of a subscription; tickers may hold dots, so the first one splits.

    >>> channel_of("T.BRK.A")
    'T'
    """
    return subscription.partition(".")[0]


def by_channel(wanted: Sequence[str]) -> list[str]:
    """Return subscriptions grouped by channel, channels and tickers in the order in which they were named."""
    first = {channel: at for at, channel in reversed(list(enumerate(map(channel_of, wanted))))}
    return sorted(dict.fromkeys(wanted), key=lambda each: first[channel_of(each)])


def _clock(status: Status) -> list[Decision]:
    at_ns, speed = status.event.get("at_ns"), status.event.get("speed")
    if isinstance(at_ns, int) and isinstance(speed, int | float) and speed >= 0:
        return [MarketClock(at_ns, float(speed))]
    return [Remark(status.word, status.message)]


def _message(action: str, params: str) -> str:
    return json.dumps({"action": action, "params": params}, separators=(",", ":"))
