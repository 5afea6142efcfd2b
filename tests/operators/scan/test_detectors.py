"""Every detector on bars by hand: it fires, it does not fire when one condition is spoilt, and so does its mirror."""

from dataclasses import fields, replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from operators.bars.columns import Mask
from operators.plans import Style
from operators.scan.detectors.catalog import DETECTORS
from operators.scan.detectors.detector import conditions, gated, share_met
from operators.scan.features.columns import LONG, SHORT, Features
from operators.structured.conditions import Condition
from tests.operators.scan.detector_rows import EXAMPLES, Example, Row, features, mirrored_row
from tests.operators.scan.mirrored_names import turned_name

NEITHER = [False, False]


def name(example: Example) -> str:
    return example.detector.strategy


each_detector = pytest.mark.parametrize("example", EXAMPLES, ids=name)
each_miss = pytest.mark.parametrize(
    ("example", "condition"),
    [(example, condition) for example in EXAMPLES for condition in example.misses],
    ids=lambda value: value if isinstance(value, str) else name(value),
)


def fires(example: Example, row: Row) -> list[bool]:
    """Whether it fires long and short."""
    sides = features(example, row).both_sides()
    firing = example.detector.fired(sides, gated(example.detector.gates, sides).tradable)
    return NEITHER if firing is None else firing.mask[:, 0].tolist()


def read(example: Example, row: Row, side: int = LONG) -> tuple[Condition, ...]:
    return conditions(example.detector.read(features(example, row).both_sides()), side)


def test_the_catalog_is_the_issues_list() -> None:
    assert {detector.strategy: str(detector.style) for detector in DETECTORS} == {
        "base_breakout": "leap",
        "ema_pullback": "swing",
        "inside_day_breakout": "swing",
        "midday_reversion": "intraday",
        "opening_gap_fill": "scalp",
        "opening_range_retest": "scalp",
        "power_hour_trend": "intraday",
        "vwap_cluster": "scalp",
        "vwap_reclaim": "intraday",
    }
    assert {example.detector.strategy for example in EXAMPLES} == {detector.strategy for detector in DETECTORS}


@each_detector
def test_it_fires_long_where_everything_holds(example: Example) -> None:
    assert fires(example, example.row) == [True, False]
    found = read(example, example.row)
    assert [each.name for each in found if not each.ok] == []
    assert share_met(found) == 1.0


@each_detector
def test_its_mirror_fires_short_with_the_same_values(example: Example) -> None:
    """L6: one code path, the same numbers to the last bit; what they are called is true of a short."""
    twin = mirrored_row(example, example.row)
    assert fires(example, twin) == [False, True]
    mirrored = [msgspec.structs.replace(each, name=turned_name(each.name)) for each in read(example, example.row)]
    assert list(read(example, twin, SHORT)) == mirrored


@each_miss
def test_it_does_not_fire_when_one_condition_is_spoilt(example: Example, condition: str) -> None:
    """Nor does its mirror; no other required condition changes its mind."""
    row = example.row | example.misses[condition]
    assert [each.name for each in read(example, row) if each.required and not each.ok] == [condition]
    assert fires(example, row) == NEITHER
    assert fires(example, mirrored_row(example, row)) == NEITHER


@each_detector
def test_every_required_condition_has_its_near_miss(example: Example) -> None:
    """Save the average true range: without it nothing else can be read either."""
    required = {each.name for each in read(example, example.row) if each.required}
    assert required - {"atr_known"} == set(example.misses)


@each_detector
def test_without_an_average_true_range_nothing_fires(example: Example) -> None:
    row = example.row | {"atr": np.nan}
    assert "atr_known" in [each.name for each in read(example, row) if not each.ok]
    assert fires(example, row) == NEITHER


@each_detector
def test_required_conditions_alone_are_not_confidence_enough(example: Example) -> None:
    row = example.row | example.lost
    found = read(example, row)
    assert [each.name for each in found if each.ok != each.required] == []
    assert share_met(found) < example.detector.floor
    assert fires(example, row) == NEITHER


@pytest.mark.parametrize("order", [slice(None, None, -1), slice(0, 0), slice(-1, None)])
def test_a_detector_without_its_required_rules_first_is_refused(order: slice) -> None:
    detector = EXAMPLES[0].detector
    with pytest.raises(ValueError, match="opening_range_retest"):
        replace(detector, rules=detector.rules[order])


@each_detector
def test_the_style_is_measured_on_its_own_timeframe(example: Example) -> None:
    column = {Style.SCALP: "atr", Style.INTRADAY: "atr", Style.SWING: "atr_60m", Style.LEAP: "atr"}
    assert example.detector.atr == column[example.detector.style]


@each_detector
def test_an_empty_market_fires_nothing(example: Example) -> None:
    assert fires(example, {}) == NEITHER
    assert {each.value for each in read(example, {})} == {None}
    assert not any(each.ok for each in read(example, {}))


def names_of(example: Example) -> list[str]:
    return [field.name for field in fields(example.kind)][2:]


@st.composite
def rows_around(draw: st.DrawFn, example: Example) -> Features:
    """One to six bars near the one that fires; columns that it does not need are 0."""
    names, size = names_of(example), draw(st.integers(1, 6))
    noise = hnp.arrays(np.float64, (len(names), size), elements=st.sampled_from([0.0, 0.0, 0.3, -0.3, np.nan]))
    base = np.array([[example.row.get(each, 0.0)] for each in names])
    times = np.arange(size, dtype=np.int64)
    return example.kind(times, np.zeros_like(times), *(base + draw(noise)))


def mask(example: Example, some: Features) -> Mask:
    sides = some.both_sides()
    firing = example.detector.fired(sides, gated(example.detector.gates, sides).tradable)
    found = np.zeros((2, len(some)), dtype=np.bool_)
    if firing is not None:
        found[:, firing.at] = firing.mask
    return found


@each_detector
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_columns_give_what_single_bars_give(example: Example, data: st.DataObject) -> None:
    """L8: rows around the one that fires, some values missing."""
    some = data.draw(rows_around(example))
    single = [mask(example, some.take(slice(at, at + 1))) for at in range(len(some))]
    assert mask(example, some).tolist() == np.concatenate(single, axis=1).tolist()


@each_detector
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_mirrored_columns_fire_the_other_way(example: Example, data: st.DataObject) -> None:
    """L6, exactly: whatever the columns hold."""
    some = data.draw(rows_around(example))
    twin = mirrored_row(example, {each: getattr(some, each) for each in names_of(example)})
    other = type(some)(some.end_ns, some.session, *[twin[each] for each in names_of(example)])
    assert mask(example, other).tolist() == mask(example, some)[::-1].tolist()
