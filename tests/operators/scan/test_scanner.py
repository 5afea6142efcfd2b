"""The scan of one symbol: what a candidate says, in which order, when it is fresh, and what bad bars do to it."""

import pickle
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pytest
from msgspec.structs import replace

from operators.bars.columns import Bars, Interval
from operators.indicators.atr import Atr
from operators.plans import Direction, Style
from operators.scan.candidate import Candidate
from operators.scan.detectors.catalog import DETECTORS
from operators.scan.detectors.detector import conditions
from operators.scan.edges import QUIET, Edges
from operators.scan.scanner import SymbolScan, scan
from operators.times import MINUTE_NS
from tests.operators.scan.making import (
    Piece,
    bars,
    changed,
    clock,
    cut,
    daily_walk,
    first_session,
    folded,
    scaled,
    scan_of,
    walk,
)

SEEDS = range(6)


@pytest.fixture(scope="module")
def found() -> list[Candidate]:
    return [candidate for seed in SEEDS for candidate in scan_of([walk(seed)], daily_walk(seed))]


def test_candidates_come_in_order_of_time_then_name_then_direction() -> None:
    for seed in SEEDS:
        keys = [(each.at_ns, each.strategy, str(each.direction)) for each in scan_of([walk(seed)], daily_walk(seed))]
        assert keys == sorted(keys)
        assert len(keys) == len(set(keys)) > 5


def test_a_candidate_says_what_its_bar_was(found: list[Candidate]) -> None:
    """Known at the bar's end, priced at its close, measured on the style's bars, dated by the session."""
    ends = {seed: walk(seed) for seed in SEEDS}
    for seed in SEEDS:
        for each in scan_of([ends[seed]], daily_walk(seed)):
            scalp, daily = each.style is Style.SCALP, each.style in (Style.SWING, Style.LEAP)
            series = ends[seed][Interval.D1 if daily else Interval.M1 if scalp else Interval.M5]
            at = series.end_ns.tolist().index(each.at_ns)
            assert each.reference_price == series.close[at]
            assert each.session_date == clock().dates[first_session() + (0, 1, 2)[_session(series.start_ns[at])]]
            assert dict(each.features)["close"] == each.reference_price
            assert each.atr > 0


def _session(start_ns: int) -> int:
    return int(np.searchsorted(clock().opens_ns[first_session() :][:3], start_ns, side="right")) - 1


def test_confidence_is_the_share_of_weight_that_was_met(found: list[Candidate]) -> None:
    """Parts add up to it, gates have none, and the floor is reached."""
    floors = {detector.strategy: detector.floor for detector in DETECTORS}
    for each in found:
        met = sum(condition.weight for condition in each.conditions if condition.ok)
        assert each.confidence == met / sum(condition.weight for condition in each.conditions)
        assert sum(part for _, part in each.parts) == pytest.approx(each.confidence, abs=1e-8)
        assert floors[each.strategy] <= each.confidence <= 1
        assert all(condition.ok for condition in each.conditions if condition.required)


FACTS: Final[Mapping[str, tuple[str, str]]] = {
    "above_vwap": ("close", "vwap"),
    "below_vwap": ("vwap", "close"),
    "turned_up": ("close", "open"),
    "turned_down": ("open", "close"),
    "above_prior_close": ("close", "prior_close"),
    "below_prior_close": ("prior_close", "close"),
}
"""Which column is not below which where a condition of that name holds."""


def test_a_conditions_name_says_what_is_true(found: list[Candidate]) -> None:
    """Of longs and of shorts."""
    told = [(each.name, dict(by.features)) for by in found for each in by.conditions if each.ok and each.name in FACTS]
    for name, features in told:
        upper, lower = (features[column] for column in FACTS[name])
        assert upper is not None
        assert lower is not None
        assert upper >= lower - 1e-9
    assert {name for name, _ in told} == set(FACTS)


def test_no_number_of_a_candidate_is_not_a_number(found: list[Candidate]) -> None:
    for each in found:
        numbers = [condition.value for condition in each.conditions] + [value for _, value in each.features]
        assert all(number is None or np.isfinite(number) for number in numbers)
        assert all(condition.value is not None for condition in each.conditions if condition.ok)


def test_swings_and_leaps_come_at_the_close_of_their_session() -> None:
    """And a swing's range is that of 60-minute bars."""
    history = [daily_walk(seed, volatility=0.01) for seed in range(40)]
    found = [(seed, each) for seed in range(40) for each in scan_of([walk(seed)], history[seed])]
    daily = [(seed, each) for seed, each in found if each.style in (Style.SWING, Style.LEAP)]
    assert daily
    closes = clock().closes_ns[first_session() : first_session() + 3]
    assert {each.at_ns for _, each in daily} <= set(closes)
    for seed, each in daily:
        if each.style is Style.SWING:
            hours = walk(seed)[Interval.M60]
            assert each.atr == Atr(14).extend(hours.high, hours.low, hours.close)[hours.end_ns <= each.at_ns][-1]


