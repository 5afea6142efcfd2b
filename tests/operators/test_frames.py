"""Cutting a frame into symbols: order kept, everything counted."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.conditions import ANY_LAST, CORRECTED, Flag, flags_of
from operators.eligibility import Profile
from operators.frames import TickFrame, by_symbol, tag
from operators.nyse import nyse_calendar
from operators.sessions import PHASE_CODES, SessionCalendar
from tests.oracle.times import new_york_ns

SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
UNWATCHED = len(SYMBOLS)
START_NS = new_york_ns("2013-10-08", "09:29")

REGULAR, ODD_LOT, FORM_T = (int(flags_of(ids)) for ids in ([], [37], [12]))
AVERAGE, UNKNOWN = int(flags_of([2])), int(Flag.UNKNOWN_CONDITION)
LATE, LATE_UNKNOWN, OFFICIAL_CLOSE = REGULAR | Flag.LATE, UNKNOWN | Flag.LATE, int(flags_of([15]))
BARRED = [int(LATE), int(LATE_UNKNOWN), int(CORRECTED), OFFICIAL_CLOSE]
FLAGS = [REGULAR, REGULAR, ODD_LOT, FORM_T, AVERAGE, UNKNOWN, *BARRED]

EVERY_PHASE = frozenset(PHASE_CODES)
PROFILES = [
    Profile(sessions, odd_lots, extended)
    for sessions in (EVERY_PHASE, frozenset(PHASE_CODES[1:2]), frozenset(PHASE_CODES[2:]))
    for odd_lots in (False, True)
    for extended in (False, True)
]

Row = tuple[int, int, int, int]
"""Symbol code, SIP time, cents, flags."""


def frame(rows: list[Row]) -> TickFrame:
    """An untagged frame of rows in tape order."""
    columns: list[Any] = list(zip(*rows, strict=True)) or [()] * 4
    return TickFrame(
        SYMBOLS,
        np.array(columns[0], dtype=np.uint16),
        np.array(columns[1], dtype=np.int64),
        np.array([cents / 100 for cents in columns[2]], dtype=np.float64),
        np.array(columns[3], dtype=np.uint8),
    )


def counts(rows: list[Row]) -> tuple[int, ...]:
    """Records, eligible, late, corrected, unknown: each print in one class, corrected before late before unknown."""
    flags = [each[3] for each in rows]
    late = [each for each in flags if each & Flag.LATE and each != CORRECTED]
    unknown = [each for each in flags if each & Flag.UNKNOWN_CONDITION and not each & Flag.LATE]
    eligible = [each for each in flags if each & Flag.LAST and not each & Flag.LATE]
    return len(flags), len(eligible), len(late), flags.count(CORRECTED), len(unknown)


def test_prints_of_one_symbol_keep_their_order(calendar: SessionCalendar) -> None:
    """Interleaved on the tape, apart afterwards, in the order of the watched symbols."""
    rows = [(1, START_NS, 1, REGULAR), (0, START_NS, 2, REGULAR), (1, START_NS, 3, REGULAR), (0, START_NS, 4, REGULAR)]
    cut = dict(by_symbol(tag(frame(rows), calendar)))
    assert list(cut) == ["AAA", "BBB"]
    assert [part.price.tolist() for part in cut.values()] == [[0.02, 0.04], [0.01, 0.03]]


def test_a_large_frame_keeps_the_order_of_every_symbol(calendar: SessionCalendar) -> None:
    """Thousands of prints of one instant, dealt out to four symbols: nothing but the tape tells their order."""
    rows = [(number % 4, START_NS, number + 1, REGULAR) for number in range(8_000)]
    for code, (_, part) in enumerate(by_symbol(tag(frame(rows), calendar))):
        assert part.price.tolist() == [(number + 1) / 100 for number in range(code, 8_000, 4)]


def test_prints_that_nobody_can_use_are_counted_and_move_time_on(calendar: SessionCalendar) -> None:
    """The slice is empty but ends where the symbol's tape ends, so that deadlines are seen to pass."""
    rows = [(2, START_NS, 100, CORRECTED), (2, START_NS + 7, 100, int(LATE))]
    ((symbol, part),) = by_symbol(tag(frame(rows), calendar))
    assert (symbol, len(part.price), part.end_ns, part.counts) == ("CCC", 0, START_NS + 7, (2, 0, 1, 1, 0))


