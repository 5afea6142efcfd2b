"""The bars that questions look back on are the last ones, however they came."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from operators.bars.columns import Bars, Interval
from operators.bars.fold import REGULAR
from operators.nyse import nyse_calendar
from operators.proposing.recent_bars import KEPT, RecentBars
from operators.times import MINUTE_NS


def minutes(first: int, count: int) -> Bars:
    """Made bars whose close is their number's square, so that each change is another."""
    start = (np.arange(first, first + count) * MINUTE_NS).astype(np.int64)
    price = np.arange(first, first + count, dtype=np.float64) ** 2
    zeros, ones = np.zeros(count, dtype=np.int64), np.ones(count)
    phase = np.full(count, 2, dtype=np.uint8)
    return Bars(start, start + MINUTE_NS, price, price, price, price, ones, price, zeros, phase, zeros)


@given(st.lists(st.integers(1, 700), min_size=1, max_size=12), st.integers(1, 30), st.integers(1, 6_000))
def test_changes_known_at_an_instant_do_not_depend_on_the_pieces(sizes: list[int], count: int, at: int) -> None:
    whole, cut = RecentBars(), RecentBars()
    total = sum(sizes)
    whole.extend({Interval.M1: minutes(0, total)})
    first = 0
    for size in sizes:
        cut.extend({Interval.M1: minutes(first, size)})
        first += size
        cut.of(Interval.M1)
    at_ns = max(at, total - KEPT[Interval.M1] + count + 1) * MINUTE_NS
    expected = whole.changes(Interval.M1, at_ns, count, within_sessions=True)
    assert cut.changes(Interval.M1, at_ns, count, within_sessions=True).tolist() == expected.tolist()
    last = min(total, at_ns // MINUTE_NS) - 1
    assert expected.tolist() == [float(each) for each in range(2 * last - 2 * len(expected) + 1, 2 * last, 2)]
    assert len(expected) == min(count, max(last, 0))


@pytest.mark.parametrize(("within_sessions", "count"), [(True, 778), (False, 779)])
def test_changes_are_of_regular_hours_alone_and_over_nights_only_where_they_are_asked_for(
    *, within_sessions: bool, count: int
) -> None:
    """Two sessions of minutes: what comes before the open and after the close, wild as it is, counts for nothing."""
    calendar, parts, price = nyse_calendar(), list[Bars](), 100.0
    first = calendar.day_on_or_after(date(2013, 10, 7))
    for day, gap in ((first, 0.0), (calendar.day_on_or_after(date(2013, 10, 8)), 50.0)):
        start = np.arange(day.pre_ns, day.post_end_ns, MINUTE_NS)
        phase = calendar.phase_codes(start)
        inside = phase == REGULAR
        close = np.where(inside, price + gap + np.cumsum(inside), 1_000.0 * np.arange(len(start)))
        price = float(close[inside][-1])
        parts.append(
            replace(minutes(0, len(start)), start_ns=start, end_ns=start + MINUTE_NS, close=close, phase=phase)
        )
    recent = RecentBars()
    recent.extend({Interval.M1: Bars.concat(parts)})
    changes = recent.changes(Interval.M1, int(parts[1].end_ns[-1]), 10_000, within_sessions=within_sessions)
    assert (len(changes), sorted(set(changes.tolist()))) == (count, [1.0] if within_sessions else [1.0, 51.0])


def test_the_jump_over_a_halt_is_no_change_of_a_bar() -> None:
    """An hour without a print: what it moved is not what one minute moves."""
    recent = RecentBars()
    recent.extend({Interval.M1: Bars.concat([minutes(1, 5), minutes(65, 4)])})
    at_ns = 100 * MINUTE_NS
    assert recent.changes(Interval.M1, at_ns, 20, within_sessions=True).tolist() == [3, 5, 7, 9, 131, 133, 135]
    assert recent.changes(Interval.M1, at_ns, 20, within_sessions=False).tolist()[4] == 65**2 - 5**2


def test_a_snapshot_keeps_what_questions_can_reach() -> None:
    recent = RecentBars()
    recent.extend({Interval.M1: minutes(0, 3 * KEPT[Interval.M1])})
    again = RecentBars.from_plain(recent.to_plain())
    assert len(again.of(Interval.M1)) == KEPT[Interval.M1]
    at_ns = 3 * KEPT[Interval.M1] * MINUTE_NS
    found = [each.changes(Interval.M1, at_ns, 5, within_sessions=True).tolist() for each in (again, recent)]
    assert found[0] == found[1]
    assert len(found[0]) == 5
