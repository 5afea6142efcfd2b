"""The laws of DESIGN section 3 with the scanner on, on two recorded days with history from the vendor's bars."""

from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest

from operators.state import Phase
from operators.times import MINUTE_NS, parse_instant
from operators.transitions import NEXT
from tests.flows.made import check_whole, rows_of
from tests.flows.scanned import AT, Scanned, scan

STOCKS = Path("flatfiles/us_stocks_sip")
TRADES = STOCKS / "trades_v1/2013/10"
NOON = parse_instant("2013-10-08T12:00:00-04:00")
FIRST_CLOSE = parse_instant("2013-10-07T16:00:00-04:00")
END = parse_instant("2013-10-08T20:00:00-04:00")


@pytest.fixture(scope="module")
def files(shared_data: Path) -> list[Path]:
    """Two recorded days."""
    return sorted((shared_data / TRADES).glob("*.csv.gz"))


@pytest.fixture(scope="module")
def history(shared_data: Path) -> Path:
    """The vendor's aggregates."""
    return shared_data / STOCKS


@pytest.fixture(scope="module")
def whole(files: list[Path], history: Path, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """Both days, undisturbed, in which much is found."""
    found = scan(files, f"sqlite:///{tmp_path_factory.mktemp('whole')}/plans.db", bars=history, to_ns=END)
    assert len(found.scans) > 30
    assert len(found.bars) > 6_000
    assert {"entered", "target_hit", "stopped", "replan"} <= {str(event.kind) for event in found.replayed.events}
    return found


def test_l1_and_l2_frames_and_processes_do_not_change_a_row(
    whole: Scanned, files: list[Path], history: Path, tmp_path: Path
) -> None:
    """Frames of 40 000 prints in two processes: digest, bars and scan results are the same."""
    parts = scan(files, f"sqlite:///{tmp_path}/parts.db", bars=history, to_ns=END, batch_rows=40_000, workers=2)
    assert parts.everything == whole.everything


def test_l5_a_replay_up_to_t_is_the_prefix_of_the_whole(
    whole: Scanned, files: list[Path], history: Path, tmp_path: Path
) -> None:
    """At the first close, at a candidate's own instant, and a nanosecond before another's."""
    found_at = Random(5).sample([row[AT] for row in whole.scans], 2)
    for cut in (FIRST_CLOSE, found_at[0], found_at[1] - 1):
        part = scan(files, f"sqlite:///{tmp_path}/{cut}.db", bars=history, to_ns=cut)
        assert part.until(END) == whole.until(cut), cut


def test_l5_what_comes_after_t_may_be_anything(
    whole: Scanned, files: list[Path], history: Path, tmp_path: Path
) -> None:
    """The prices after noon in another order, and doubled: nothing up to noon changes."""
    day = pl.read_csv(files[1], schema_overrides={"conditions": pl.String})
    price, later = day.get_column("price").to_numpy().copy(), day.get_column("sip_timestamp").to_numpy() > NOON
    price[later] = 2 * np.random.default_rng(5).permutation(price[later])
    changed = tmp_path / "2013-10-08.csv"
    day.with_columns(price=pl.Series(price)).write_csv(changed)
    found = scan([files[0], changed], f"sqlite:///{tmp_path}/changed.db", bars=history, to_ns=END)
    assert found.until(NOON) == whole.until(NOON)
    assert len(whole.until(NOON)[2]) > 20
    assert found.everything != whole.everything


def test_l7_nothing_leaves_a_terminal_phase_and_a_setup_has_one_living_plan(whole: Scanned) -> None:
    """After its last word a plan says nothing but that another follows, once, and the other starts just then."""
    phases: dict[str, Phase] = {}
    starts = {event.plan_id: event.at_ns for event in whole.replayed.events if event.kind == "registered"}
    replanned: list[str] = []
    for event in sorted(whole.replayed.events, key=lambda each: (each.plan_id, each.seq)):
        if event.kind == "registered":
            phases[event.plan_id] = Phase.WAITING
        elif event.kind == "replan":
            assert phases[event.plan_id] in (Phase.STOPPED, Phase.INVALIDATED)
            assert starts[event.data["plan_id"]] == event.at_ns
            replanned.append(event.plan_id)
        else:
            phases[event.plan_id] = NEXT[phases[event.plan_id]][event.kind]
    assert replanned
    assert len(set(replanned)) == len(replanned)
    for mine, others in lives_by_setup(whole).items():
        for (_, ended), (began, _) in pairwise(others):
            assert ended <= began, mine


def lives_by_setup(found: Scanned) -> dict[str, list[tuple[int, int]]]:
    """When the plans of each setup lived, in order."""
    spans: dict[str, tuple[int, int]] = {}
    for event in sorted(found.replayed.events, key=lambda each: (each.plan_id, each.seq)):
        if event.kind == "registered":
            spans[event.plan_id] = event.at_ns, END
        elif event.kind in ("stopped", "invalidated", "missed", "completed", "expired"):
            spans[event.plan_id] = spans[event.plan_id][0], event.at_ns
    setups: dict[str, list[tuple[int, int]]] = {}
    for plan_id, span in spans.items():
        setups.setdefault(plan_id.rsplit(".", 2)[0], []).append(span)
    return {setup: sorted(lives) for setup, lives in setups.items()}


def test_what_is_proposed_is_registered_and_what_is_registered_was_proposed(whole: Scanned) -> None:
    """Ids name setup, session and ordinal; every plan starts at its candidate's bar's end."""
    database = whole.replayed.database
    proposed = rows_of(
        database,
        "SELECT plan_id, at_ns FROM scan_results WHERE actionable AND ordinal IS NOT NULL ORDER BY plan_id",
    )
    assert proposed == rows_of(database, "SELECT plan_id, registered_ns FROM plans ORDER BY plan_id")
    assert all(at_ns % MINUTE_NS == 0 for _, at_ns in proposed)
    check_whole(database)


def test_l9_no_print_is_dropped_and_no_history_either(whole: Scanned) -> None:
    """All of the sample's rows can be used; each is counted in its symbol's progress."""
    database = whole.replayed.database
    assert rows_of(database, "SELECT count(*) FROM dead_letters") == [(0,)]
    assert rows_of(database, "SELECT sum(records) FROM progress") == [(388_417 + 654_140,)]
