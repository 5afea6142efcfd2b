"""Longer bars: where they begin and end, when they are known, and that the cut decides nothing."""

import pickle
from datetime import date
from itertools import pairwise
from math import isnan
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from operators.bars.columns import Bars, Interval
from operators.bars.fold import Folder, fold, span_of
from operators.bars.ladder import RUNGS, FoldLadder
from operators.sessions import SessionCalendar, SessionRangeError
from operators.times import MINUTE_NS, iso, parse_instant
from tests.operators.bars.made_bars import bars_from, day_bar, minute_bars
from tests.operators.bars.made_prints import plain

OPEN_NS = parse_instant("2013-10-08T09:30:00-04:00")
CLOSE_NS = parse_instant("2013-10-08T16:00:00-04:00")
HALF_OPEN_NS = parse_instant("2015-12-24T09:30:00-05:00")
LATER = CLOSE_NS + 10**18


def minutes(first_ns: int, count: int, step: int = 1) -> Bars:
    return minute_bars([first_ns + index * step * MINUTE_NS for index in range(count)])


def clock(calendar: SessionCalendar, interval: Interval, text: str) -> tuple[str, ...]:
    at_ns = parse_instant(text)
    return tuple(iso(each)[5:16] for each in span_of(calendar, interval, at_ns))


def test_five_minutes_are_what_their_minutes_were(calendar: SessionCalendar) -> None:
    bars = minutes(OPEN_NS, 6)
    five = fold(bars, Interval.M5, calendar, OPEN_NS + 6 * MINUTE_NS)
    bar = five.row(0)
    assert len(five) == 1
    assert (bar.start_ns, bar.end_ns) == (OPEN_NS, OPEN_NS + 5 * MINUTE_NS)
    assert (bar.open, bar.high) == (bars.open[0], bars.high[4])
    assert (bar.low, bar.close) == (bars.low[0], bars.close[4])
    assert (bar.trades, bar.phase, bar.revision) == (15, 2, 0)
    assert bar.volume == pytest.approx(bars.volume[:5].sum())
    assert bar.vwap == pytest.approx(np.average(bars.vwap[:5], weights=bars.volume[:5]))


@pytest.mark.parametrize(
    ("interval", "at", "expected"),
    [
        (Interval.M60, "2013-10-08T10:29:00-04:00", ("10-08T13:30", "10-08T14:30")),
        (Interval.M60, "2013-10-08T15:59:00-04:00", ("10-08T19:30", "10-08T20:00")),
        (Interval.M60, "2013-10-08T09:29:00-04:00", ("10-08T13:00", "10-08T13:30")),
        (Interval.M60, "2013-10-08T16:00:00-04:00", ("10-08T20:00", "10-08T21:00")),
        (Interval.M60, "2015-12-24T12:59:00-05:00", ("12-24T17:30", "12-24T18:00")),
        (Interval.M15, "2013-10-08T09:44:00-04:00", ("10-08T13:30", "10-08T13:45")),
        (Interval.D1, "2015-12-24T10:00:00-05:00", ("12-24T14:30", "12-24T18:00")),
        (Interval.W1, "2015-12-23T10:00:00-05:00", ("12-21T14:30", "12-24T18:00")),
        (Interval.W1, "2013-10-08T10:00:00-04:00", ("10-07T13:30", "10-11T20:00")),
    ],
)
def test_bars_are_anchored_to_sessions(
    calendar: SessionCalendar, interval: Interval, at: str, expected: tuple[str, ...]
) -> None:
    assert clock(calendar, interval, at) == expected


def test_an_instant_outside_the_calendar_is_refused(calendar: SessionCalendar) -> None:
    with pytest.raises(SessionRangeError):
        span_of(calendar, Interval.M5, parse_instant("2035-01-02T10:00:00-05:00"))


@pytest.mark.parametrize("interval", [Interval.M5, Interval.M15, Interval.M60, Interval.D1])
def test_a_longer_bar_is_known_at_its_end_and_not_before(calendar: SessionCalendar, interval: Interval) -> None:
    _, end_ns = span_of(calendar, interval, OPEN_NS)
    folder = Folder(interval, calendar)
    assert len(folder.extend(minutes(OPEN_NS, 2), end_ns - 1)) == 0
    assert len(folder.extend(Bars.empty(), end_ns)) == 1
    assert len(folder.extend(Bars.empty(), end_ns + 1)) == 0


def test_before_and_after_the_session_fold_apart(calendar: SessionCalendar) -> None:
    rows = [minute_bars([at], phase=phase) for at, phase in ((OPEN_NS - MINUTE_NS, 1), (OPEN_NS, 2), (CLOSE_NS, 3))]
    bars = Bars.concat(rows)
    assert fold(bars, Interval.M60, calendar, LATER).phase.tolist() == [1, 2, 3]
    day = fold(bars, Interval.D1, calendar, LATER)
    assert (day.start_ns.tolist(), day.end_ns.tolist()) == ([OPEN_NS], [CLOSE_NS])
    assert day.volume.tolist() == [bars.volume[1]]


def test_an_unknown_part_makes_the_whole_unknown(calendar: SessionCalendar) -> None:
    bars = minutes(OPEN_NS, 3)
    bars.vwap[1], bars.trades[2] = np.nan, 0
    bar = fold(bars, Interval.M5, calendar, LATER).row(0)
    assert (bar.vwap, bar.trades) == (None, 0)


def test_a_part_without_volume_does_not_make_the_vwap_unknown(calendar: SessionCalendar) -> None:
    bars = minutes(OPEN_NS, 2)
    bars.vwap[1], bars.volume[1] = np.nan, 0.0
    assert fold(bars, Interval.M5, calendar, LATER).vwap.tolist() == [pytest.approx(bars.vwap[0])]


