"""L3 with kept state: a run goes on where the last one ended, with any number of workers; the bytes are the same."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flows.options import ReplayOptions
from flows.recovery.directory import PART, RUN, sole_run
from flows.recovery.standing import RecoveryError
from flows.tape.segments.payloads import GapMark, gap, market_events
from flows.tape.segments.record import Kind
from flows.tape_partition import TapePartition
from operators.market_events import MarketEvent, Severity
from operators.times import SECOND_NS
from tests.flows.conftest import Replayed
from tests.flows.made import OPEN_NS, digest_of, rows_of, simple_plan
from tests.flows.made_day import Day, check_same, day, whole
from tests.flows.made_tape import as_frames, cancelling, in_order, market_prints, registering, with_clock, write_records
from tests.flows.recovery.recorded import recorded
from tests.flows.recovery.stops import go_on

__all__ = ["day", "whole"]  # fixtures


@pytest.fixture
def kept(day: Day, tmp_path: Path) -> Callable[..., ReplayOptions]:
    """The day with a recovery directory."""

    def options(**given: Any) -> ReplayOptions:
        asked: dict[str, Any] = {"batch_rows": 100, "recovery": tmp_path / "kept", "snapshot_s": 0.03}
        return day.options(f"sqlite:///{tmp_path}/kept.db", **asked | given)

    return options


def test_a_stopped_replay_goes_on_where_it_stopped(
    kept: Callable[..., ReplayOptions], whole: Replayed, tmp_path: Path
) -> None:
    """Nothing is read twice; once more at the end changes nothing."""
    first = go_on(kept(), 60)
    assert first.stopped_early
    second = go_on(kept(batch_rows=1_000), None)
    assert not second.stopped_early
    assert second.rows < whole.meter.rows - 4_000
    check_same(f"sqlite:///{tmp_path}/kept.db", whole)
    go_on(kept(), None)
    check_same(f"sqlite:///{tmp_path}/kept.db", whole)


@pytest.mark.parametrize("workers", [(3, 1, 2), (1, 5)])
def test_l2_and_l3_it_goes_on_with_another_number_of_workers(
    kept: Callable[..., ReplayOptions], whole: Replayed, tmp_path: Path, workers: tuple[int, ...]
) -> None:
    """Stopped in the middle of catching up as well, when workers of two runs stand at different places."""
    rng = Random(sum(workers))
    for count in (*workers, workers[0]):
        go_on(kept(workers=count, batch_rows=rng.choice((100, 130)), snapshot_s=0.2), rng.randrange(10, 35))
    go_on(kept(workers=workers[1], batch_rows=2_000, snapshot_s=1.0), None)
    check_same(f"sqlite:///{tmp_path}/kept.db", whole)


def test_what_a_tape_recorded_live_is_remembered_by_goes_on_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands for new symbols, market events, a mended gap, repeated prints; several segments, workers, anchors."""
    monkeypatch.setattr("flows.recovery.places.ANCHOR_SECONDS", 0.0)
    monkeypatch.setattr("flows.tape.log_reader.READ_BYTES", 20_000)
    records, _ = recorded(tmp_path)
    folder = write_records(tmp_path / "tape", records, segment_bytes=150_000)
    alone = ReplayOptions((folder,), None, f"sqlite:///{tmp_path}/alone.db", symbols=None)
    go_on(alone, None)
    rng = Random(5)
    options = ReplayOptions(
        (folder,), None, f"sqlite:///{tmp_path}/kept.db", recovery=tmp_path / "kept", snapshot_s=0.1, batch_rows=7
    )
    for count in (1, 3, 2):
        go_on(replace(options, workers=count), rng.randrange(10, 60))
    go_on(replace(options, batch_rows=50), None)
    assert digest_of(options.database) == digest_of(alone.database)
    for query in (
        "SELECT row, field, reason FROM dead_letters ORDER BY source, row",
        "SELECT * FROM progress ORDER BY symbol",
        "SELECT count(*) > 100 FROM plan_events",
    ):
        assert rows_of(options.database, query) == rows_of(alone.database, query)


