"""The laws of the scan: no cut shows, nothing looks ahead, mirrored and scaled prices give the same setups."""

import pickle
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.bars.columns import Bars, Interval
from operators.scan.candidate import Candidate
from operators.scan.features.columns import Features
from operators.scan.features.daily import DailyBuilder
from operators.scan.features.intraday import IntradayBuilder
from operators.scan.scanner import SymbolScan
from operators.times import MINUTE_NS
from tests.operators.scan.making import (
    Piece,
    changed,
    clock,
    cut,
    daily_walk,
    first_session,
    mirrored,
    scaled,
    scan_of,
    walk,
)
from tests.operators.scan.mirrored_names import turned_name

seeds = st.sampled_from(range(8))
"""Few walks, each made once: the laws are tried on many cuts of them."""
SESSION_MINUTES = 24 * 60


def instants(minutes: list[int]) -> list[int]:
    """Minutes after the first open as ns UTC, a session's length and its night included."""
    return [clock().opens_ns[first_session()] + minute * MINUTE_NS for minute in minutes]


cuts = st.lists(st.integers(1, 3 * SESSION_MINUTES), max_size=12).map(instants)
fine_cuts = st.lists(st.integers(1, 60), max_size=25).map(instants)


def all_features(pieces: list[Piece], history: Bars) -> tuple[list[Features], list[Features], list[Features]]:
    intraday, daily = IntradayBuilder(clock()), DailyBuilder(clock())
    daily.extend(history)
    found: tuple[list[Features], list[Features], list[Features]] = ([], [], [])
    for piece in pieces:
        daily.hours(piece[Interval.M60])
        found[0].append(daily.extend(piece[Interval.D1]))
        minute, five = intraday.extend(piece[Interval.M1], piece[Interval.M5], daily.days)
        found[1].append(five)
        found[2].append(minute)
    return found


def as_bytes(pieces: list[Features]) -> dict[str, bytes]:
    """Each column of features that follow one another; of what is not available, some processors flip a sign."""
    names = [field.name for field in fields(pieces[0])]
    columns = {name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in names}
    for column in columns.values():
        if column.dtype.kind == "f":
            column[np.isnan(column)] = np.nan
    return {name: column.tobytes() for name, column in columns.items()}


@settings(max_examples=15, deadline=None)
@given(seed=seeds, at=st.one_of(cuts, fine_cuts), missing=st.sampled_from([0.0, 0.1, 0.7]))
def test_features_do_not_depend_on_the_cut(seed: int, at: list[int], missing: float) -> None:
    """L1, to the byte, also where bars are missing and within the opening ranges."""
    piece, history = walk(seed, missing=missing), daily_walk(seed)
    whole, parts = all_features([piece], history), all_features(cut(piece, at), history)
    for one, other in zip(whole, parts, strict=True):
        assert as_bytes(one) == as_bytes(other)


@settings(max_examples=15, deadline=None)
@given(seed=seeds, at=cuts, missing=st.sampled_from([0.0, 0.1]))
def test_candidates_do_not_depend_on_the_cut_nor_on_a_restart(seed: int, at: list[int], missing: float) -> None:
    """Each piece goes through a scan that was written and read back; states end equal too."""
    piece, history = walk(seed, missing=missing), daily_walk(seed)
    whole = SymbolScan("TEST", clock())
    whole.warm_up({Interval.D1: history})
    expected = whole.extend(piece)
    plain = SymbolScan("TEST", clock()).to_plain()
    found: list[Candidate] = []
    for each in ({Interval.D1: history}, *cut(piece, at)):
        scan = SymbolScan.from_plain(clock(), pickle.loads(pickle.dumps(plain)))
        found += scan.extend(each)
        plain = scan.to_plain()
    first_ns = int(piece[Interval.M1].start_ns[0])
    assert [candidate for candidate in found if candidate.at_ns > first_ns] == expected
    assert pickle.dumps(plain) == pickle.dumps(SymbolScan.from_plain(clock(), whole.to_plain()).to_plain())


@settings(max_examples=15, deadline=None)
@given(seed=seeds, at=st.integers(1, 3 * SESSION_MINUTES))
def test_nothing_looks_ahead(seed: int, at: int) -> None:
    """L5: whatever comes after T, what is found up to T stays, and is what the bars up to T give alone."""
    history, (at_ns,) = daily_walk(seed), instants([at])
    before, _ = cut(walk(seed), [at_ns])
    _, other = cut(walk(seed + 1, price=90.0), [at_ns])
    known = scan_of([before], history)
    for after in (cut(walk(seed), [at_ns])[1], other):
        joined = {each: Bars.concat([before[each], after[each]]) for each in before}
        assert [found for found in scan_of([joined], history) if found.at_ns <= at_ns] == known


IN_DOLLARS = {"dollars", "atr_known", "hour_atr_known"}
"""Conditions whose values are dollars: they scale, and dollar volume has no mirror."""


def assert_same_setups(one: list[Candidate], other: list[Candidate], *, swapped: bool) -> None:
    """Same strategies, times, confidence and condition values; directions swapped or not."""
    key = {"long": "short", "short": "long"} if swapped else {"long": "long", "short": "short"}
    left = sorted((found.at_ns, found.strategy, key[found.direction]) for found in one)
    assert left == sorted((found.at_ns, found.strategy, str(found.direction)) for found in other)
    by_key = {(found.at_ns, found.strategy, str(found.direction)): found for found in other}
    for found in one:
        twin = by_key[found.at_ns, found.strategy, key[found.direction]]
        assert found.confidence == twin.confidence
        names = [(turned_name(each.name, swapped=swapped), each.ok) for each in found.conditions]
        assert names == [(each.name, each.ok) for each in twin.conditions]
        for mine, its in zip(found.conditions, twin.conditions, strict=True):
            assert (mine.value is None) == (its.value is None)
            if mine.value is not None and its.value is not None and mine.name not in IN_DOLLARS:
                assert mine.value == pytest.approx(its.value, rel=1e-6, abs=1e-6)


@settings(max_examples=10, deadline=None)
@given(seed=seeds, missing=st.sampled_from([0.0, 0.1]))
def test_mirrored_prices_give_the_mirrored_setups(seed: int, missing: float) -> None:
    """L6, around 128 dollars; dollar volume alone has no mirror."""
    piece, history = walk(seed, missing=missing), daily_walk(seed)
    upside_down = changed(piece, lambda each: mirrored(256.0, each))
    one, other = scan_of([piece], history), scan_of([upside_down], mirrored(256.0, history))
    assert_same_setups(one, other, swapped=True)


@settings(max_examples=10, deadline=None)
@given(seed=seeds, factor=st.sampled_from([0.25, 4.0, 10.0, 0.03]))
def test_scaled_prices_give_the_same_setups(seed: int, factor: float) -> None:
    """Prices times k, shares over k: penny stocks and four-digit ones are read alike."""
    piece, history = walk(seed), daily_walk(seed)
    other = scan_of([changed(piece, lambda each: scaled(factor, each))], scaled(factor, history))
    assert_same_setups(scan_of([piece], history), other, swapped=False)


def test_the_laws_were_tried_on_candidates_of_both_directions() -> None:
    """The walks find something to compare; not every strategy, which the regime days see to."""
    found = [candidate for seed in range(6) for candidate in scan_of([walk(seed)], daily_walk(seed))]
    directions = {(candidate.strategy, str(candidate.direction)) for candidate in found}
    assert len({strategy for strategy, _ in directions}) >= 6
    assert {direction for _, direction in directions} == {"long", "short"}
