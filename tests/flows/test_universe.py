"""A command that adds a symbol to the universe, on a recorded tape: from its place on, and no print before its time."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from flows.items import Commands, History, Unusable, Watch
from flows.newcomers import Newcomers
from flows.options import ReplayOptions
from flows.tape.commands import CommandReader
from flows.tape.decoding import TapeDecoder, added_symbols, commanded_symbols
from flows.tape.segments.payloads import PlanCommand, clock, command
from flows.tape.segments.record import Record
from operators.bars.columns import Interval
from operators.records import Cancel
from operators.times import MINUTE_NS, SECOND_NS, parse_instant
from tests.flows.made import OPEN_NS, digest_of, rows_of, simple_plan
from tests.flows.made_tape import Print, as_frames, in_order, market_prints, registering, with_clock, write_records
from tests.flows.recovery.stops import go_on
from tests.flows.scanned import sessions, simulated_prints

PRINTS = market_prints(("AAA", "BBB", "CCC"), 500, seed=4, seconds=4_000)
AT_NS = OPEN_NS + 1_530 * SECOND_NS
"""In the middle of a minute."""
FIRST = frozenset({"AAA", "BBB"})
ALL = FIRST | {"CCC"}
BEGUN = clock(OPEN_NS - 330 * MINUTE_NS)
"""Tapes begin with the pre-market: sessions are known whole."""
TABLES = ("bars", "scan_results", "progress", "plan_states")


def watching(symbol: str, at_ns: int, name: str = "") -> Record:
    return command(PlanCommand(name or f"watch:{symbol}", "watch", symbol=symbol), at_ns)


def asked(symbol: str = "CCC") -> list[Record]:
    """The command, and a plan of the symbol later on."""
    plan = simple_plan("late", symbol, entry="market", stop=1.0, targets=[9_000.0])
    return [watching(symbol, AT_NS), registering(plan, AT_NS + 600 * SECOND_NS)]


def from_then_on(prints: Sequence[Print], symbol: str = "CCC") -> list[Print]:
    """All prints but those of a symbol that are older than its command."""
    return [each for each in prints if each["ticker"] != symbol or int(each["sip_timestamp"]) >= AT_NS]


def taped(folder: Path, prints: Sequence[Print], *commands: Record) -> Path:
    return write_records(folder, [BEGUN, *with_clock(in_order(as_frames(prints), commands))])


def answer(tape: Path, database: str, symbols: frozenset[str] | None = FIRST, **options: Any) -> list[Any]:
    """Everything that a replay with a scan leaves."""
    go_on(ReplayOptions((tape,), None, database, symbols=symbols, scan=True, **options), None)
    return left(database)


def left(database: str) -> list[Any]:
    return [digest_of(database), *(sorted(map(repr, rows_of(database, f"SELECT * FROM {each}"))) for each in TABLES)]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three symbols print all the time; one of them is added in the middle, before prints that are older come.

    So it is where a gap is mended: the command did not wait for them.
    """
    added, planned = asked()
    records = with_clock(in_order(as_frames(PRINTS), [planned]))
    place = next(number for number, each in enumerate(records) if each.receive_ns >= AT_NS - 400 * SECOND_NS)
    records.insert(place, added)
    return write_records(tmp_path_factory.mktemp("tape"), [BEGUN, *records], batch=60, segment_bytes=60_000)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The answer as if the third had been in the universe always, and had had no print before the command."""
    folder = tmp_path_factory.mktemp("expected")
    return answer(taped(folder / "tape", from_then_on(PRINTS), *asked()[1:]), f"sqlite:///{folder}/run.db", ALL)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("by_file", [False, True])
def test_a_symbol_is_scanned_from_its_command_on(
    tape: Path, expected: list[Any], tmp_path: Path, workers: int, by_file: bool
) -> None:
    """Bars, candidates, counts and plans, whether the replay names symbols or a universe."""
    database, universe = f"sqlite:///{tmp_path}/run.db", tmp_path / "universe.txt"
    universe.write_text("\n".join(FIRST))
    options = {"symbols": None, "universe": universe} if by_file else {"symbols": FIRST}
    assert answer(tape, database, workers=workers, **options) == expected
    ((first,),) = rows_of(database, "SELECT min(start_ns) FROM bars WHERE symbol = 'CCC' AND interval = '1m'")
    assert first == AT_NS // MINUTE_NS * MINUTE_NS
    assert rows_of(database, "SELECT plan_id FROM plan_states WHERE symbol = 'CCC'") == [("late",)]


def test_the_added_symbol_is_kept_over_stops_and_other_numbers_of_workers(
    tape: Path, expected: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped before, at and after the command; prints that are too old for it stay out after each."""
    monkeypatch.setattr("flows.recovery.places.ANCHOR_SECONDS", 0.0)
    monkeypatch.setattr("flows.tape.log_reader.READ_BYTES", 20_000)
    database, rng = f"sqlite:///{tmp_path}/kept.db", Random(3)
    kept = {"recovery": tmp_path / "kept", "snapshot_s": 0.2, "batch_rows": 40}
    options = ReplayOptions((tape,), None, database, symbols=FIRST, scan=True, **kept)  # type: ignore[arg-type]
    for count in (1, 3, 1):
        go_on(replace(options, workers=count), rng.randrange(8, 24))
    go_on(replace(options, workers=2, batch_rows=500), None)
    assert left(database) == expected