def test_a_gap_told_of_before_a_stop_marks_symbols_first_named_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gap of all symbols is still open when the run goes on, and a command then brings a symbol and its plan."""
    monkeypatch.setattr("flows.recovery.places.ANCHOR_SECONDS", 0.0)
    monkeypatch.setattr("flows.tape.log_reader.READ_BYTES", 2_000)
    prints = market_prints(("AAA", "BBB"), 100, seed=3, seconds=1_000)
    named = OPEN_NS + 800 * SECOND_NS
    plans = [simple_plan("first", "AAA", stop=1.0), simple_plan("later", "BBB", stop=1.0)]
    commands = [registering(plans[0], OPEN_NS), registering(plans[1], named)]
    opened = gap(GapMark("1", "open", OPEN_NS), OPEN_NS + SECOND_NS)
    folder = write_records(tmp_path / "tape", with_clock(in_order(as_frames(prints), commands, [opened])))
    options = ReplayOptions((folder,), None, f"sqlite:///{tmp_path}/kept.db", recovery=tmp_path / "kept")
    options = replace(options, snapshot_s=0.01, batch_rows=5)
    stopped = go_on(options, 20)
    assert OPEN_NS < stopped.end_ns < named
    go_on(options, None)
    query = "SELECT plan_id, data_gap IS NULL FROM plan_states ORDER BY plan_id"
    assert rows_of(options.database, query) == [("first", 0), ("later", 0)]


def test_l4_a_growing_tape_goes_on_after_its_end(tmp_path: Path) -> None:
    """What the end of a tape brought about is no part of what is kept: the tape went on."""
    records, _ = recorded(tmp_path)
    folder, url = tmp_path / "tape", f"sqlite:///{tmp_path}/kept.db"
    options = ReplayOptions((folder,), None, url, recovery=tmp_path / "kept", snapshot_s=0.01)
    written = 0
    for upto in (100, 700, 1_500, len(records)):
        write_records(folder, records[written:upto])
        written = upto
        go_on(options, 1, follow=True)
    alone = ReplayOptions((folder,), None, f"sqlite:///{tmp_path}/alone.db")
    go_on(alone, None)
    assert digest_of(url) == digest_of(alone.database)


def test_l4_what_is_told_after_a_stop_finds_the_time_of_idle_symbols_where_the_tape_had_brought_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A live run spares idle symbols the clock's marks; a window that had passed does not open after a crash."""
    prints = [each | {"ticker": "BUSY"} for each in market_prints(("BUSY",), 600, seed=3, seconds=6_000)]
    told_ns = OPEN_NS + 3_600 * SECOND_NS
    event = MarketEvent("late", "*", "fomc", Severity.HIGH, OPEN_NS + 1_800 * SECOND_NS, OPEN_NS, "told late")
    plans = [registering(simple_plan("idle", "IDLE"), OPEN_NS), registering(simple_plan("busy", "BUSY"), OPEN_NS)]
    cancelled = [cancelling("idle", told_ns + SECOND_NS)]
    records = with_clock(in_order(plans, as_frames(prints), [market_events((event,), told_ns)], cancelled))
    folder, options = tmp_path / "tape", ReplayOptions((tmp_path / "tape",), None, f"sqlite:///{tmp_path}/kept.db")
    kept = replace(options, recovery=tmp_path / "kept", snapshot_s=0.01)
    records = [each for each in records if (each.kind, each.receive_ns) != (Kind.CLOCK, told_ns)]
    early, told = (sum(each.receive_ns < at_ns for each in records) for at_ns in (OPEN_NS + 60 * SECOND_NS, told_ns))
    monkeypatch.setattr("flows.recovery.places.ANCHOR_SECONDS", 0.0)
    for part in (records[:early], records[early:told], records[told:]):
        write_records(folder, part)
        with monkeypatch.context() as patch:
            if part[-1] is not records[-1]:  # a process that dies hears of no end
                patch.setattr(TapePartition, "_closing", lambda partition: [])
            go_on(kept, 1, follow=True)
    alone = replace(options, database=f"sqlite:///{tmp_path}/alone.db")
    go_on(alone, None)
    query = "SELECT plan_id, kind, at_ns FROM plan_events ORDER BY plan_id, seq"
    assert [each[:2] for each in rows_of(alone.database, query)][-2:] == [("idle", "registered"), ("idle", "cancelled")]
    assert rows_of(kept.database, query) == rows_of(alone.database, query)