@pytest.mark.parametrize("place", range(3))
def test_a_part_without_volume_does_not_make_the_trades_unknown(calendar: SessionCalendar, place: int) -> None:
    """Its only prints set prices, and are not counted; wherever in the bar it stands."""
    bars = minutes(OPEN_NS, 3)
    bars.volume[place], bars.trades[place] = 0.0, 0
    assert fold(bars, Interval.M5, calendar, LATER).trades.tolist() == [bars.trades.sum()]


def test_loaded_days_and_built_days_make_one_week(calendar: SessionCalendar) -> None:
    ladder = FoldLadder(calendar)
    monday = calendar.day_on_or_after(date(2013, 10, 7))
    friday_before = calendar.day_on_or_after(date(2013, 10, 4))
    days = [day_bar(day.open_ns, day.close_ns, 100.0) for day in (friday_before, monday)]
    weeks = ladder.load_days(Bars.concat(days), OPEN_NS - 1)
    assert [iso(each)[:10] for each in weeks.end_ns.tolist()] == ["2013-10-04"]
    friday = calendar.day_on_or_after(date(2013, 10, 11))
    week = ladder.extend(minutes(OPEN_NS, 390), friday.close_ns)[Interval.W1].row(0)
    assert (week.start_ns, week.end_ns, week.open) == (monday.open_ns, friday.close_ns, 99.0)
    assert week.close == minutes(OPEN_NS, 390).close[-1]
    assert week.vwap is None


@given(
    gaps=st.lists(st.sampled_from((1, 1, 1, 2, 30, 400, 4 * 1440)), max_size=30),
    cuts=st.lists(st.integers(0, 30), max_size=4),
)
def test_how_minutes_arrive_decides_nothing(calendar: SessionCalendar, gaps: list[int], cuts: list[int]) -> None:
    """Byte by byte, through a snapshot at each cut, over phases, half days and weeks."""
    starts = [HALF_OPEN_NS - 3 * MINUTE_NS + MINUTE_NS * sum(gaps[:index]) for index in range(len(gaps))]
    phases = calendar.phase_codes(np.array(starts, dtype=np.int64)).tolist()
    bars = Bars.concat(
        [minute_bars([at], [100 + at % 17 / 3], phase) for at, phase in zip(starts, phases, strict=True)]
    )
    bars = bars.take(bars.phase != 0)
    whole, cut = FoldLadder(calendar), FoldLadder(calendar)
    edges = [0, *sorted(min(each, len(bars)) for each in cuts), len(bars)]
    found: dict[Interval, list[tuple[bytes, ...]]] = {interval: [] for interval in RUNGS}
    for left, right in pairwise(edges):
        part = bars.take(slice(left, right))
        now_ns = int(bars.end_ns[right - 1]) if right else 0
        for interval, known in cut.extend(part, now_ns).items():
            found[interval] += plain(known)
            assert (known.end_ns <= now_ns).all()
        cut = FoldLadder.from_plain(pickle.loads(pickle.dumps(cut.to_plain())), calendar)
    expected = whole.extend(bars, int(bars.end_ns[-1]) if len(bars) else 0)
    assert found == {interval: plain(known) for interval, known in expected.items()}
    assert repr(cut.to_plain()) == repr(whole.to_plain())


def test_mirrored_minutes_fold_to_mirrored_bars(calendar: SessionCalendar) -> None:
    bars = minute_bars(
        [OPEN_NS + index * MINUTE_NS for index in range(60)], [100.0 + (index * 7) % 13 for index in range(60)]
    )
    mirrored = replace(
        bars, open=400.0 - bars.open, high=400.0 - bars.low, low=400.0 - bars.high, close=400.0 - bars.close
    )
    for interval in (Interval.M5, Interval.M15, Interval.M60):
        here, there = (fold(each, interval, calendar, LATER) for each in (bars, mirrored))
        assert (400.0 - here.high).tolist() == there.low.tolist()
        assert (400.0 - here.low).tolist() == there.high.tolist()
        assert (400.0 - here.open).tolist() == there.open.tolist()


def test_the_hours_of_a_real_day_are_those_that_polars_finds(shared_data: Path, calendar: SessionCalendar) -> None:
    file = shared_data / "flatfiles/us_stocks_sip/minute_aggs_v1/2013/10/2013-10-08.csv.gz"
    day = pl.read_csv(file).filter(
        pl.col("ticker") == "IBM", pl.col("window_start") >= OPEN_NS, pl.col("window_start") < CLOSE_NS
    )
    columns = day.select("window_start", "open", "high", "low", "close", pl.col("volume").cast(pl.Float64)).iter_rows()
    bars = bars_from([(at, at + MINUTE_NS, o, h, lo, c, v, np.nan, 0, 2, 0) for at, o, h, lo, c, v in columns])
    hours = fold(bars, Interval.M60, calendar, CLOSE_NS)
    expected = (
        day.group_by(((pl.col("window_start") - OPEN_NS) // (60 * MINUTE_NS)).alias("hour"), maintain_order=True)
        .agg(pl.first("open"), pl.max("high"), pl.min("low"), pl.last("close"), pl.sum("volume"))
        .drop("hour")
    )
    assert [*expected.columns] == ["open", "high", "low", "close", "volume"]
    assert len(hours) == 7
    for name in expected.columns:
        assert getattr(hours, name).tolist() == expected[name].to_list(), name
    assert isnan(hours.vwap[0])
