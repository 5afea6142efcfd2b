"""A tape replays to the same answer as any other recording of the same prints."""

import json
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import polars as pl
import pytest

from flows.items import Commands
from flows.meter import Meter
from flows.options import ReplayOptions
from flows.replay import prepare, run
from flows.tape.files import log_file
from flows.tape.log_reader import read_log
from flows.tape.reader import TapeReader
from flows.tape.scan import ScanFilter
from flows.tape.segments.payloads import GapMark, clock, gap, market_events
from flows.tape.segments.record import Record
from flows.tape.segments.writer import TapeWriter
from operators.market_events import MarketEvent, Severity
from operators.times import SECOND_NS
from tests.flows.conftest import Replayed, ReplayRunner, read_back, replaying_in
from tests.flows.made import OPEN_NS, plans_around, rows_of, simple_plan, speaker, write_plans, write_tape
from tests.flows.made_day import EVENTS
from tests.flows.made_tape import (
    as_csv,
    as_frames,
    as_pages,
    cancelling,
    in_order,
    market_prints,
    registering,
    with_clock,
    write_records,
)

SYMBOLS = ("AAA", "BBB", "NA")
PRINTS = market_prints(SYMBOLS, 1_500, seed=3, seconds=9_000)
FRAMES = as_frames(PRINTS)


@pytest.fixture(scope="module")
def flat_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tape(tmp_path_factory.mktemp("flat"), as_csv(PRINTS))