def fresh(fired: list[int], interval: Interval = Interval.M1, sessions: list[int] | None = None) -> list[int]:
    """Where a long firing is fresh; the short row is its opposite, and must not matter."""
    mask = np.array([fired, [1 - each for each in fired]], dtype=np.bool_)
    daily = interval is Interval.D1
    out = Edges(interval).extend(mask, np.array(sessions or [number if daily else 1 for number in range(len(fired))]))
    return np.flatnonzero(out[0]).tolist()


def test_a_signal_that_stays_or_flickers_is_one_signal() -> None:
    quiet = QUIET[Interval.M1]
    assert fresh([0, 1, 1, 1, 0, 1]) == [1]
    assert fresh([1, *[0] * (quiet - 1), 1]) == [0]
    assert fresh([1, *[0] * quiet, 1]) == [0, quiet + 1]


def test_a_daily_signal_is_fresh_after_one_session_without() -> None:
    assert fresh([1, 1, 0, 1], Interval.D1) == [0, 3]


def test_each_session_begins_quiet() -> None:
    assert fresh([1, 1, 1, 1], sessions=[4, 4, 5, 5]) == [0, 2]


@pytest.mark.parametrize("at", range(1, 8))
def test_edges_do_not_depend_on_the_cut(at: int) -> None:
    """Written and read back in between; calm ones are forgotten."""
    fired = np.array([[1, 0, 0, 0, 0, 0, 0, 1], [0, 0, 1, 0, 0, 0, 0, 1]], dtype=np.bool_)
    sessions = np.array([1, 1, 1, 1, 1, 1, 2, 2])
    whole = Edges(Interval.M5).extend(fired, sessions)
    edges, parts = Edges(Interval.M5), []
    for part in (slice(0, at), slice(at, 8)):
        parts.append(edges.extend(fired[:, part], sessions[part]))
        edges = Edges(Interval.M5) if edges.calm else Edges.from_plain(Interval.M5, edges.to_plain())
    assert np.concatenate(parts, axis=1).tolist() == whole.tolist()


def test_many_symbols_in_one_go_are_each_as_alone() -> None:
    """Whatever the others do: same candidates, same states, over several pieces, some of them empty."""
    cuts = [clock().opens_ns[first_session()] + at * MINUTE_NS for at in (100, 101, 1500, 1700)]
    pieces = [cut(walk(seed), cuts) for seed in SEEDS]
    pieces[1][2] = {}
    alone, together = ([SymbolScan(f"SIM{seed}", clock()) for seed in SEEDS] for _ in range(2))
    for number in range(len(cuts) + 1):
        now = [each[number] for each in pieces]
        expected = [each.extend(piece) for each, piece in zip(alone, now, strict=True)]
        assert scan(together, now) == expected
        assert pickle.dumps([each.to_plain() for each in together]) == pickle.dumps([each.to_plain() for each in alone])


# Bad input: no candidate, or the named condition false; never an exception, never a confidence that is no number.


def names_failed(piece: Piece, interval: Interval, detector: str, history: Bars | None = None) -> list[set[str]]:
    """For each bar of an interval, the conditions of a detector that do not hold for a long."""
    own = SymbolScan("TEST", clock())
    if history is not None:
        own.warm_up({Interval.D1: history})
    sides: Any = own.features(piece)[interval].both_sides()
    (found,) = [each for each in DETECTORS if each.strategy == detector]
    readings = found.read(sides)
    bars_read = range(len(sides))
    return [{each.name for each in conditions(readings, 0, at) if not each.ok} for at in bars_read]


def test_without_history_no_swing_no_leap_and_no_gap() -> None:
    """The first session: no prior close, no year, no fourteen hours; scalps and intraday ideas wait for their ATR."""
    for seed in SEEDS:
        strategies = {each.strategy for each in scan_of([walk(seed, 1)])}
        assert strategies <= {"midday_reversion", "opening_range_retest", "vwap_reclaim"}


def test_a_symbol_without_bars_has_no_candidates() -> None:
    assert scan_of([{}, {interval: Bars.empty() for interval in Interval}]) == []


def test_one_tick_bars_are_no_candidates() -> None:
    """Every bar at its own single price: nothing moves inside a bar."""
    minutes = walk(1)[Interval.M1]
    still = replace(minutes, open=minutes.close, high=minutes.close, low=minutes.close, vwap=minutes.close)
    found = scan_of([folded(still)], daily_walk(1))
    assert [each.strategy for each in found if each.style is Style.SCALP] == []
    assert all("moving" in failed for failed in names_failed(folded(still), Interval.M1, "vwap_cluster"))


def test_a_price_that_never_moves_has_no_range_to_measure_by() -> None:
    """Zero ATR: not available, so every distance is."""
    minutes = walk(1)[Interval.M1]
    flat = np.full(len(minutes), 50.0)
    piece = folded(replace(minutes, open=flat, high=flat, low=flat, close=flat, vwap=flat))
    assert scan_of([piece]) == []
    for interval, name in ((Interval.M1, "opening_range_retest"), (Interval.M5, "vwap_reclaim")):
        assert all("atr_known" in failed for failed in names_failed(piece, interval, name))