def test_l3_idle_symbols_end_where_the_clock_had_brought_them_before_a_death(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marks that an idle symbol was spared are gone with the process; the tape brings none after it."""
    prints = [each | {"ticker": "BUSY"} for each in market_prints(("BUSY",), 300, seed=3, seconds=3_000)]
    plans = [registering(simple_plan("idle", "IDLE"), OPEN_NS), registering(simple_plan("busy", "BUSY"), OPEN_NS)]
    folder, alone = tmp_path / "tape", ReplayOptions((tmp_path / "tape",), None, f"sqlite:///{tmp_path}/alone.db")
    kept = replace(alone, database=f"sqlite:///{tmp_path}/kept.db", recovery=tmp_path / "kept", snapshot_s=0.01)
    records = with_clock(in_order(plans, as_frames(prints)))
    monkeypatch.setattr("flows.recovery.places.ANCHOR_SECONDS", 0.0)
    for part in (records[:100], records[100:]):
        write_records(folder, part)
        with monkeypatch.context() as patch:
            patch.setattr(TapePartition, "_closing", lambda partition: [])
            go_on(kept, 1, follow=True)
    go_on(kept, 1, follow=True)
    go_on(alone, None)
    query = "SELECT * FROM progress ORDER BY symbol"
    assert rows_of(kept.database, query) == rows_of(alone.database, query)


def test_a_database_older_than_what_was_kept_is_written_anew(
    kept: Callable[..., ReplayOptions], whole: Replayed, tmp_path: Path
) -> None:
    """Whoever puts back a copy of the file gets the same bytes: the tape is read from its beginning."""
    go_on(kept(), 40)
    shutil.copy(tmp_path / "kept.db", tmp_path / "copy.db")
    go_on(kept(), 40)
    shutil.copy(tmp_path / "copy.db", tmp_path / "kept.db")
    third = go_on(kept(), None)
    assert third.rows == whole.meter.rows
    assert third.notes == [f"{tmp_path}/kept: the database is older than what was kept; the tape is read anew"]
    check_same(f"sqlite:///{tmp_path}/kept.db", whole)


def test_where_another_run_has_written_since_the_tape_is_read_anew(
    kept: Callable[..., ReplayOptions], whole: Replayed, tmp_path: Path
) -> None:
    """It may have written what was true before, and died: who is past that would never put it right.

    A run that was refused is no other.
    """
    go_on(kept(), 40)
    with pytest.raises(RecoveryError, match="other inputs"):
        go_on(kept(late_ns=5), None)
    assert go_on(kept(), 40).notes == []
    assert go_on(kept(recovery=tmp_path / "other"), 20).notes == []
    last = go_on(kept(), None)
    assert last.notes == [f"{tmp_path}/kept: another run has written to the database since; the tape is read anew"]
    assert last.rows == whole.meter.rows
    check_same(f"sqlite:///{tmp_path}/kept.db", whole)


def test_a_database_newer_than_what_was_kept_stays_as_it_is(
    kept: Callable[..., ReplayOptions], whole: Replayed, tmp_path: Path
) -> None:
    """Batches were committed after the newest state was kept: they come again, and change nothing."""
    go_on(kept(), 40)
    shutil.copytree(tmp_path / "kept", tmp_path / "copy")
    go_on(kept(), 60)
    shutil.rmtree(tmp_path / "kept")
    (tmp_path / "copy").rename(tmp_path / "kept")
    go_on(kept(), None)
    check_same(f"sqlite:///{tmp_path}/kept.db", whole)


def test_another_database_begins_anew(kept: Callable[..., ReplayOptions], whole: Replayed, tmp_path: Path) -> None:
    go_on(kept(), 40)
    (tmp_path / "kept.db").unlink()
    last = go_on(kept(), None)
    assert last.notes == [f"{tmp_path}/kept: the database is another than before; the tape is read anew"]
    check_same(f"sqlite:///{tmp_path}/kept.db", whole)


def test_other_inputs_are_refused(kept: Callable[..., ReplayOptions], tmp_path: Path) -> None:
    """One line says which; nothing is touched."""
    go_on(kept(), 20)
    with pytest.raises(RecoveryError, match=r"kept: belongs to a run with other inputs \(late_ns, odd_lots\); choose"):
        go_on(kept(odd_lots=True, late_ns=5), None)


def test_another_layout_is_refused(kept: Callable[..., ReplayOptions], tmp_path: Path) -> None:
    go_on(kept(), 20)
    run = tmp_path / "kept" / RUN
    run.write_text(json.dumps(json.loads(run.read_text()) | {"layout": 99}))
    with pytest.raises(RecoveryError, match="has layout 99; this version reads 1; delete it to start anew"):
        go_on(kept(), None)


def test_a_second_run_on_one_directory_is_refused(kept: Callable[..., ReplayOptions], tmp_path: Path) -> None:
    with sole_run(tmp_path / "kept"), pytest.raises(RecoveryError, match="kept: another run uses it; stop that one"):
        go_on(kept(), None)


def test_damage_is_told_in_one_line(kept: Callable[..., ReplayOptions], tmp_path: Path) -> None:
    go_on(kept(), 20)
    for path in (tmp_path / "kept").glob(f"{PART}*"):
        path.write_bytes(b"no database, for sure" * 500)
    with pytest.raises(RecoveryError, match=r"part-0.sqlite3: cannot be used .*; restore it, or delete its folder"):
        go_on(kept(), None)