@pytest.fixture(scope="module")
def plans(flat_file: Path) -> list[dict[str, Any]]:
    return plans_around(flat_file, 60, seed=5)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prints with a clock mark each second, over several segments; it begins with the pre-market."""
    records = [clock(OPEN_NS - 330 * 60 * SECOND_NS), *with_clock(FRAMES)]
    return write_records(tmp_path_factory.mktemp("tape"), records, segment_bytes=200_000)


@pytest.fixture(scope="module")
def of_file(flat_file: Path, plans: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """What the flat file gives."""
    return replaying_in(tmp_path_factory.mktemp("of-file"))([flat_file], plans)


@pytest.fixture(scope="module")
def of_tape(tape: Path, plans: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """What the tape gives."""
    return replaying_in(tmp_path_factory.mktemp("of-tape"))([tape], plans)


def replay_alone(folder: Path, path: Path, **options: Any) -> Replayed:
    """Replay a tape with nothing but what is on it."""
    database = f"sqlite:///{folder}/alone-{time.monotonic_ns()}.db"
    meter = Meter()
    run(prepare(ReplayOptions((path,), None, database, **options)), meter)
    return read_back(database, meter)


@pytest.mark.parametrize("scan", [False, True])
def test_the_same_prints_give_the_same_answer(
    replayed: ReplayRunner, flat_file: Path, tape: Path, plans: list[dict[str, Any]], scan: bool
) -> None:
    one = replayed([flat_file], plans, events=EVENTS, scan=scan)
    other = replayed([tape], plans, events=EVENTS, scan=scan)
    assert len(one.events) > 150
    assert other.digest == one.digest
    assert other.meter.rows == one.meter.rows == len(PRINTS)
    counts = "SELECT symbol, records, eligible, late, corrected FROM progress ORDER BY symbol"
    assert rows_of(other.database, counts) == rows_of(one.database, counts)
    if scan:
        bars = "SELECT * FROM bars ORDER BY symbol, interval, start_ns"
        assert rows_of(other.database, bars) == rows_of(one.database, bars)


@pytest.mark.parametrize("batch_rows", [1, 7])
def test_the_smallest_batches_do_not_change_what_a_tape_gives(
    replayed: ReplayRunner, tape: Path, plans: list[dict[str, Any]], batch_rows: int
) -> None:
    """In its first half hour."""
    to_ns = OPEN_NS + 1_800 * SECOND_NS
    small, usual = replayed([tape], plans, to_ns=to_ns, batch_rows=batch_rows), replayed([tape], plans, to_ns=to_ns)
    assert len(usual.events) > 50
    assert small.digest == usual.digest


@pytest.mark.parametrize("options", [{"batch_rows": 1_000}, {"workers": 2}])
def test_neither_batches_nor_workers_change_what_a_tape_gives(
    replayed: ReplayRunner, tape: Path, plans: list[dict[str, Any]], of_tape: Replayed, options: dict[str, int]
) -> None:
    assert replayed([tape], plans, **options).digest == of_tape.digest


def test_the_size_of_a_reading_changes_nothing(
    replayed: ReplayRunner, tape: Path, plans: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = replayed([tape], plans, scan=True)
    monkeypatch.setattr("flows.tape.log_reader.READ_BYTES", 10_000)
    assert replayed([tape], plans, scan=True).digest == whole.digest


def test_a_tape_is_replayed_at_a_pace(
    replayed: ReplayRunner, tape: Path, plans: list[dict[str, Any]], of_tape: Replayed
) -> None:
    assert replayed([tape], plans, speed=1e6).digest == of_tape.digest


def test_a_command_is_a_plan_that_starts_when_it_came(
    replayed: ReplayRunner, tmp_path: Path, flat_file: Path, plans: list[dict[str, Any]]
) -> None:
    """Registered on the tape or by a file that says when: the same plan, for symbols that nobody watched before."""
    instants = [OPEN_NS + (number * 97 + 13) * SECOND_NS + 7 for number in range(len(plans))]
    by_file = [
        plan | {"valid_from": at}
        for plan, at in zip(plans, instants, strict=True)
        if plan.get("expires_at", at + 1) > at
    ]
    by_tape = [registering({**plan, "valid_from": None}, plan["valid_from"]) for plan in by_file]
    folder = write_records(tmp_path / "tape", in_order(FRAMES, by_tape))
    one, other = replayed([flat_file], by_file), replay_alone(tmp_path, folder)
    assert len({event.plan_id for event in one.events}) > 30
    assert other.digest == one.digest


def test_a_command_from_before_acts_where_it_stands_whoever_watched_its_symbol(tmp_path: Path) -> None:
    """Its writer was held up: newer prints stand before it.  A live run watches the symbol from the beginning."""
    plan, place = simple_plan(entry={"type": "stop", "price": 5_000.0}, stop=1.0, targets=[6_000.0]), len(FRAMES) // 2
    late = registering(plan, FRAMES[place].receive_ns - 60 * SECOND_NS)
    records = [*FRAMES[:place], late, *FRAMES[place:]]
    since_the_open = registering(plan | {"plan_id": "P0"}, OPEN_NS + SECOND_NS)
    tapes = {"alone": records, "watched": [since_the_open, *records]}
    told = [
        [event.at_ns for event in replay_alone(tmp_path, write_records(tmp_path / name, tape)).events if event.seq == 1]
        for name, tape in tapes.items()
    ]
    assert told[0] == told[1][1:]
    assert told[0][0] > late.receive_ns


def test_cancelling_and_replacing_act_at_their_place(tmp_path: Path) -> None:
    first, second = OPEN_NS + 60 * SECOND_NS, OPEN_NS + 120 * SECOND_NS
    plan = simple_plan(entry={"type": "stop", "price": 5_000.0}, stop=1.0, targets=[6_000.0])
    commands = [
        registering(plan, first),
        registering(plan, first),  # the same command again
        registering(plan | {"version": 2}, second),
        cancelling("P1", second + 1),
        cancelling("P9", second + 2),
    ]
    result = replay_alone(tmp_path, write_records(tmp_path / "tape", in_order(FRAMES, commands)))
    told = [(str(event.kind), event.version, event.at_ns) for event in result.events]
    assert told == [
        ("registered", 1, first),
        ("replaced", 1, second),
        ("registered", 2, second),
        ("cancelled", 2, second + 1),
    ]
    letters = rows_of(result.database, "SELECT field, reason FROM dead_letters")
    assert letters == [("plan_id", "no plan P9 was registered before")]


def test_a_bad_command_is_a_dead_letter(tmp_path: Path) -> None:
    commands = [
        registering(simple_plan(stop=200.0), OPEN_NS),
        Record(registering({"plan_id": "x"}, 0).kind, OPEN_NS + 1, b"{"),
        registering({"plan_id": "x"}, OPEN_NS + 2),
    ]
    result = replay_alone(tmp_path, write_records(tmp_path / "tape", in_order(FRAMES, commands)))
    assert result.events == []
    fields = rows_of(result.database, "SELECT field FROM dead_letters ORDER BY row")
    assert fields == [("stop",), ("command",), ("symbol",)]


def test_a_quiet_tape_still_ends_its_plans(tmp_path: Path) -> None:
    """After the last print only clock marks come; a plan ends at its own deadline, long before the mark."""
    ends = OPEN_NS + 9_100 * SECOND_NS
    plan = simple_plan(entry={"type": "stop", "price": 5_000.0}, stop=1.0, targets=[6_000.0], expires_at=ends)
    quiet = [Record(with_clock(FRAMES)[0].kind, ends + 10 * SECOND_NS)]
    records = in_order(FRAMES, [registering(plan, OPEN_NS)], quiet)
    result = replay_alone(tmp_path, write_records(tmp_path / "tape", records))
    assert [(str(event.kind), event.at_ns) for event in result.events] == [("registered", OPEN_NS), ("expired", ends)]


def test_market_events_on_the_tape_gate_from_then_on(
    replayed: ReplayRunner, tmp_path: Path, flat_file: Path, plans: list[dict[str, Any]]
) -> None:
    """Known from the tape's first record on, they do what the same events do that were known beforehand."""
    known = OPEN_NS - 3_600 * SECOND_NS
    fed = MarketEvent("FED", "*", "fomc", Severity.HIGH, OPEN_NS + 5_400 * SECOND_NS, known, "minutes")
    first = market_events([replace(fed, at_ns=fed.at_ns + SECOND_NS)], known)
    folder = write_records(tmp_path / "tape", [first, market_events([fed], known + 1), *FRAMES])
    text = f"id,symbol,kind,severity,at,known_at,label\nFED,*,fomc,high,{fed.at_ns},{known},minutes\n"
    one, other = replayed([flat_file], plans, events=text), replayed([folder], plans)
    assert "gated" in {str(event.kind) for event in one.events}
    assert other.digest == one.digest


