"""Many symbols folded at once: to the last byte what each one's ladder makes, however their minutes arrive."""

from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.bars.columns import Bars, Interval
from operators.bars.folding_together import FEW, extend_ladders
from operators.bars.ladder import RUNGS, FoldLadder
from operators.sessions import SessionCalendar, SessionRangeError
from operators.times import MINUTE_NS, parse_instant
from tests.operators.bars.made_bars import minute_bars
from tests.operators.bars.made_prints import plain

HALF_OPEN_NS = parse_instant("2015-12-24T09:30:00-05:00")
OWNERS = 3
GAPS = (*(1,) * 30, 2, 2, 7, 30, 400, 1440)


def made(calendar: SessionCalendar, rng: Random, count: int) -> Bars:
    """Minutes over phases, a half day, nights and weeks; some without volume, some of unknown trades or vwap."""
    starts = HALF_OPEN_NS - 20 * MINUTE_NS + MINUTE_NS * np.cumsum([rng.choice(GAPS) for _ in range(count)])
    phases = calendar.phase_codes(starts)
    kept = phases != 0
    starts, phases = starts[kept], phases[kept]
    rows = zip(starts.tolist(), phases.tolist(), strict=True)
    bars = Bars.concat([minute_bars([at], [100 + rng.randrange(999) / 7], phase) for at, phase in rows])
    for column, value in ((bars.volume, 0.0), (bars.trades, 0), (bars.vwap, np.nan)):
        column[[rng.random() < 0.05 for _ in column]] = value
    return bars


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(0, 400), max_size=3))
def test_folding_together_is_folding_each(calendar: SessionCalendar, seed: int, cuts: list[int]) -> None:
    """Bars and what is held of longer ones; one symbol may be silent, one may be ahead of the others."""
    rng = Random(seed)
    minutes = [made(calendar, rng, rng.choice((0, 150, 400))) for _ in range(OWNERS)]
    alone, together = ([FoldLadder(calendar) for _ in range(OWNERS)] for _ in range(2))
    for left, right in pairwise([0, *sorted(cuts), 400]):
        parts = [bars.take(slice(left, right)) for bars in minutes]
        now_ns = [int(part.end_ns[-1]) + rng.choice((0, 0, 90 * MINUTE_NS)) if len(part) else 0 for part in parts]
        found = extend_ladders(together, parts, now_ns, calendar)
        expected = [own.extend(part, now) for own, part, now in zip(alone, parts, now_ns, strict=True)]
        for one, other in zip(found, expected, strict=True):
            assert {rung: plain(one[rung]) for rung in RUNGS} == {rung: plain(other[rung]) for rung in RUNGS}
        assert repr([own.to_plain() for own in together]) == repr([own.to_plain() for own in alone])


def test_a_minute_outside_the_calendar_is_refused(calendar: SessionCalendar) -> None:
    """As a folder refuses it, whoever else there is."""
    late = minute_bars([10**18 * 9 + index * MINUTE_NS for index in range(FEW + 1)])
    with pytest.raises(SessionRangeError):
        extend_ladders([FoldLadder(calendar)], [late], [10**18 * 9], calendar)


def test_nothing_at_all_makes_nothing(calendar: SessionCalendar) -> None:
    """No symbol, or none with news."""
    assert extend_ladders([], [], [], calendar) == []
    (found,) = extend_ladders([FoldLadder(calendar)], [Bars.empty()], [HALF_OPEN_NS], calendar)
    assert {interval: len(bars) for interval, bars in found.items()} == dict.fromkeys(RUNGS, 0)
    assert Interval.W1 in found