def test_a_symbol_of_the_universe_changes_nothing(tmp_path: Path) -> None:
    """Nor does the same command once more, by whatever name."""
    plain = taped(tmp_path / "plain", from_then_on(PRINTS), *asked()[1:])
    more = [watching("AAA", AT_NS), watching("CCC", AT_NS, "again"), watching("AAA", AT_NS + 5), *asked()[1:]]
    added = taped(tmp_path / "added", from_then_on(PRINTS), *more)
    assert answer(added, f"sqlite:///{tmp_path}/1.db", ALL) == answer(plain, f"sqlite:///{tmp_path}/2.db", ALL)


def test_l5_a_replay_that_stops_before_the_commands_time_knows_nothing_of_the_symbol(
    tape: Path, tmp_path: Path, expected: list[Any]
) -> None:
    """Though the command stands on the tape before prints of earlier times; one that stops after it knows as much."""
    cut, later = f"sqlite:///{tmp_path}/cut.db", f"sqlite:///{tmp_path}/later.db"
    answer(tape, cut, to_ns=AT_NS - 1)
    assert rows_of(cut, "SELECT DISTINCT symbol FROM bars ORDER BY symbol") == [("AAA",), ("BBB",)]
    answer(tape, later, to_ns=AT_NS + 120 * SECOND_NS)
    bars = map(repr, rows_of(later, "SELECT * FROM bars WHERE symbol = 'CCC'"))
    assert set(bars) <= set(expected[1])
    assert rows_of(later, "SELECT count(*) > 1 FROM bars WHERE symbol = 'CCC'") == [(1,)]


def test_a_tape_that_is_watched_without_a_scan_takes_the_command(tape: Path, tmp_path: Path) -> None:
    """Then the symbol is watched for plans, and its prints are counted."""
    database = f"sqlite:///{tmp_path}/run.db"
    go_on(ReplayOptions((tape,), None, database, symbols=FIRST), None)
    count = sum(each["ticker"] == "CCC" for each in from_then_on(PRINTS))
    assert rows_of(database, "SELECT records FROM progress WHERE symbol = 'CCC'") == [(count,)]
    assert rows_of(database, "SELECT phase FROM plan_states WHERE plan_id = 'late'") == [("open",)]


@pytest.mark.parametrize("symbol", ["", "*", "A,B", "A B", "X" * 33])
def test_what_is_no_ticker_becomes_a_dead_letter(tmp_path: Path, symbol: str) -> None:
    prints = [each for each in PRINTS if int(each["sip_timestamp"]) < OPEN_NS + 60 * SECOND_NS]
    tape = taped(tmp_path / "tape", prints, watching(symbol, OPEN_NS))
    go_on(ReplayOptions((tape,), None, f"sqlite:///{tmp_path}/run.db", symbols=FIRST), None)
    ((field, reason),) = rows_of(f"sqlite:///{tmp_path}/run.db", "SELECT field, reason FROM dead_letters")
    assert (field, reason) == ("symbol", f"got {symbol!r}; must be one ticker")


def payload(given: PlanCommand) -> bytes:
    return command(given, 0).payload


def test_what_was_added_is_remembered_with_its_time() -> None:
    """A symbol that a plan brought before has been read since then: no print is too old for it."""
    reader = CommandReader({})
    assert reader.read(payload(PlanCommand("w", "watch", symbol="CCC")), 7) == Watch("CCC", 7, 7)
    assert isinstance(reader.read(payload(PlanCommand("r", "register", plan=simple_plan("P", "BBB"))), 8), Commands)
    assert reader.read(payload(PlanCommand("v", "watch", symbol="BBB")), 9) == Watch("BBB", 9, 0)
    assert reader.read(payload(PlanCommand("x", "watch", symbol="CCC")), 9) is None
    decoder, again = TapeDecoder("tape", reader), CommandReader({})
    assert added_symbols(decoder.to_plain()) == {"CCC": 7, "BBB": 0}
    again.restore(reader.to_plain())
    assert again.to_plain() == reader.to_plain()
    assert again.read(payload(PlanCommand("y", "watch", symbol="CCC")), 9) is None