def test_a_repaired_gap_leaves_no_trace(
    replayed: ReplayRunner, tmp_path: Path, of_file: Replayed, plans: list[dict[str, Any]]
) -> None:
    """The feed was gone for 20 minutes; pages with eight seconds more at both ends mend it."""
    lost, back = OPEN_NS + 3_000 * SECOND_NS, OPEN_NS + 4_200 * SECOND_NS
    overlap = 8 * SECOND_NS

    def between(low: int, high: int) -> list[dict[str, str]]:
        return [each for each in PRINTS if low <= int(each["sip_timestamp"]) < high]

    after = as_frames(between(back, 1 << 62))
    pages = as_pages(between(lost - overlap, back + overlap), back + SECOND_NS)
    opened = gap(GapMark("1", "open", lost), back)
    closed = gap(GapMark("1", "close", lost, back), back + SECOND_NS)
    before = with_clock(as_frames(between(0, lost)))
    records = [*before, opened, *pages, closed, *with_clock(after)]
    other = replayed([write_records(tmp_path / "tape", records)], plans)
    assert other.digest == of_file.digest
    reasons = rows_of(other.database, "SELECT DISTINCT field FROM dead_letters")
    repeated = len(between(lost - overlap, lost)) + len(between(back, back + overlap))
    assert reasons == [("trade_id",)]
    assert other.meter.dead_letters == repeated > 3
    counts = "SELECT symbol, records FROM progress ORDER BY symbol"
    assert rows_of(other.database, counts) == rows_of(of_file.database, counts)


def test_frames_that_came_twice_count_once(
    replayed: ReplayRunner, tmp_path: Path, of_file: Replayed, plans: list[dict[str, Any]]
) -> None:
    twice = [each for number, record in enumerate(FRAMES) for each in [record] * (1 + (number % 5 == 0))]
    result = replayed([write_records(tmp_path / "tape", twice)], plans)
    assert result.digest == of_file.digest


def test_a_bad_event_is_a_dead_letter_with_its_place(tmp_path: Path) -> None:
    bad = b'[{"ev":"T","sym":"AAA","p":-1,"s":1,"t":1381239000000},{"ev":"status"},{"ev":"T","sym":"AAA"}]'
    folder = write_records(tmp_path / "tape", [FRAMES[0], replace_payload(FRAMES[0], bad), FRAMES[1]])
    (piece,) = read_log(folder, ScanFilter())
    assert len(piece.ticks) == 2
    first = 32 + 20 + len(FRAMES[0].payload)
    places = [(letter.source, letter.row, letter.field, letter.reason) for letter in piece.dead_letters]
    source = f"{folder}/000001"
    assert places == [
        (source, first, "price", "got -1; must be dollars above 0"),
        (source, first + 2, "sip_ns", "is missing"),
    ]


def replace_payload(record: Record, payload: bytes) -> Record:
    return record._replace(payload=payload)


