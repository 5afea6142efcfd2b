"""L1, L3, L5, L6 and the scale law of levels, on random worlds."""

import pickle
from dataclasses import replace
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.bars.columns import Bars, Interval
from operators.levels.level import Level, LevelKind
from operators.levels.session_levels import INTERVALS, SessionLevels
from operators.levels.strengths import STRENGTH
from tests.operators.levels.level_bars import World
from tests.operators.levels.mirrored import check_close, check_mirrored, mirror_bars, mirror_kind
from tests.operators.levels.worlds import instant, random_world, seeds, shares

PRICE = 165.2
EXAMPLES = settings(max_examples=20, deadline=None)
AROUND = 600.0


def feed(levels: SessionLevels, world: World) -> None:
    """Take in what a world holds."""
    for interval in INTERVALS:
        levels.extend(interval, world.bars[interval])


@EXAMPLES
@given(seed=seeds, cuts=st.lists(shares, max_size=5), asked=st.lists(shares, min_size=1, max_size=4))
def test_l1_however_bars_are_cut_the_levels_are_the_same(seed: int, cuts: list[float], asked: list[float]) -> None:
    """Also when each piece is asked about before the next one comes, in any order."""
    world = random_world(seed)
    whole, pieces = world.whole(), world.prepare()
    edges = sorted(instant(world, cut) for cut in [*cuts, 1.0])
    for before, until in zip([0, *edges], edges, strict=False):
        feed(pieces, world.between(before, until))
        for share in asked:
            as_of = min(instant(world, share), until)
            assert pieces.levels_at(as_of, PRICE) == whole.levels_at(as_of, PRICE)


@EXAMPLES
@given(seed=seeds, cuts=st.lists(shares, min_size=1, max_size=4))
def test_l3_a_snapshot_at_any_bar_changes_nothing_later(seed: int, cuts: list[float]) -> None:
    """Written, pickled, read back: the same levels from there on, and the same next snapshot."""
    world = random_world(seed)
    whole, resumed = world.whole(), world.prepare()
    edges = sorted(instant(world, cut) for cut in [*cuts, 1.0])
    for before, until in zip([0, *edges], edges, strict=False):
        feed(resumed, world.between(before, until))
        plain = resumed.to_plain()
        resumed = SessionLevels.from_plain(pickle.loads(pickle.dumps(plain)))
        assert resumed.to_plain() == plain
        assert resumed.levels_at(until, PRICE) == whole.levels_at(until, PRICE)


@EXAMPLES
@given(seed=seeds, share=shares)
def test_l5_a_level_is_what_the_bars_up_to_then_make_it(seed: int, share: float) -> None:
    """The world cut at T, and a world where everything after T is shuffled and moved, answer alike."""
    world = random_world(seed)
    as_of = instant(world, share)
    answer = world.at(as_of, PRICE)
    assert answer == world.between(0, as_of).at(as_of, PRICE)
    assert answer == world.changed(lambda bars: disturbed(bars, as_of, seed)).at(as_of, PRICE)
    assert all(level.since_ns <= level.available_at_ns <= as_of for level in answer)


def disturbed(bars: Bars, after_ns: int, seed: int) -> Bars:
    """Shuffle the prices of all bars that end after an instant, and triple them."""
    late = bars.end_ns > after_ns
    order = np.arange(len(bars))
    order[late] = Random(seed).sample(order[late].tolist(), int(late.sum()))
    factor = np.where(late, 3.0, 1.0)
    opened, high, low = (column[order] * factor for column in (bars.open, bars.high, bars.low))
    return msgspec.structs.replace(
        bars, open=opened, high=high, low=low, close=bars.close[order] * factor, volume=bars.volume[order]
    )


def test_l5_the_law_has_teeth() -> None:
    """What is disturbed after T does change the levels after T."""
    world = random_world(7)
    as_of, later = instant(world, 0.4), instant(world, 0.9)
    assert world.at(later, None) != world.changed(lambda bars: disturbed(bars, as_of, 7)).at(later, None)


@EXAMPLES
@given(seed=seeds, share=shares)
def test_l6_mirrored_bars_give_the_mirror_image(seed: int, share: float) -> None:
    """All kinds but round numbers, which are left out by asking without a price."""
    world = random_world(seed)
    as_of = instant(world, share)
    check_mirrored(world.at(as_of), world.changed(lambda bars: mirror_bars(bars, AROUND)).at(as_of), AROUND)


@EXAMPLES
@given(seed=seeds, share=shares, factor=st.sampled_from([0.1, 2.0, 10.0, 37.0]))
def test_levels_scale_with_prices(seed: int, share: float, factor: float) -> None:
    """Prices and tick times k: every level times k, but round numbers."""
    world = random_world(seed)
    as_of = instant(world, share)

    def scaled(bars: Bars) -> Bars:
        opened, high, low, close = (each * factor for each in (bars.open, bars.high, bars.low, bars.close))
        return msgspec.structs.replace(bars, open=opened, high=high, low=low, close=close)

    larger = replace(world.changed(scaled), tick=world.tick * factor)
    expected = [
        Level(each.price * factor, each.kind, each.strength, each.since_ns, each.available_at_ns)
        for each in world.at(as_of)
    ]
    check_close(larger.at(as_of), expected)


@pytest.mark.parametrize("kind", [kind for kind in LevelKind if kind is not LevelKind.ROUND])
def test_l6_mirror_images_have_equal_strength(kind: LevelKind) -> None:
    assert STRENGTH[kind] == STRENGTH[mirror_kind(kind)]
    assert mirror_kind(mirror_kind(kind)) is kind


def test_every_kind_occurs() -> None:
    """No kind of level is dead: over a few worlds, each is there at some instant."""
    seen = set()
    for seed in range(12):
        world = random_world(seed)
        levels = world.whole()
        for share in (0.3, 0.95):
            seen |= {level.kind for level in levels.levels_at(instant(world, share), PRICE)}
    assert seen == set(LevelKind)


@EXAMPLES
@given(seed=seeds, share=shares)
def test_levels_are_ordered_and_whole(seed: int, share: float) -> None:
    """By price, kind and age; prices above 0, strengths within 0 to 1."""
    world = random_world(seed)
    levels = world.at(instant(world, share), PRICE)
    keys = [(level.price, level.kind, level.since_ns) for level in levels]
    assert keys == sorted(keys)
    assert all(level.price > 0 and 0 < level.strength <= 1 for level in levels)


@EXAMPLES
@given(seed=seeds, share=shares)
def test_an_interval_never_waits_for_another(seed: int, share: float) -> None:
    """5m and 60m bars may come before or after the minutes they are made of."""
    world = random_world(seed)
    as_of = instant(world, share)
    other = world.prepare()
    for interval in (Interval.M60, Interval.M5, Interval.M1):
        other.extend(interval, world.bars[interval])
    assert other.levels_at(as_of, PRICE) == world.at(as_of, PRICE)
