"""Items that took different ways around the scan stand in order behind it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.in_order import InOrder, concerns_scan
from flows.items import History, ShardItems, SymbolItem, Watched
from flows.options import ReplayOptions
from flows.recovery.directory import PART
from flows.recovery.store import Snapshots
from operators.bars.columns import NO_BARS, Interval
from operators.bars.symbol_bars import BarPiece
from operators.eligibility import SymbolSlice
from operators.records import ClockMark
from tests.flows.made import climb, rows_of, simple_plan, write_plans, write_tape
from tests.flows.recovery.stops import go_on


def numbered(number: int) -> ShardItems:
    """Return what came to a shard after so many others."""
    return ShardItems((("AAA", ClockMark(number)),), number)


@given(st.integers(0, 12).flatmap(lambda count: st.permutations(range(count))))
def test_whatever_order_they_arrive_in_they_leave_in_the_order_of_their_numbers(arrivals: list[int]) -> None:
    """And each leaves as soon as all before it have arrived."""
    logic, left = InOrder(), list[int]()
    for place, number in enumerate(arrivals):
        given, _ = logic.on_item(numbered(number))
        left += [each.number for each in given]
        arrived = set(arrivals[: place + 1])
        assert left == [each for each in range(len(arrivals)) if set(range(each + 1)) <= arrived]
    assert left == sorted(arrivals)
    assert logic.snapshot() == ()


def test_what_waits_when_state_is_kept_is_a_defect_and_not_lost() -> None:
    logic = InOrder()
    logic.on_item(numbered(1))
    with pytest.raises(RuntimeError, match="item 0 of a shard did not come past the scan; 1 wait"):
        logic.snapshot()


NO_PRINTS = SymbolSlice.empty(5)
BARS = {Interval.M1: NO_BARS}
CASES: dict[str, tuple[SymbolItem, bool]] = {
    "prints that ended no bar": (Watched(NO_PRINTS, BarPiece(5)), False),
    "prints that ended a bar": (Watched(NO_PRINTS, BarPiece(5, BARS), BARS), True),
    "a clock mark": (ClockMark(5), False),
    "bars of earlier days": (History("AAA", BARS), True),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_only_bars_concern_the_scan(case: tuple[SymbolItem, bool]) -> None:
    item, concerns = case
    assert concerns_scan(("AAA", ShardItems((("AAA", item),)))) is concerns


def test_only_a_bar_wakes_what_remembers_bars(tmp_path: Path) -> None:
    """Within a minute only its prints are kept of a symbol; when it has ended, its bars are too."""
    rows = [*climb(50), *climb(130, "BBB")]
    tape = write_tape(tmp_path, sorted(rows, key=lambda row: int(row.split(",")[8])))
    plans = write_plans(tmp_path, [simple_plan()])
    kept = tmp_path / "kept"
    database = f"sqlite:///{tmp_path}/plans.db"
    go_on(ReplayOptions((tape,), plans, database, batch_rows=7, scan=True, recovery=kept, snapshot_s=0.01), None)
    snapshots = Snapshots(kept / PART)
    woken = {step: [key for key, _ in snapshots.states(step)] for step in ("build_bars", "scan", "evaluate_targets")}
    assert woken == {"build_bars": ["AAA", "BBB"], "scan": ["BBB"], "evaluate_targets": ["BBB"]}
    assert rows_of(database, "SELECT symbol FROM bars WHERE interval = '1m'") == [("BBB",)] * 2
