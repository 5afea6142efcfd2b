"""One-minute bars: who sets what, when a bar closes, what late prints do, and that the cut decides nothing."""

import pickle
from dataclasses import replace
from itertools import pairwise
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.bars.build import MinuteBuilder
from operators.bars.columns import Bars
from operators.bars.summing import sum_prints
from operators.times import MINUTE_NS, SECOND_NS
from tests.operators.bars.made_prints import (
    CLOSING,
    CORRECTED,
    DERIVATIVE,
    FORM_T,
    LATE,
    ODD_LOT,
    OPEN_NS,
    PRE_NS,
    REGULAR,
    UNKNOWN,
    PlainLoop,
    Print,
    columns,
    feed,
    plain,
    tapes,
)


def minute(*prints: Print) -> Bars:
    """The bar of the prints' minute, closed by the clock."""
    builder = MinuteBuilder()
    feed(builder, prints)
    return builder.close_until(prints[0].at_ns // MINUTE_NS * MINUTE_NS + MINUTE_NS)


def at(seconds: float, price: float = 100.0, size: float = 100.0, flags: int = REGULAR, behind: int = 0) -> Print:
    """A print so many seconds after the open."""
    return Print(OPEN_NS + round(seconds * SECOND_NS), price, size, flags, 2, behind)


def test_a_bar_is_what_its_prints_were() -> None:
    bars = minute(at(0, 100.0), at(1, 101.0, 300.0), at(2, 99.0), at(59.9, 100.5))
    bar = bars.row(0)
    assert len(bars) == 1
    assert (bar.start_ns, bar.end_ns) == (OPEN_NS, OPEN_NS + MINUTE_NS)
    assert (bar.open, bar.high, bar.low, bar.close) == (100.0, 101.0, 99.0, 100.5)
    assert (bar.volume, bar.trades, bar.phase, bar.revision) == (600.0, 4, 2, 0)
    assert bar.vwap == pytest.approx((100 + 303 + 99 + 100.5) / 6)


@pytest.mark.parametrize(
    ("flags", "sets_price", "sets_extremes", "counts"),
    [
        (ODD_LOT, False, False, True),
        (FORM_T, False, False, True),
        (DERIVATIVE, False, True, True),
        (CLOSING, True, True, False),
        (REGULAR | LATE, False, True, True),
        (ODD_LOT | LATE, False, False, True),
        (CORRECTED, False, False, False),
        (UNKNOWN, False, False, False),
    ],
)
def test_sale_conditions_decide_what_a_print_sets(
    flags: int, sets_price: bool, sets_extremes: bool, counts: bool
) -> None:
    bar = minute(at(0, 100.0), at(1, 105.0, 7.0, flags)).row(0)
    assert (bar.close == 105.0) == sets_price
    assert (bar.high == 105.0) == sets_extremes
    assert (bar.volume, bar.trades) == ((107.0, 2) if counts else (100.0, 1))


def test_form_t_prints_make_pre_market_bars() -> None:
    """Except odd lots among them."""
    first = Print(PRE_NS, 100.0, 10.0, FORM_T, 1)
    odd = Print(PRE_NS + 1, 90.0, 5.0, FORM_T & ODD_LOT, 1)
    bar = minute(first, odd).row(0)
    assert (bar.open, bar.low, bar.volume, bar.phase) == (100.0, 100.0, 15.0, 1)


def test_a_minute_that_no_print_prices_has_no_bar() -> None:
    assert len(minute(at(0, flags=ODD_LOT), at(1, flags=DERIVATIVE))) == 0
    assert len(minute(Print(OPEN_NS, phase=0))) == 0


def test_a_bar_without_volume_has_no_vwap() -> None:
    bars = minute(at(0, flags=CLOSING))
    assert isnan(bars.vwap[0])
    assert bars.row(0).vwap is None


def test_a_bar_closes_with_the_first_record_at_its_end_and_not_before() -> None:
    builder = MinuteBuilder()
    assert len(feed(builder, [at(0), at(59.999)]).closed) == 0
    assert len(builder.close_until(OPEN_NS + MINUTE_NS - 1)) == 0
    assert len(feed(builder, [at(60, flags=CORRECTED)]).closed) == 1
    assert len(builder.close_until(OPEN_NS + 2 * MINUTE_NS)) == 0


def test_a_late_print_counts_in_the_minute_in_which_it_happened() -> None:
    builder = MinuteBuilder()
    built = feed(builder, [at(0), at(61, 100.2), at(70, 103.0, 50.0, REGULAR | LATE, 1), at(125)])
    assert built.closed.volume.tolist() == [100.0, 100.0]
    assert built.closed.high.tolist() == [100.0, 100.2]
    revised = built.revised.bars.row(0)
    assert (revised.start_ns, revised.revision, revised.volume, revised.trades) == (OPEN_NS, 1, 150.0, 2)
    assert (revised.open, revised.high, revised.close) == (100.0, 103.0, 100.0)
    assert revised.vwap == pytest.approx((100 * 100 + 103 * 50) / 150)
    assert built.revised.at_ns.tolist() == [OPEN_NS + 70 * SECOND_NS]


def test_a_late_print_of_an_unknown_time_counts_in_its_sip_minute() -> None:
    bar = minute(at(0), at(5, 101.0, 50.0, REGULAR | LATE)).row(0)
    assert (bar.volume, bar.high, bar.close) == (150.0, 101.0, 100.0)


def test_each_late_print_is_a_revision_of_its_own() -> None:
    builder = MinuteBuilder()
    feed(builder, [at(0), at(61)])
    late = [at(62, 100.0, 10.0, REGULAR | LATE, 1), at(63, 100.0, 20.0, REGULAR | LATE, 1)]
    bars = feed(builder, late).revised.bars
    assert (bars.revision.tolist(), bars.volume.tolist()) == ([1, 2], [110.0, 130.0])


def test_a_late_print_that_changes_nothing_revises_nothing() -> None:
    builder = MinuteBuilder()
    feed(builder, [at(0), at(61)])
    assert len(feed(builder, [at(62, 100.0, 10.0, CLOSING | LATE, 1), at(62, flags=LATE, behind=1)]).revised.bars) == 0


def test_a_late_print_without_a_bar_revises_nothing() -> None:
    """Of a minute without trades, and of one so long ago that nobody remembers it."""
    builder = MinuteBuilder(remembered_ns=3 * MINUTE_NS)
    feed(builder, [at(0), at(301)])
    built = feed(builder, [at(302, flags=REGULAR | LATE, behind=2), at(303, flags=REGULAR | LATE, behind=5)])
    assert len(built.revised.bars) == 0


def test_a_long_piece_forgets_nothing_that_its_own_late_prints_revise() -> None:
    """A minute is forgotten for what comes so long after it, not for what stands so long after it in one piece."""
    day = 24 * 60 * MINUTE_NS
    late = Print(OPEN_NS + 5 * MINUTE_NS, flags=REGULAR | LATE, behind=5)
    tape = [Print(OPEN_NS), Print(OPEN_NS + 2 * MINUTE_NS), late, Print(OPEN_NS + day), Print(OPEN_NS + 2 * day)]
    long, builder = MinuteBuilder(), MinuteBuilder()
    feed(long, tape[:2])
    piece = feed(long, tape[2:])
    one_by_one = [feed(builder, [each]) for each in tape]
    assert piece.revised.bars.volume.tolist() == [200.0]
    assert plain(piece.revised.bars) == [row for built in one_by_one for row in plain(built.revised.bars)]


def test_a_print_behind_the_tape_revises() -> None:
    """Should the tape's time step back, closed stays closed."""
    builder = MinuteBuilder()
    feed(builder, [at(0)])
    builder.close_until(OPEN_NS + MINUTE_NS)
    built = feed(builder, [at(30, 101.0), at(61)])
    assert (built.revised.bars.row(0).high, built.revised.bars.row(0).close) == (101.0, 100.0)
    assert built.revised.at_ns.tolist() == [OPEN_NS + MINUTE_NS]


def outputs(builder: MinuteBuilder, piece: list[Print]) -> tuple[list[object], ...]:
    built = feed(builder, piece)
    revised = built.revised
    return [*plain(built.closed)], [*plain(revised.bars)], [*plain(revised.before)], revised.at_ns.tolist()


@given(tape=tapes(), cuts=st.lists(st.integers(0, 40), max_size=5), again=st.booleans())
def test_the_cut_decides_nothing(tape: list[Print], cuts: list[int], again: bool) -> None:
    """Byte by byte, also through a snapshot at every cut."""
    whole, cut = MinuteBuilder(), MinuteBuilder()
    edges = [0, *sorted(min(each, len(tape)) for each in cuts), len(tape)]
    pieces = [tape[left:right] for left, right in pairwise(edges)]
    found: list[list[object]] = [[], [], [], []]
    for piece in pieces:
        for part, more in zip(found, outputs(cut, piece), strict=True):
            part.extend(more)
        cut = MinuteBuilder.from_plain(pickle.loads(pickle.dumps(cut.to_plain()))) if again else cut
    assert tuple(found) == outputs(whole, tape)
    assert repr(cut.to_plain()) == repr(whole.to_plain())


@given(tape=tapes())
def test_columns_give_what_a_plain_loop_gives(tape: list[Print]) -> None:
    loop = PlainLoop()
    for each in tape:
        loop.take(each)
    built = feed(MinuteBuilder(), tape)
    assert repr(rows(built.closed)) == repr(loop.closed)
    at_ns = built.revised.at_ns.tolist()
    revised = [(at, *row) for at, row in zip(at_ns, rows(built.revised.bars), strict=True)]
    assert repr(revised) == repr(loop.revised)
    stood, before = {row[0]: row for row in loop.closed}, list[tuple[float, ...]]()
    for _, *row in loop.revised:
        before.append(stood[row[0]])
        stood[row[0]] = tuple(row)
    assert repr(rows(built.revised.before)) == repr(before)


def rows(bars: Bars) -> list[tuple[float, ...]]:
    return list(zip(*(column.tolist() for column in bars.columns()), strict=True))


@given(tape=tapes())
def test_mirrored_prices_give_mirrored_bars(tape: list[Print]) -> None:
    """In whole cents, so that mirroring itself is exact."""
    tape = [replace(each, price=round(each.price * 4) / 4) for each in tape]
    bars = feed(MinuteBuilder(), tape).closed
    mirrored = feed(MinuteBuilder(), [replace(each, price=200.0 - each.price) for each in tape]).closed
    assert (200.0 - bars.open).tolist() == mirrored.open.tolist()
    assert (200.0 - bars.high).tolist() == mirrored.low.tolist()
    assert (200.0 - bars.low).tolist() == mirrored.high.tolist()
    assert (200.0 - bars.close).tolist() == mirrored.close.tolist()
    np.testing.assert_allclose(200.0 - bars.vwap, mirrored.vwap, rtol=1e-12)
    assert bars.volume.tolist() == mirrored.volume.tolist()


@given(mine=tapes(), other=tapes())
def test_symbols_of_a_frame_do_not_touch_one_another(mine: list[Print], other: list[Print]) -> None:
    code = np.array([3] * len(mine) + [7] * len(other), dtype=np.uint16)
    pieces = dict(sum_prints(columns([*mine, *other]), code))
    assert list(pieces) == [number for number, tape in ((3, mine), (7, other)) if tape]
    for number, tape in ((3, mine), (7, other)):
        if tape:
            assert plain(MinuteBuilder().extend(pieces[number]).closed) == plain(feed(MinuteBuilder(), tape).closed)
