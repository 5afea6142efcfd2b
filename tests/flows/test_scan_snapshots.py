"""The stateful steps thrown away and restored in the middle of a run: bars, scan, proposer and book go on exactly."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.dataflow import gate_events
from flows.hits import HitLogic
from flows.items import History, ShardItems, SymbolEvents, SymbolItem
from flows.scan_steps import BarLogic, EvaluateLogic, ScanLogic, ScanRules
from flows.tape.files import find_tape_files
from flows.tape.reader import TapeReader
from flows.tape.scan import ScanFilter
from operators.bars.columns import NO_BARS, Bars, Interval
from operators.bars.splits import Split
from operators.bars.symbol_bars import SymbolBars
from operators.conditions import Flag
from operators.eligibility import SymbolSlice
from operators.frames import TickFrame, by_symbol, tag
from operators.gating import GateSettings
from operators.nyse import nyse_calendar
from operators.records import ClockMark, TapeEnd
from operators.rows import Batch
from operators.scan.features.clock import SessionClock
from operators.times import DEFAULT_LATE_NS
from tests.flows.scanned import Row, bar_rows, sessions, simulated, told
from tests.operators.running import not_plain

SYMBOL = "SIMA"
SESSIONS, PAST = 9, 6
CALENDAR = nyse_calendar()
RULES = ScanRules(CALENDAR, SessionClock.of(CALENDAR), keep_state=True)
GATES = GateSettings()
SHARD_STEPS: tuple[Callable[[Any], Any], ...] = (
    lambda kept: BarLogic(RULES, kept),
    lambda kept: ScanLogic(RULES, kept),
    lambda kept: EvaluateLogic(RULES, kept),
)
STEPS: tuple[Callable[[Any], Any], ...] = (*SHARD_STEPS, lambda kept: HitLogic(kept, keep_state=True))


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[TickFrame]:
    """Nine sessions of one symbol, one frame each."""
    paths = simulated(tmp_path_factory.mktemp("tape"), SESSIONS, trades=2_500, seed=2)
    reader = TapeReader(tuple(find_tape_files(tuple(paths))[0]), (SYMBOL,), ScanFilter(), DEFAULT_LATE_NS, True)
    return [tag(piece.frame, CALENDAR) for piece in reader.pieces()]


def history(frames: Iterable[TickFrame]) -> History:
    """The bars of earlier sessions, as if they had been loaded."""
    bars, pieces = SymbolBars(CALENDAR), dict[Interval, list[Bars]]()
    for frame in frames:
        for _, ticks in by_symbol(frame, Flag.LAST):
            for interval, each in bars.extend(ticks.summed, ticks.end_ns).bars.items():
                pieces.setdefault(interval, []).append(each)
    kept = {interval: Bars.concat(pieces.get(interval, [NO_BARS])) for interval in (Interval.M1, Interval.D1)}
    return History(SYMBOL, kept)


def slices(frames: Iterable[TickFrame], sizes: list[int]) -> Iterator[SymbolSlice]:
    """The tape in pieces of these sizes, over and over; a piece may hold the end of one session and the next."""
    rng = Random(sum(sizes))
    for frame in frames:
        place = 0
        while place < len(frame.sip_ns):
            piece = frame.take(slice(place, place + rng.choice(sizes)))
            place += len(piece.sip_ns)
            yield from (ticks for _, ticks in by_symbol(piece, Flag.LAST))


class Chain:
    """The flow's steps for one symbol, one after the other."""

    def __init__(self) -> None:
        self._steps: list[Any] = [make(None) for make in STEPS]

    def take(self, item: SymbolItem) -> list[Batch]:
        """Let an item through."""
        items: list[Any] = [ShardItems(((SYMBOL, item),))]
        for number, step in enumerate(self._steps):
            if number == len(SHARD_STEPS):
                items = [gate_events(each, GATES) for shard in items for _, each in shard.items]
            items = list(chain.from_iterable(step.on_item(each)[0] for each in items))
        return items

    def restart(self) -> None:
        """Throw all steps away; come back from what was kept of them."""
        kept = [step.snapshot() for step in self._steps]
        self._steps = [make(pickle.loads(pickle.dumps(each))) for make, each in zip(STEPS, kept, strict=True)]
        assert repr(kept) == repr([step.snapshot() for step in self._steps])