def test_the_symbol_of_a_cancelled_plan_is_remembered_though_the_plan_is_not_known() -> None:
    """It is watched from there on, and so it is by a run that goes on behind the command."""
    reader = CommandReader({})
    given = reader.read(payload(PlanCommand("c", "cancel", plan_id="P", symbol="DDD")), 7)
    assert given == Commands("DDD", (Cancel(7, "P"),))
    assert commanded_symbols(TapeDecoder("tape", reader).to_plain()) == {"DDD"}


def test_what_an_earlier_version_remembered_is_read() -> None:
    """It knew of no symbols that were added; what a later one remembers is refused."""
    layout, at, repairs, succession, reckoning, commands = TapeDecoder("tape", CommandReader({"P": "AAA"})).to_plain()
    earlier = 1, at, repairs, succession, reckoning, commands[:2]
    decoder = TapeDecoder("tape", CommandReader({}))
    assert decoder.restore(earlier) == at
    assert added_symbols(earlier) == {}
    assert decoder.to_plain() == (layout, at, repairs, succession, reckoning, commands)
    with pytest.raises(ValueError, match=f"has layout {layout + 1}; this version reads 1 and {layout}"):
        decoder.restore((layout + 1, *earlier[1:]))


def test_a_symbol_that_is_added_brings_its_earlier_bars_along(tape: Path, tmp_path: Path) -> None:
    """Those from before the tape's first session, like everybody's; rows that could not be used are told."""
    rows = ["ticker,volume,open,close,high,low,window_start,transactions"]
    for day in range(1, 5):
        for symbol in sorted(ALL):
            start_ns = parse_instant(f"2013-10-0{day}T09:30:00-04:00")
            rows += [f"{symbol},100,50.0,50.5,51.0,49.5,{start_ns + minute * MINUTE_NS},7" for minute in range(30)]
    rows.append("CCC,100,50.0,-1,51.0,49.5,1380634260000000000,7")
    folder = tmp_path / "aggregates"
    folder.mkdir()
    (folder / "minutes.csv").write_text("\n".join(rows))
    first_ns = parse_instant("2013-10-08T04:00:00-04:00")
    asked_for = ReplayOptions((tape,), None, scan=True, bars=folder)
    unusable, history = Newcomers(asked_for, first_ns).items("CCC", AT_NS)
    assert isinstance(unusable, Unusable)
    assert len(unusable.letters) == 1
    assert isinstance(history, History)
    assert (history.symbol, len(history.bars[Interval.M1]), len(history.bars[Interval.D1])) == ("CCC", 120, 4)
    assert Newcomers(asked_for, first_ns).items("DDD", first_ns) == []
    assert Newcomers(replace(asked_for, scan=False), first_ns).items("CCC", AT_NS) == ()
    always, added = f"sqlite:///{tmp_path}/always.db", f"sqlite:///{tmp_path}/added.db"
    whole = taped(tmp_path / "tape", from_then_on(PRINTS), *asked()[1:])
    assert answer(tape, added, bars=folder) == answer(whole, always, ALL, bars=folder)
    letters = rows_of(added, "SELECT field FROM dead_letters WHERE source LIKE '%minutes.csv'")
    assert letters == [("close",)]


@pytest.mark.parametrize("workers", [1, 2])
def test_of_a_symbol_that_is_added_within_a_session_later_sessions_are_scanned(tmp_path: Path, workers: int) -> None:
    """As they are where its first session was never heard; of the others all are, and all bars are there."""
    days = sessions(2)
    frames = [simulated_prints(1, number, day, trades=2_500) for number, day in enumerate(days)]
    prints = (
        pl.concat(frames).sort("sip_timestamp", maintain_order=True).with_columns(pl.all().cast(pl.String)).to_dicts()
    )
    at_ns, begun = days[0].open_ns + 90 * MINUTE_NS, [clock(days[0].pre_ns)]
    added = write_records(tmp_path / "added", [*begun, *in_order(as_frames(prints), [watching("SIMB", at_ns)])])
    second = [each for each in prints if each["ticker"] == "SIMA" or int(each["sip_timestamp"]) >= days[1].pre_ns]
    alone = write_records(tmp_path / "alone", [*begun, *as_frames(second)])
    one, other = f"sqlite:///{tmp_path}/added.db", f"sqlite:///{tmp_path}/alone.db"
    go_on(ReplayOptions((added,), None, one, symbols=frozenset({"SIMA"}), scan=True, workers=workers), None)
    go_on(ReplayOptions((alone,), None, other, symbols=frozenset({"SIMA", "SIMB"}), scan=True), None)
    found = [rows_of(url, "SELECT * FROM scan_results ORDER BY symbol, strategy, at_ns") for url in (one, other)]
    assert found[0] == found[1]
    assert {row[0] for row in found[0]} == {"SIMA", "SIMB"}
    assert rows_of(one, f"SELECT count(*) > 200 FROM bars WHERE symbol = 'SIMB' AND end_ns <= {days[0].close_ns}") == [
        (1,)
    ]
