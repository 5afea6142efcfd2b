"""The feed client: one connection after the other, for hours, without a person.

Rule 1: the reader never waits for the tape.  Rule 2: whatever is lost is marked as a gap, at its place.
Rule 3: one login per step of the back-off, and none after an ending that is final.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from threading import Event, Thread
from typing import Any

from flows.feed.api_key import ApiKey
from flows.feed.backoff import Backoff
from flows.feed.bounded_queue import BoundedQueue, GapOpened
from flows.feed.connection import Connection, Shared
from flows.feed.decisions import Ending
from flows.feed.feed_clock import FeedClock
from flows.feed.gaps import GapBook, GapRepair, StoppedError, reason_of, repairable
from flows.feed.idle import IdleWatch
from flows.feed.intake import Intake
from flows.feed.joining import Joining
from flows.feed.line import Line, LineError
from flows.feed.protocol import FeedProtocol
from flows.feed.settings import FeedSettings
from flows.feed.sink import FrameSink, Gap, GapState
from flows.feed.status import FeedStatus
from flows.feed.trades_client import TradesClient
from flows.feed.writing import Writing
from operators.nyse import nyse_calendar
from operators.sessions import SessionCalendar

Log = Callable[..., Any]
"""Takes the name of an event and its fields."""


@dataclass
class FeedClient:
    """Follows a feed into a sink until `stop` is set, or until going on is pointless.

    `rng`: chance of the back-off; `wait`: sleeps wall seconds or until `stop`, whichever is first.
    """

    settings: FeedSettings
    key: ApiKey
    sink: FrameSink
    log: Log
    calendar: SessionCalendar = field(default_factory=nyse_calendar)
    backoff: Backoff = field(default_factory=Backoff)
    rng: Random = field(default_factory=Random)
    stop: Event = field(default_factory=Event)
    status: FeedStatus = field(default_factory=FeedStatus)
    clock: FeedClock = field(init=False)
    joining: Joining = field(init=False)

    def __post_init__(self) -> None:
        """Begin with the subscriptions of the settings; `joining` takes more while it runs."""
        self.clock = FeedClock(delay_ns=self.settings.address.delay_ns)
        self.joining = Joining(self.settings.subscriptions)

    @property
    def time_told(self) -> bool:
        """Whether the clock is to be trusted: another server than the vendor's may have a time of its own."""
        return self.settings.address.vendor or self.status.streamed

    def run(self) -> Ending | None:
        """Follow the feed; return why it is over, None when it was told to stop.  Raises what the sink raised."""
        queue = BoundedQueue(self.settings.queue_bytes)
        rest = (
            TradesClient(self.settings.address.rest, self.key, self._wait, self.rng) if self.settings.repair else None
        )
        repair = GapRepair(rest, self.clock.now_ns, self._wait, self.clock.seconds_until, self.settings.settle_seconds)
        writing = Writing(queue, self.sink, repair, self.status, self._say)
        failures = list[BaseException]()
        done = Event()
        writer = Thread(target=self._write, args=(writing, done, failures), name="feed-writer")
        writer.start()
        try:
            self._follow(queue)
        finally:
            done.set()
            writer.join()
            if rest is not None:
                rest.close()
        if failures:
            raise failures[0]
        return self.status.ended

    def _follow(self, queue: BoundedQueue) -> None:
        symbols = repairable(self.settings.subscriptions, self.settings.watched)
        intake = Intake(queue, GapBook(symbols, time.time_ns()), self.clock, self.status)
        self._take_up(intake)
        idle = IdleWatch(self.calendar, self.settings.regular_silence, self.settings.extended_silence)
        shared = Shared(self.settings, self.clock, intake, self.joining, idle, self.status, self._say, self.stop)
        while not self.stop.is_set():
            self.status.state = "connecting"
            ending, streamed = self._connect(shared)
            if self.stop.is_set():
                break
            self.status.endings[ending] = self.status.endings.get(ending, 0) + 1
            intake.lost(reason_of(ending))
            if ending.final:
                self.status.ended = ending
                break
            self.status.state = "waiting"
            delay = self.backoff.after(ending, streamed)
            self._say("feed_waits", ending=str(ending), seconds=round(delay, 3), streamed_seconds=round(streamed, 3))
            self.stop.wait(delay)
        self.status.state = "over"

    def _connect(self, shared: Shared) -> tuple[Ending, float]:
        """Live through one connection; return how it ended, and how many seconds it streamed."""
        wanted = [each for each in self.joining.wanted if each not in self.status.refused]
        try:
            line = Line(self.settings.address.socket, self.settings.hear_seconds)
        except LineError as error:
            self._say("no_connection", why=str(error))
            return Ending.LOST, 0.0
        self.status.connections += 1
        connection = Connection(line, FeedProtocol(self.key, wanted, time.monotonic_ns()), shared)
        try:
            return connection.live(), connection.streamed_seconds
        finally:
            line.close()

    def _take_up(self, intake: Intake) -> None:
        """Mark what an earlier process left behind: one gap from there to now, in the place of its own."""
        behind = self.settings.behind
        if behind is None:
            return
        intake.lost("restart", behind.from_ns)
        for name in behind.gaps:
            over = Gap(
                name, GapState.CLOSED, behind.from_ns, behind.from_ns, reason="goes on in the gap of the restart"
            )
            intake.queue.put(GapOpened(over, self.clock.now_ns()))

    def _write(self, writing: Writing, done: Event, failures: list[BaseException]) -> None:
        """Write until the reader is done and the queue is empty; a failure stops the reader."""
        try:
            while writing.step() or not done.is_set():
                pass
        except StoppedError:
            self._say("repair_left", why="the feed was told to stop")
        except BaseException as error:  # noqa: BLE001 - raised again by `run`, in its own thread
            failures.append(error)
            self.stop.set()

    def _wait(self, seconds: float) -> None:
        if self.stop.wait(max(0.0, seconds)):
            raise StoppedError

    def _say(self, event: str, **fields: Any) -> None:
        """Log, with the key taken out of whatever a server may have put it into."""
        self.log(event, **{name: self.key.redact(v) if isinstance(v, str) else v for name, v in fields.items()})