def run(
    frames: list[TickFrame], sizes: list[int], restarts: set[int], splits: tuple[Split, ...] = ()
) -> tuple[list[Row], list[Any], list[Row]]:
    """Return events, scan results and bars of the last sessions."""
    steps, batches = Chain(), list[Batch]()
    end_ns = sessions(SESSIONS)[-1].post_end_ns
    items: Iterable[SymbolItem] = chain[SymbolItem](
        (replace(history(frames[:PAST]), splits=splits), SymbolEvents(SYMBOL, ())),
        slices(frames[PAST:], sizes),
        (ClockMark(end_ns), TapeEnd(end_ns)),
    )
    for number, item in enumerate(items):
        batches += steps.take(item)
        if number in restarts:
            steps.restart()
    bars = {row[:3]: tuple(row) for batch in batches for row in bar_rows(batch.bars)}
    events = told(chain.from_iterable(batch.events for batch in batches))
    return events, [row for batch in batches for row in batch.scan_results], sorted(bars.values())


@settings(max_examples=5, deadline=None)
@given(
    sizes=st.lists(st.integers(100, 3_000), min_size=1, max_size=3),
    restarts=st.sets(st.integers(0, 12), min_size=1, max_size=6),
)
def test_every_step_goes_on_from_its_snapshot(frames: list[TickFrame], sizes: list[int], restarts: set[int]) -> None:
    """Wherever the run is broken off and the tape is cut: the same events, candidates and bars."""
    whole = run(frames, [10_000], set())
    assert whole[1]
    assert run(frames, sizes, restarts) == whole


@settings(max_examples=3, deadline=None)
@given(sizes=st.lists(st.integers(300, 3_000), min_size=1, max_size=2), restarts=st.sets(st.integers(0, 9), min_size=2))
def test_splits_to_come_are_in_the_snapshots(frames: list[TickFrame], sizes: list[int], restarts: set[int]) -> None:
    """Before the first, between them, and after the last."""
    days = sessions(SESSIONS)
    splits = tuple(Split(SYMBOL, days[number].date, 100, ratio) for number, ratio in ((PAST + 1, 101), (PAST + 2, 98)))
    whole = run(frames, [10_000], set(), splits)
    assert whole[1] != run(frames, [10_000], set())[1]
    assert run(frames, sizes, restarts, splits) == whole


def test_a_price_around_a_dollar_keeps_its_session_s_tick(frames: list[TickFrame]) -> None:
    """Pennies below a dollar, cents above: which it is for a session's levels does not depend on who asks first."""
    cheap = [around_a_dollar(frame) for frame in frames]
    whole = run(cheap, [10_000], set())
    references = [row.profile.entry.level for row in whole[1]]
    assert min(references) < 1 < max(references)
    assert run(cheap, [400], set(range(100))) == whole


def around_a_dollar(frame: TickFrame) -> TickFrame:
    """The same session at a fiftieth of the price, in as many more shares."""
    if frame.size is None:
        pytest.fail("frames for bars have sizes")
    return replace(frame, price=(frame.price / 50).round(4), size=frame.size * 1_000)


def test_snapshots_are_plain_values(frames: list[TickFrame]) -> None:
    """No class of ours is pickled: builtins and bytes only."""
    steps = Chain()
    items: list[SymbolItem] = [history(frames[:PAST]), SymbolEvents(SYMBOL, ()), *slices(frames[PAST:], [700])]
    for item in items:
        steps.take(item)
    kept = [step.snapshot() for step in steps._steps]
    assert [value for value in not_plain(kept) if not isinstance(value, bytes)] == []