def test_after_a_two_hour_hole_nothing_is_proposed_for_half_an_hour() -> None:
    """Halted from 11:00 to 13:00 on the last day: the conditions say so."""
    open_ns = clock().opens_ns[first_session() + 2]
    halt, resumed = open_ns + 90 * MINUTE_NS, open_ns + 210 * MINUTE_NS
    at_all = 0
    for seed in SEEDS:
        minutes = walk(seed)[Interval.M1]
        piece = folded(minutes.take((minutes.end_ns <= halt) | (minutes.start_ns >= resumed)))
        after = [each for each in scan_of([piece], daily_walk(seed)) if halt < each.at_ns <= open_ns + 390 * MINUTE_NS]
        early = [each for each in after if each.at_ns < resumed + 30 * MINUTE_NS]
        at_all += len(after)
        assert early == []
        failed = names_failed(piece, Interval.M1, "vwap_cluster")
        ends = piece[Interval.M1].end_ns
        soon = np.flatnonzero((ends > resumed) & (ends < resumed + 30 * MINUTE_NS))
        assert all("no_hole" in failed[at] for at in soon)
        assert any("no_hole" not in failed[at] for at in np.flatnonzero(ends >= resumed + 30 * MINUTE_NS))
    assert at_all > 0


def test_a_symbol_that_hardly_trades_fails_the_liquidity_gate() -> None:
    thin = changed(walk(2), lambda each: replace(each, volume=each.volume / 1000))
    assert scan_of([thin], scaled(1.0, daily_walk(2))) == []
    assert all("dollars" in failed for failed in names_failed(thin, Interval.M1, "vwap_cluster"))


def test_missing_minutes_fail_the_coverage_gate() -> None:
    """Every third minute has a bar; the five-minute bars all exist, with their own gate."""
    minutes = walk(2)[Interval.M1]
    failed = names_failed(folded(minutes.take(slice(None, None, 3))), Interval.M1, "vwap_cluster")
    later = [each for at, each in enumerate(failed) if at % 130 > 5]
    assert all("coverage" in each for each in later)


@pytest.mark.parametrize("factor", [0.0005, 60.0])
def test_penny_and_four_digit_prices_do_no_harm(factor: float) -> None:
    """In whole cents a nickel stock's bars hardly move; whatever is found is made of numbers."""
    for seed in range(3):
        piece = changed(walk(seed), lambda each: _in_cents(scaled(factor, each)))
        for each in scan_of([piece], _in_cents(scaled(factor, daily_walk(seed)))):
            assert np.isfinite(each.confidence)
            assert np.isfinite(each.atr)


def _in_cents(each: Bars) -> Bars:
    prices: dict[str, Any] = {name: getattr(each, name).round(2) for name in ("open", "high", "low", "close")}
    return replace(each, vwap=np.full(len(each), np.nan), **prices)


def test_a_first_bar_at_noon_has_no_opening_range() -> None:
    """A symbol that opens late, as after a halt: no range, and a hole just before."""
    minutes = walk(3)[Interval.M1]
    open_ns = clock().opens_ns[first_session() + 2]
    late = minutes.take((minutes.end_ns <= open_ns) | (minutes.start_ns >= open_ns + 150 * MINUTE_NS))
    failed = names_failed(folded(late), Interval.M1, "opening_range_retest")
    today = np.flatnonzero(late.start_ns >= open_ns)
    assert all("retest" in failed[at] for at in today)
    assert all("no_hole" in failed[at] for at in today[:29])


def test_bars_outside_the_regular_session_are_passed_over() -> None:
    """Pre-market minutes change nothing."""
    piece = walk(4)
    open_ns = clock().opens_ns[first_session()]
    starts = open_ns - MINUTE_NS * np.arange(60, 0, -1)
    high = np.full(60, 500.0)
    early = bars(starts, MINUTE_NS, high, high, high, high, np.full(60, 1e6), high)
    early = replace(early, phase=np.full(60, 1, dtype=np.uint8))
    both = dict(piece) | {Interval.M1: Bars.concat([early, piece[Interval.M1]])}
    assert scan_of([both], daily_walk(4)) == scan_of([piece], daily_walk(4))


def test_the_scan_goes_on_from_what_was_written() -> None:
    """Directions and styles survive the writing of state; nothing is proposed twice."""
    piece = walk(5)
    middle_ns = clock().opens_ns[first_session() + 1] + 200 * MINUTE_NS
    own = SymbolScan("TEST", clock())
    first, second = cut(piece, [middle_ns])
    found = own.extend(first)
    found += SymbolScan.from_plain(clock(), own.to_plain()).extend(second)
    assert found == scan_of([piece])
    assert {each.direction for each in found} == {Direction.LONG, Direction.SHORT}
