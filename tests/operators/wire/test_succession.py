"""What may follow what: repeats, repairs of gaps, and time that only goes on."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from operators.times import SECOND_NS
from operators.wire.rows import WireRow
from operators.wire.succession import FEED, MEMORY_NS, Succession, Verdict

AT = 1_381_239_000 * SECOND_NS


def row(after_ms: int = 0, trade_id: str | None = "1", **fields: Any) -> WireRow:
    usual = WireRow("A", AT + after_ms * 1_000_000, None, 10.0, 100.0, 11, None, 7, trade_id, None, None, 0)
    return replace(usual, **fields)


def kept(prints: list[tuple[WireRow, int]]) -> list[WireRow]:
    succession = Succession()
    return [each for each, source in prints if succession.judge(each, source) is Verdict.NEW]


def test_a_print_with_an_id_is_there_once() -> None:
    others = [row(trade_id="2"), row(exchange=4, trf_id=201), row(exchange=4, trf_id=202), row(price=10.01)]
    prints = [row(), row(), *others, *others, row()]
    assert kept([(each, FEED) for each in prints]) == [row(), *others]


def test_equal_prints_without_an_id_are_all_real() -> None:
    assert len(kept([(row(trade_id=None), FEED)] * 3)) == 3
    assert len(kept([(row(trade_id="0"), FEED)] * 3)) == 3


def test_a_repair_adds_only_what_the_feed_had_not_given() -> None:
    """Three equal prints happened; the feed gave two before the gap and one again after it."""
    bare = row(trade_id=None)
    prints = [(bare, FEED)] * 2 + [(bare, 1)] * 3 + [(bare, FEED)]
    assert len(kept(prints)) == 3


def test_a_second_repair_of_the_same_window_adds_nothing() -> None:
    bare = row(trade_id=None)
    assert len(kept([(bare, 1)] * 3 + [(bare, 2)] * 3 + [(bare, FEED)] * 3)) == 3


def test_time_goes_on_per_symbol() -> None:
    succession = Succession()
    verdicts = [
        succession.judge(each)
        for each in (row(10), row(5, "2", symbol="B"), row(9, "3"), row(10, "4"), row(4, "5", symbol="B"))
    ]
    new, back = Verdict.NEW, Verdict.BACKWARDS
    assert verdicts == [new, new, back, new, back]
    assert succession.newest_ns("A") == AT + 10_000_000


def test_a_print_from_before_a_clock_mark_goes_back() -> None:
    succession = Succession()
    succession.mark(AT + 5)
    assert succession.judge(row()) is Verdict.BACKWARDS
    assert succession.judge(row(1, "2")) is Verdict.NEW
    assert succession.newest_ns("Z") == AT + 5


def test_what_is_repeated_within_the_memory_is_found() -> None:
    """Up to its end, wherever the halves of the memory begin."""
    memory_ms = MEMORY_NS // 1_000_000
    for first in range(0, 3 * memory_ms, 1_777):
        prints = [row(0, "0"), row(first, "x"), *(row(first + each, f"n{each}") for each in range(0, memory_ms, 501))]
        succession = Succession()
        assert [succession.judge(each) for each in prints] == [Verdict.NEW] * len(prints)
        assert succession.judge(row(first, "x")) is Verdict.REPEATED


def test_old_prints_are_forgotten() -> None:
    """What is remembered does not grow with the day."""
    succession = Succession()
    for second in range(2_000):
        succession.judge(row(second * 1_000, str(second)))
        if second % 100 == 0:
            succession.judge(row(second * 1_000, str(second)))
    known = succession._symbols["A"]
    held = [*known.newer, *known.older, *known.fresh, *known.stale]
    assert MEMORY_NS // SECOND_NS < len(held) <= 2 * (MEMORY_NS // SECOND_NS + 2)


few_prints = st.lists(
    st.tuples(
        st.builds(
            row,
            st.sampled_from([0, 1, 2, 9_000, 10_002, 21_000]),
            st.sampled_from([None, "1", "2"]),
            symbol=st.sampled_from("AB"),
        ),
        st.integers(FEED, 2),
        st.none() | st.integers(0, 10_002),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(few_prints, st.integers(0, 40))
def test_what_is_written_decides_what_is_new(prints: list[tuple[WireRow, int, int | None]], cut: int) -> None:
    """Read back at any place, it lets through what goes on without would; no symbol's time goes back."""
    whole = parted = Succession()
    for place, (each, source, mark_ms) in enumerate(prints):
        if place == cut:
            parted = Succession.from_plain(whole.to_plain())
        verdicts = {which.judge(each, source) for which in ([whole] if parted is whole else [whole, parted])}
        assert len({verdict is Verdict.NEW for verdict in verdicts}) == 1
        if Verdict.NEW in verdicts:
            assert each.sip_ns == whole.newest_ns(each.symbol)
        if mark_ms is not None:
            for which in (whole, parted):
                which.mark(AT + mark_ms * 1_000_000)


