"""Pieces of bars that reach over ex-dates: where they are cut, and which splits apply to what came before."""

import pickle
from datetime import date

import numpy as np

from operators.bars.columns import Bars, Interval
from operators.bars.crossing import ENDLESS, Crossings, Part
from operators.bars.splits import Split
from operators.sessions import new_york_day_ns
from operators.times import parse_instant
from tests.operators.bars.made_bars import minute_bars

FIRST, SECOND, THIRD = (Split("TEST", date(2026, 5, day), 1, 2) for day in (19, 20, 22))
DAYS = (18, 19, 20, 21, 22)


def opening(day: int) -> int:
    """09:30 New York of a day in May 2026."""
    return parse_instant(f"2026-05-{day}T09:30:00-04:00")


def minutes(*days: int) -> Bars:
    """One minute of each of these days."""
    return minute_bars([opening(day) for day in days])


def told(parts: list[Part]) -> list[tuple[tuple[Split, ...], list[int], int]]:
    """Splits, the days of the minutes, and the end of every part."""
    ends = {new_york_day_ns(each.ex_date)[0]: each.ex_date.day for each in (FIRST, SECOND, THIRD)} | {ENDLESS: 0}
    found = []
    for crossed, bars, until_ns in parts:
        starts = bars.get(Interval.M1, Bars.empty()).start_ns.tolist()
        found.append((crossed, [day for day in DAYS if opening(day) in starts], ends[until_ns]))
    return found


def test_a_piece_that_crosses_nothing_is_one_part() -> None:
    """It is the very piece, and the split is still to come."""
    crossings, piece = Crossings([SECOND]), {Interval.M1: minutes(18, 19)}
    (part,) = crossings.parts(piece)
    assert part.bars is piece
    assert (part.crossed, part.until_ns, bool(crossings)) == ((), ENDLESS, True)


def test_a_piece_is_cut_at_every_ex_date() -> None:
    crossings = Crossings([FIRST, SECOND, THIRD])
    parts = list(crossings.parts({Interval.M1: minutes(*DAYS)}))
    assert told(parts) == [((), [18], 19), ((FIRST,), [19], 20), ((SECOND,), [20, 21], 22), ((THIRD,), [22], 0)]
    assert not crossings


def test_splits_on_days_without_a_bar_apply_together() -> None:
    """A symbol that did not trade for days crosses all of them with its next bar."""
    assert told(list(Crossings([FIRST, SECOND, THIRD]).parts({Interval.M1: minutes(18, 21)}))) == [
        ((), [18], 19),
        ((FIRST, SECOND), [21], 0),
    ]


def test_the_first_bar_of_the_ex_date_need_not_be_a_minute_bar_of_this_piece() -> None:
    """All intervals are cut, and any of them crosses."""
    piece = {Interval.M5: minutes(18, 20), Interval.D1: minutes(18)}
    before, after = Crossings([SECOND]).parts(piece)
    assert (list(before.bars), list(after.bars)) == ([Interval.M5, Interval.D1], [Interval.M5])
    assert np.array_equal(after.bars[Interval.M5].start_ns, [opening(20)])


def test_a_split_is_crossed_once() -> None:
    crossings = Crossings([SECOND])
    list(crossings.parts({Interval.M1: minutes(18, 20)}))
    (part,) = crossings.parts({Interval.M1: minutes(21)})
    assert part.crossed == ()


def test_crossings_come_back_from_plain_values() -> None:
    plain = pickle.loads(pickle.dumps(Crossings([FIRST, THIRD]).to_plain()))
    assert plain == (("TEST", "2026-05-19", 1, 2), ("TEST", "2026-05-22", 1, 2))
    assert Crossings.from_plain(plain).to_plain() == plain
