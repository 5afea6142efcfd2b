"""L3 and L4 where quiet prints go into books at once: by what symbols are ahead of their kept states is kept beside."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from flows.errors import CommandError
from flows.items import TapeItem
from flows.options import ReplayOptions
from flows.recovery.directory import PART
from flows.recovery.standing import PLACES_STEP
from flows.recovery.store import Snapshots
from flows.tape.segments.record import Record
from flows.tape_partition import TapePartition
from operators.times import SECOND_NS
from tests.flows.made import OPEN_NS, VENDOR, digest_of, rows_of, simple_plan, vendor_row
from tests.flows.made_tape import as_frames, registering, write_records
from tests.flows.recovery.recorded import recorded
from tests.flows.recovery.stops import go_on

LOOKS = 10
"""So often a growing tape is looked at in vain, 10 ms apart, before the process dies: its state has been kept."""


class KilledError(CommandError):
    """An end that the engine hears nothing of: no state is kept at it."""


@pytest.fixture(autouse=True)
def held_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """No symbol's state is kept for its quiet prints alone; what was decoded is remembered at every chance."""
    monkeypatch.setattr("flows.dues.LONGEST_HELD_NS", 1 << 62)
    monkeypatch.setattr("flows.recovery.places.ANCHOR_SECONDS", 0.0)


@pytest.fixture
def options(tmp_path: Path) -> ReplayOptions:
    """A tape that grows, and where its state is kept."""
    database, kept = f"sqlite:///{tmp_path}/kept.db", tmp_path / "kept"
    return ReplayOptions((tmp_path / "tape",), None, database, recovery=kept, snapshot_s=0.01)


def ahead_in(options: ReplayOptions) -> set[str]:
    """The symbols that are ahead of their kept states."""
    assert options.recovery is not None
    states = dict(Snapshots(options.recovery / PART).states(PLACES_STEP)).values()
    return {symbol for state in states for told in state[8:] for symbol, *_ in told}


def follow_and_die(options: ReplayOptions, records: Sequence[Record], later: Sequence[Record] = ()) -> None:
    """Follow the tape, which has grown by some records, to its end of now, and die a moment later.

    `later`: what comes when all else has been read.
    """
    write_records(options.paths[0], records)
    given, looks, come = TapePartition.next_batch, 0, list(later)

    def dying(partition: TapePartition) -> list[TapeItem]:
        nonlocal looks
        items = given(partition)
        looks = 0 if items else looks + 1
        if looks > LOOKS and not come:
            raise KilledError
        if looks > LOOKS:
            write_records(options.paths[0], come)
            come.clear()
        return items

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TapePartition, "next_batch", dying)
        with pytest.raises(KilledError):
            go_on(options, None, follow=True)


def check_as_alone(options: ReplayOptions, tmp_path: Path) -> None:
    """Events, states and counts are those of a replay that never stopped."""
    alone = f"sqlite:///{tmp_path}/alone.db"
    go_on(replace(options, recovery=None, workers=1, database=alone), None)
    assert digest_of(options.database) == digest_of(alone)
    for table in ("plan_states", "progress"):
        query = f"SELECT * FROM {table} ORDER BY 1, 2"
        assert rows_of(options.database, query) == rows_of(alone, query)


@pytest.mark.parametrize("workers", [(1, 1, 1, 1), (1, 2, 1, 2)])
def test_l3_a_live_run_that_dies_again_and_again_gives_what_a_replay_gives(
    workers: tuple[int, ...], options: ReplayOptions, tmp_path: Path
) -> None:
    """A busy session; where one run holds quiet prints and the next, whose workers share a process, does not."""
    records, _ = recorded(tmp_path)
    edges = (0, 500, 1_100, 1_600)
    for first, last, count in zip(edges, edges[1:], workers, strict=False):
        follow_and_die(replace(options, workers=count), records[first:last])
    write_records(options.paths[0], records[edges[-1] :])
    go_on(replace(options, workers=workers[-1]), 1, follow=True)
    check_as_alone(options, tmp_path)


@pytest.mark.parametrize("follow", [True, False])
def test_what_was_held_outlives_runs_in_which_nothing_happens_to_its_symbol(
    follow: bool, options: ReplayOptions, tmp_path: Path
) -> None:
    """It stands beside the state, run after run, until the state is kept anew; a replay knows it as well."""
    lines = [VENDOR, *(vendor_row("AAA", n, OPEN_NS + n * SECOND_NS, text) for n, text in enumerate(PRICES, 1))]
    frames = as_frames(csv.DictReader(lines))
    follow_and_die(options, [registering(PLAN, OPEN_NS), frames[0]])
    follow_and_die(options, [], later=frames[1:4])
    assert ahead_in(options) == {"AAA"}
    follow_and_die(options, [])
    assert ahead_in(options) == {"AAA"}
    write_records(options.paths[0], frames[4:])
    go_on(options, 1 if follow else None, follow=follow)
    check_as_alone(options, tmp_path)
    query = "SELECT mfe_r, mae_r, records FROM plan_states JOIN progress USING (symbol)"
    assert rows_of(options.database, query) == [(0.4, -0.3, len(PRICES))]


PLAN = simple_plan(entry="market", stop=90.0, targets=[120.0])
PRICES = ("100.00", "104.00", "97.00", "101.00", "102.00")
