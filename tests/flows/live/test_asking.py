"""Commands while the line is down and while its gap is being mended: their place on the tape, and what comes of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from flows.feed.client import FeedClient
from flows.feed.tape_sink import TapeSink
from flows.live.asked import Asked
from flows.live.asking import asking
from flows.market.day import MarketDay
from flows.market.running import Running
from flows.market.texts import Texts
from flows.options import ReplayOptions
from flows.tape.segments.payloads import read_command, read_gap
from flows.tape.segments.record import Kind, Record
from flows.tape.segments.writer import Sync, TapeWriter
from operators.times import SECOND_NS
from sinks.database import open_database
from sinks.errors import DatabaseError, DatabaseReplacedError
from sinks.fencing import FencedError
from sinks.schema import ensure_schema
from tests.flows.conftest import ReplayRunner
from tests.flows.feed.following import client_for, running, until
from tests.flows.made import Command, simple_plan, speaker, write_plans
from tests.flows.made_tape import write_records
from tests.flows.market.practice import START_NS, made_day, serving
from tests.flows.tape_segments.made_records import everything

ANY: dict[str, Any] = {"entry": "market", "stop": 50.0, "targets": [900.0]}


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return speaker(capsys)


class Held(TapeSink):
    """A tape on which repairs wait for an event."""

    def __init__(self, writer: TapeWriter, rest: Event | None) -> None:
        super().__init__(writer)
        self._rest = rest

    def repair(self, symbol: str, page: bytes, received_ns: int) -> None:
        if self._rest is not None:
            assert self._rest.wait(60)
        super().repair(symbol, page, received_ns)


@contextmanager
def following(market: Running, folder: Path, database: str, rest: Event | None = None) -> Iterator[FeedClient]:
    """Run the feed and the thread of the commands as the feed's process does; gaps are not mended before `rest`."""
    engine = open_database(database)
    ensure_schema(engine)
    try:
        with TapeWriter(folder, Sync.NEVER) as writer:
            client, _ = client_for(market, Held(writer, rest))
            flow, clock = ReplayOptions((folder,), None, database), client.clock
            asked = Asked(flow, engine, lambda: client.time_told, clock.now_ns, client.joining.add)
            with asking(lambda: asked(writer), client.stop, client.log), running(client):
                yield client
    finally:
        engine.dispose()


def named(record: Record) -> str:
    """What a test looks for on a tape."""
    if record.kind is Kind.GAP:
        return f"gap {read_gap(record.payload).state}"
    return read_command(record.payload).kind if record.kind is Kind.COMMAND else record.kind.name


def marks(folder: Path) -> list[str]:
    """The commands and the marks of gaps on a tape, in order."""
    return [each for each in map(named, everything(folder)) if each.islower()]


def undisturbed(day: MarketDay, commands: list[Record]) -> list[Record]:
    """The day as it came without any gap, each command after the prints that are older."""
    frames = [
        Record(Kind.FRAME, int(sip_ns), f"[{event}]".encode())
        for sip_ns, event in zip(day.sip_ns, Texts(day).events(0, len(day.sip_ns)), strict=True)
    ]
    return sorted([*frames, *commands], key=lambda each: each.receive_ns)


def test_commands_get_their_place_while_the_line_is_down_and_while_its_gap_is_mended(
    command: Command, replayed: ReplayRunner, tmp_path: Path
) -> None:
    """They act at their own time among the fetched prints: the answer is that of the day without a gap."""
    day, tape, database = made_day(400), tmp_path / "tape", f"sqlite:///{tmp_path}/asked.db"
    plans = write_plans(tmp_path, [simple_plan("P1", **ANY), simple_plan("P2", "BRK.B", **ANY)])
    answers = Event()
    with (
        serving(day, "drop@50:150", speed=100.0, start_ns=START_NS) as market,
        following(market, tape, database, answers) as client,
    ):
        until(lambda: "gap open" in marks(tape))
        assert command("plans", "add", plans, "--db", database).code == 0
        until(lambda: "register" in marks(tape))
        until(lambda: client.status.state == "streaming")
        assert command("plans", "cancel", "P2", "--db", database).code == 0
        until(lambda: "cancel" in marks(tape))
        answers.set()
        until(lambda: client.status.gaps_repaired == 1 and market.over.is_set())
    assert marks(tape) == ["gap open", "register", "register", "cancel", "gap close"]
    registered, _, cancelled = [each.receive_ns for each in everything(tape) if each.kind is Kind.COMMAND]
    whole = write_records(
        tmp_path / "whole", undisturbed(day, [each for each in everything(tape) if each.kind is Kind.COMMAND])
    )
    with_gap, without = replayed([tape], [simple_plan("other")]), replayed([whole], [simple_plan("other")])
    assert with_gap.digest == without.digest
    happened = {(event.plan_id, str(event.kind)): event.at_ns for event in with_gap.events}
    assert happened["P1", "registered"] == registered
    assert registered <= happened["P1", "entered"] < START_NS + 200 * SECOND_NS  # by a print that was fetched later
    assert happened["P2", "cancelled"] == cancelled


def test_nothing_is_asked_before_a_server_that_is_not_the_vendors_has_told_its_time(
    command: Command, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/asked.db"
    command("plans", "add", write_plans(tmp_path, [simple_plan()]), "--db", database)
    with serving(made_day(5)) as market:
        pass
    with following(market, tmp_path / "tape", database) as client:
        until(lambda: client.status.endings.get("lost", 0) > 2)
    assert not everything(tmp_path / "tape")


def test_a_database_that_does_not_answer_is_asked_again_and_the_log_says_from_when_to_when(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flows.live.asking.AGAIN_SECONDS", 0.01)
    asked, said, stop = list[int](), list[dict[str, Any]](), Event()

    def ask() -> None:
        asked.append(1)
        if len(asked) < 3:
            msg = "it is away"
            raise DatabaseError(msg)

    with asking(ask, stop, lambda event, **fields: said.append({"event": event, **fields})):
        until(lambda: len(asked) > 5)
    waits, goes_on = said
    assert waits == {"event": "commands_wait", "why": "it is away"}
    assert goes_on.pop("event") == "commands_go_on"
    assert goes_on.pop("seconds") > 0
    assert not stop.is_set()


@pytest.mark.parametrize(
    "error",
    [OSError("no space left"), FencedError("taken over"), DatabaseReplacedError("deleted")],
    ids=["tape", "commands", "file"],
)
def test_what_no_waiting_mends_ends_the_feed(error: Exception) -> None:
    """To ask again would not help."""
    stop = Event()

    def refuse() -> None:
        raise error

    def hold() -> None:
        with asking(refuse, stop, print):
            assert stop.wait(60)

    with pytest.raises(type(error), match=str(error)):
        hold()


def test_threads_that_share_a_writer_leave_whole_records_in_the_order_of_each(tmp_path: Path) -> None:
    """Small segments, so that both threads also begin new ones."""

    def write(writer: TapeWriter, feed: int) -> None:
        for number in range(400):
            writer.append([Record(Kind.FRAME, START_NS + number, b"x" * (number % 50), feed)])

    with TapeWriter(tmp_path, Sync.NEVER, segment_bytes=2_000) as writer:
        threads = [Thread(target=write, args=(writer, feed)) for feed in (1, 2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    found = everything(tmp_path)
    for feed in (1, 2):
        assert [each.receive_ns - START_NS for each in found if each.feed == feed] == list(range(400))