@settings(deadline=None)
@given(few_prints)
def test_a_repeated_print_is_one_that_came_before(prints: list[tuple[WireRow, int, int | None]]) -> None:
    """And of those with an id that are remembered, all are; the others have gone back, or are new."""
    succession, seen = Succession(), dict[str, set[WireRow]]()
    for each, source, _ in prints:
        before = seen.setdefault(each.symbol, set())
        verdict = succession.judge(each, source)
        assert (verdict is Verdict.REPEATED) <= (each in before)
        newest_ns = max([other.sip_ns for other in before], default=0)
        if each in before and each.trade_id and newest_ns - each.sip_ns <= MEMORY_NS:
            assert verdict is Verdict.REPEATED
        elif each not in before:
            assert (verdict is Verdict.BACKWARDS) == (each.sip_ns < newest_ns)
        before.add(each)


@settings(deadline=None)
@given(few_prints, st.integers(FEED, 1))
def test_prints_taken_together_are_judged_as_one_by_one(
    prints: list[tuple[WireRow, int, int | None]], source: int
) -> None:
    """Whatever came before them, marks among it; what is remembered is the same."""
    alone, together = Succession(), Succession()
    for which in (alone, together):
        for each, earlier, mark_ms in prints[::2]:
            which.judge(each, earlier)
            which.mark(AT if mark_ms is None else AT + mark_ms * 1_000_000)
    rows = [each for each, _, _ in prints[1::2]]
    verdicts = enumerate(alone.judge(each, source) for each in rows)
    assert together.left_out(rows, source) == [each for each in verdicts if each[1] is not Verdict.NEW]
    assert together.to_plain() == alone.to_plain()


times = st.lists(st.integers(0, 8_000), min_size=1, max_size=60).map(sorted)


@settings(deadline=None)
@given(times, st.data(), st.booleans())
def test_a_gap_that_is_repaired_with_overlap_leaves_the_whole_tape(
    instants: list[int], data: st.DataObject, named: bool
) -> None:
    """Lost at `lost`, back at `back`; the repair reaches further than the gap at both ends."""
    prints = [row(at, str(number) if named else None) for number, at in enumerate(instants)]
    lost = data.draw(st.integers(0, len(prints)))
    back = data.draw(st.integers(lost, len(prints)))
    first, last = data.draw(st.integers(0, lost)), data.draw(st.integers(back, len(prints)))
    inside = [each for each in prints if prints[first:last] and prints[first].sip_ns <= each.sip_ns]
    inside = [each for each in inside if each.sip_ns <= prints[last - 1].sip_ns]
    tape = [(each, FEED) for each in prints[:lost]]
    tape += [(each, 1) for each in inside]
    tape += [(each, FEED) for each in prints[back:]]
    assert Counter(kept(tape)) == Counter(prints)