def test_a_growing_tape_gives_what_its_replay_gives(tmp_path: Path, plans: list[dict[str, Any]]) -> None:
    """L4, in one process: the flow follows the writer, and stops when it is told."""
    folder, database = tmp_path / "tape", f"sqlite:///{tmp_path}/live.db"
    commands = [registering(plan, OPEN_NS + number * SECOND_NS) for number, plan in enumerate(plans)]
    records = with_clock(in_order(FRAMES, commands))
    live = ReplayOptions((folder,), None, database, from_ns=None)
    with TapeWriter(folder) as writer:
        writer.append(records[:50])
        prepared = prepare(live)
        prepared = replace(prepared, replay=replace(prepared.replay, follow=True))
        meter = Meter()
        thread = Thread(target=run, args=(prepared, meter))
        thread.start()
        for start in range(50, len(records), 170):
            writer.append(records[start : start + 170])
            time.sleep(0.002)
        meter.stop.set()
        thread.join(timeout=60)
    assert not thread.is_alive()
    result = read_back(database, meter)
    assert len(result.events) > 150
    assert meter.rows == len(PRINTS)
    assert not meter.stopped_early
    assert result.digest == replay_alone(tmp_path, folder).digest


def test_a_reader_may_come_before_the_writer(tmp_path: Path) -> None:
    """It looks, finds nothing, and goes on; a symbol that a command names is watched from there on."""
    folder = tmp_path / "tape"
    reader = TapeReader((log_file(folder),), ("AAA",))
    pieces = reader.pieces(follow=True)
    assert next(pieces).rows == 0
    with TapeWriter(folder) as writer:
        assert next(pieces).rows == 0
        end = writer.append(FRAMES[:40])
        first = next(pieces)
        assert (first.rows, first.place) == (40, (0, *end))
        assert first.frame.symbols == ("AAA",)
        writer.append([registering(simple_plan("P1", "NA"), FRAMES[40].receive_ns), *FRAMES[40:80]])
        (mark,) = next(pieces).marks
        assert isinstance(mark, Commands)
        later = next(pieces)
        assert later.frame.symbols == ("AAA", "NA")
        assert next(pieces).rows == 0
    known = [each["ticker"] for each in PRINTS[40:80]]
    assert [int((later.frame.code == code).sum()) for code in (0, 1)] == [known.count("AAA"), known.count("NA")]


def test_a_cut_tape_gives_the_prefix(
    replayed: ReplayRunner, tape: Path, plans: list[dict[str, Any]], of_tape: Replayed
) -> None:
    """L5."""
    middle = OPEN_NS + 4_500 * SECOND_NS
    part = replayed([tape], plans, to_ns=middle)
    assert [event for event in of_tape.events if event.at_ns <= middle] == part.events


def test_only_prints_of_the_symbols_that_are_asked_for_are_read(tape: Path) -> None:
    """Whether none, some or all of a piece are, and however many symbols are asked for that never print."""
    whole = pl.concat(piece.ticks for piece in read_log(tape, ScanFilter()))
    idle = [f"X{number}" for number in range(500)]
    for asked in (["AAA"], ["AAA", "NA", *idle], [*SYMBOLS, *idle], idle):
        wanted = ScanFilter(symbols=frozenset(asked))
        found = pl.concat(piece.ticks for piece in read_log(tape, wanted))
        assert found.equals(whole.filter(pl.col("symbol").is_in(asked)))


def test_symbols_that_commands_bring_one_by_one_are_all_seen_in_the_next_prints(tmp_path: Path) -> None:
    """Several come before any print; whatever is new is coded at once."""
    registered = [registering(simple_plan(name, name), FRAMES[0].receive_ns) for name in ("NA", "BBB", "AAA")]
    folder = write_records(tmp_path / "tape", [*registered, *FRAMES[:60]])
    *_, piece = TapeReader((log_file(folder),), ()).pieces()
    assert piece.frame.symbols == ("NA", "BBB", "AAA")
    counted = [int((piece.frame.code == code).sum()) for code in range(3)]
    assert counted == [[each["ticker"] for each in PRINTS[:60]].count(name) for name in ("NA", "BBB", "AAA")]


def test_the_command_line_replays_a_tape(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, plans: list[dict[str, Any]]
) -> None:
    folder = write_records(tmp_path / "tape", FRAMES)
    file = write_plans(tmp_path, plans)
    command = speaker(capsys)
    said = command("replay", folder, "--plans", file, "--db", f"sqlite:///{tmp_path}/x.db", "--no-scan", "--json")
    assert said.code == 0
    assert json.loads(said.out)
    said = command("replay", tmp_path / "none", "--db", f"sqlite:///{tmp_path}/y.db")
    assert said.code == 3