def test_odd_lots_are_left_out_when_no_plan_counts_them(calendar: SessionCalendar) -> None:
    """They stay in the count of records."""
    rows = [(0, START_NS, 100, ODD_LOT), (0, START_NS + 1, 101, REGULAR)]
    tagged = tag(frame(rows), calendar)
    for usable, prices in ((Flag.LAST, [1.01]), (Flag.LAST_IF_ODD_LOTS, [1.0, 1.01]), (ANY_LAST, [1.0, 1.01])):
        ((_, part),) = by_symbol(tagged, usable)
        assert (part.price.tolist(), part.counts, part.usable) == (prices, (2, 1, 0, 0, 0), usable)


def test_prints_of_symbols_that_nobody_watches_are_passed_over(calendar: SessionCalendar) -> None:
    """Before, between and after those of the watched; a frame of nothing else has no symbols."""
    rows = [(code, START_NS + number, number + 1, REGULAR) for number, code in enumerate((4, 1, 4, 4, 0, 1, 4))]
    cut = dict(by_symbol(tag(frame(rows), calendar)))
    assert {symbol: part.price.tolist() for symbol, part in cut.items()} == {"AAA": [0.05], "BBB": [0.02, 0.06]}
    assert [(part.end_ns - START_NS, part.counts[0]) for part in cut.values()] == [(4, 1), (5, 2)]
    assert list(by_symbol(tag(frame([row for row in rows if row[0] == UNWATCHED]), calendar))) == []


def test_an_empty_frame_has_no_symbols(calendar: SessionCalendar) -> None:
    assert list(by_symbol(tag(frame([]), calendar))) == []


def test_a_frame_is_tagged_before_it_is_cut() -> None:
    with pytest.raises(ValueError, match="session phase"):
        list(by_symbol(frame([(0, START_NS, 100, REGULAR)])))


@settings(max_examples=200, deadline=None)
@given(
    drawn=st.lists(
        st.tuples(
            st.integers(0, UNWATCHED), st.integers(0, 40_000_000_000), st.integers(1, 999), st.sampled_from(FLAGS)
        ),
        max_size=30,
    ),
    order=st.sampled_from(["time", "ticker"]),
    usable=st.sampled_from([ANY_LAST, Flag.LAST, Flag.LAST_IF_ODD_LOTS]),
)
def test_every_symbol_gets_its_own_prints_in_tape_order(drawn: list[Row], order: str, usable: Flag) -> None:
    """Frames in time order and frames sorted by ticker give the same slices, counts and ends.

    Of a frame of one phase all symbols are glimpsed at once: as each would see it alone.
    """
    calendar = nyse_calendar()  # as an argument it would be printed whenever this fails
    rows = [(code, START_NS + after, cents, flags) for code, after, cents, flags in drawn]
    rows.sort(key=lambda row: row[1] if order == "time" else row[:2])
    tagged = tag(frame(rows), calendar)
    cut = dict(by_symbol(tagged, usable))
    assert list(cut) == [symbol for code, symbol in enumerate(SYMBOLS) if any(row[0] == code for row in rows)]
    for symbol, part in cut.items():
        own = [row for row in rows if row[0] == SYMBOLS.index(symbol)]
        kept = [row for row in own if row[3] & usable and not row[3] & Flag.LATE]
        assert part.sip_ns.tolist() == [row[1] for row in kept]
        assert part.price.tolist() == [row[2] / 100 for row in kept]
        assert part.flags.tolist() == [row[3] for row in kept]
        assert [PHASE_CODES[code] for code in part.phase] == [calendar.phase(row[1]) for row in kept]
        assert (part.end_ns, part.counts) == (own[-1][1], counts(own))
        for profile in PROFILES:
            view = part.view(profile)
            assert part.glimpse(profile) == (view.as_quiet() if len(view.price) else None)
