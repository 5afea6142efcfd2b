"""Going on with tapes: another one of the same name, several in one run, compacted ones."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.errors import DataMissingError
from flows.options import STREAM, ReplayOptions
from flows.recovery.running import Recovery
from flows.recovery.standing import RecoveryError
from flows.replay import prepare
from flows.tape.beginning import beginning
from flows.tape.compacting import compact
from flows.tape.segments.segment import segments
from operators.times import SECOND_NS
from sinks.database import open_database
from sinks.fencing import sole_writer
from tests.flows.made import OPEN_NS, digest_of, rows_of, simple_plan
from tests.flows.made_tape import as_frames, in_order, market_prints, registering, with_clock, write_records
from tests.flows.recovery.stops import go_on

NEVER_MET: dict[str, Any] = {"entry": {"type": "stop", "price": 5_000.0}, "stop": 1.0, "targets": [6_000.0]}
TABLES = ("plan_states", "progress", "dead_letters")


def tape(folder: Path, plan_id: str, seed: int) -> Path:
    """A tape on which a plan is registered."""
    prints = market_prints(("AAA",), 300, seed=seed, seconds=3_000)
    plans = [registering(simple_plan(plan_id, **NEVER_MET), OPEN_NS + seed * SECOND_NS)]
    return write_records(folder, with_clock(in_order(plans, as_frames(prints))))


def options_of(folder: Path, *tapes: Path) -> ReplayOptions:
    return ReplayOptions(tapes, None, f"sqlite:///{folder}/kept.db", recovery=folder / "kept", snapshot_s=0.01)


def check_as_alone(options: ReplayOptions, folder: Path) -> None:
    """All is as a run leaves it that was never stopped."""
    alone = replace(options, database=f"sqlite:///{folder}/alone.db", recovery=None)
    go_on(alone, None)
    assert digest_of(options.database) == digest_of(alone.database)
    for table in TABLES:
        query = f"SELECT * FROM {table} ORDER BY 1, 2, 3"
        assert rows_of(options.database, query) == rows_of(alone.database, query), table


def test_another_tape_of_the_same_name_is_not_gone_on_with(tmp_path: Path) -> None:
    """Its beginning would be passed over: a replay refuses, who follows reads it from there and says so."""
    first, second = tape(tmp_path / "a" / "tape", "first", 1), tape(tmp_path / "b" / "tape", "second", 2)
    go_on(options_of(tmp_path, first), None)
    with pytest.raises(RecoveryError, match=r"other inputs \(another tape of that name\); choose another, or delete"):
        go_on(options_of(tmp_path, second), None)
    kept = f"{tmp_path}/kept: what was asked has changed (another tape of that name); the tape is read anew"
    following, recovery = options_of(tmp_path, second), Recovery(tmp_path / "kept", options_of(tmp_path, second))
    engine = open_database(following.database)
    with sole_writer(engine, STREAM) as token:
        assert recovery.resumes(engine, replace(prepare(following).replay, follow=True), token) is None
    engine.dispose()
    assert recovery.notes == [kept]


def test_a_tape_begins_where_it_did_compacted_or_not(tmp_path: Path) -> None:
    """So it is known again; damage is said in one line."""
    prints = market_prints(("AAA",), 600, seed=1, seconds=3_000)
    folder = write_records(tmp_path / "tape", with_clock(as_frames(prints)), segment_bytes=20_000)
    before = beginning(folder)
    compact(folder, lambda _: None)
    assert before is not None
    assert (before[0], beginning(folder), beginning(tmp_path)) == (1, before, None)
    segments(folder)[0].path.write_bytes(b"no parquet")
    with pytest.raises(DataMissingError, match=r"records.parquet: cannot be read \("):
        beginning(folder)


@pytest.mark.parametrize(("anchor_s", "stops"), [(0.0, (90, 20)), (1e9, (150,))], ids=["with anchors", "without"])
def test_l3_of_two_tapes_the_second_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anchor_s: float, stops: tuple[int, ...]
) -> None:
    """What the first one told, plans and symbols among it, is known there as well."""
    monkeypatch.setattr("flows.recovery.places.ANCHOR_SECONDS", anchor_s)
    monkeypatch.setattr("flows.tape.log_reader.READ_BYTES", 2_000)
    prints = market_prints(("AAA", "BBB"), 300, seed=1, seconds=3_000)
    half = len(prints) // 2
    late = round(float([each for each in prints if each["ticker"] == "BBB"][-20]["price"]), 2)
    met: dict[str, Any] = {"entry": {"type": "stop", "price": late}, "stop": 1.0, "targets": [900.0]}
    plans = [registering(simple_plan(symbol, symbol, **met), OPEN_NS) for symbol in ("AAA", "BBB")]
    tapes = (
        write_records(tmp_path / "1" / "tape", with_clock(in_order(plans, as_frames(prints[:half])))),
        write_records(tmp_path / "2" / "tape", with_clock(as_frames(prints[half:]))),
    )
    options = replace(options_of(tmp_path, *tapes), batch_rows=5)
    for pieces in stops:
        assert go_on(options, pieces).stopped_early
    go_on(replace(options, batch_rows=500), None)
    check_as_alone(options, tmp_path)


def test_l3_within_a_compacted_segment_good_prints_are_no_dead_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a piece ends inside a segment, the next life reads on behind it, and does not meet its prints again."""
    monkeypatch.setattr("flows.recovery.places.ANCHOR_SECONDS", 0.0)
    monkeypatch.setattr("flows.tape.log_reader.PIECE_ROWS", 40)
    prints = market_prints(("AAA",), 600, seed=1, seconds=3_000)
    plan = registering(simple_plan("p", **NEVER_MET), OPEN_NS + 1)
    records = [plan, *with_clock(as_frames(prints), 600 * SECOND_NS)]
    folder = write_records(tmp_path / "tape", records, segment_bytes=20_000)
    compact(folder, lambda _: None)
    options = replace(options_of(tmp_path, folder), batch_rows=10)
    assert go_on(options, 25).stopped_early
    go_on(options, None)
    check_as_alone(options, tmp_path)
