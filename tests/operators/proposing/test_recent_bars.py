"""The bars that questions look back on are the last ones, however they came."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from operators.bars.columns import Bars, Interval
from operators.proposing.recent_bars import KEPT, RecentBars
from operators.times import MINUTE_NS


def minutes(first: int, count: int) -> Bars:
    """Made bars whose close is their number."""
    start = (np.arange(first, first + count) * MINUTE_NS).astype(np.int64)
    price = np.arange(first, first + count, dtype=np.float64)
    zeros, ones = np.zeros(count, dtype=np.int64), np.ones(count)
    phase = np.full(count, 2, dtype=np.uint8)
    return Bars(start, start + MINUTE_NS, price, price, price, price, ones, price, zeros, phase, zeros)


@given(st.lists(st.integers(1, 700), min_size=1, max_size=12), st.integers(1, 30), st.integers(1, 6_000))
def test_closes_known_at_an_instant_do_not_depend_on_the_pieces(sizes: list[int], count: int, at: int) -> None:
    whole, cut = RecentBars(), RecentBars()
    total = sum(sizes)
    whole.extend({Interval.M1: minutes(0, total)})
    first = 0
    for size in sizes:
        cut.extend({Interval.M1: minutes(first, size)})
        first += size
        cut.of(Interval.M1)
    at_ns = max(at, total - KEPT[Interval.M1] + count) * MINUTE_NS
    expected = whole.closes(Interval.M1, at_ns, count)
    assert cut.closes(Interval.M1, at_ns, count).tolist() == expected.tolist()
    assert len(expected) == 0 or expected[-1] == min(total, at_ns // MINUTE_NS) - 1


def test_a_snapshot_keeps_what_questions_can_reach() -> None:
    recent = RecentBars()
    recent.extend({Interval.M1: minutes(0, 3 * KEPT[Interval.M1])})
    again = RecentBars.from_plain(recent.to_plain())
    assert len(again.of(Interval.M1)) == KEPT[Interval.M1]
    assert (
        again.closes(Interval.M1, 3 * KEPT[Interval.M1] * MINUTE_NS, 5).tolist()
        == recent.closes(Interval.M1, 3 * KEPT[Interval.M1] * MINUTE_NS, 5).tolist()
    )
