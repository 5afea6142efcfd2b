"""First-passage probabilities against simulation, limits and each other."""

from math import erfc, inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.engine.first_passage import by_eigenfunctions, by_images, target_before_stop, touch

PATHS, STEPS = 20_000, 200
DISTANCES = st.floats(0.01, 6)


def simulated(target: float, stop: float, seed: int) -> float:
    """Share of paths that meet the target first; between two steps a path may have touched (Brownian bridge)."""
    random, step = np.random.default_rng(seed), 1 / STEPS
    at, alive, won = np.zeros(PATHS), np.ones(PATHS, dtype=bool), np.zeros(PATHS, dtype=bool)
    for _ in range(STEPS):
        after = at + random.normal(0, sqrt(step), PATHS)
        above, below = random.random(PATHS), random.random(PATHS)
        hit = above < np.exp(-2 * np.maximum(target - at, 0) * np.maximum(target - after, 0) / step)
        lost = below < np.exp(-2 * np.maximum(at + stop, 0) * np.maximum(after + stop, 0) / step)
        won |= alive & hit
        alive &= ~(hit | lost)
        at = after
    return float(won.mean())


@pytest.mark.parametrize(("target", "stop"), [(0.4, 0.2), (0.3, 0.6), (1.0, 0.4), (0.8, 1.5), (1.6, 0.9), (2.5, 2.5)])
def test_the_series_agrees_with_simulated_paths(target: float, stop: float) -> None:
    """Within four standard errors of 20 000 seeded paths, and the few that meet both barriers in one step."""
    expected = target_before_stop(target, stop)
    error = sqrt(expected * (1 - expected) / PATHS)
    assert simulated(target, stop, seed=7) == pytest.approx(expected, abs=4 * error + 2e-3)


@given(target=st.floats(0.3, 4), stop=st.floats(0.3, 4))
def test_both_series_are_the_same_function(target: float, stop: float) -> None:
    assert by_images(target, stop) == pytest.approx(by_eigenfunctions(target, stop), abs=1e-13)


@given(target=st.floats(1e-5, 1e-2), stop=st.floats(1e-5, 1e-2))
def test_a_long_horizon_is_the_gamblers_ruin(target: float, stop: float) -> None:
    """Barriers a hundredth of a deviation away are met long before the horizon."""
    assert target_before_stop(target, stop) == pytest.approx(stop / (target + stop), abs=1e-12)


@given(target=st.floats(0, 8))
def test_a_stop_out_of_reach_leaves_the_touch(target: float) -> None:
    assert target_before_stop(target, inf) == touch(target)
    assert target_before_stop(target, 30.0) == pytest.approx(touch(target), rel=1e-12)


def test_a_touch_is_twice_the_tail_of_the_normal() -> None:
    """The table says 1 - Phi(1) = 0.158655 and 1 - Phi(2) = 0.022750."""
    assert [round(touch(each), 5) for each in (0, 1, 2)] == [1, 0.31731, 0.0455]


@given(target=DISTANCES, stop=DISTANCES, further=st.floats(1e-3, 2))
def test_further_is_less_likely_and_more_room_more_likely(target: float, stop: float, further: float) -> None:
    here = target_before_stop(target, stop)
    assert target_before_stop(target + further, stop) <= here + 1e-15
    assert target_before_stop(target, stop + further) >= here - 1e-15
    assert 0 <= here <= touch(target) <= 1


@given(target=DISTANCES, stop=DISTANCES)
def test_target_first_and_stop_first_are_all_the_paths_that_leave(target: float, stop: float) -> None:
    """The rest stays inside; it never exceeds a path that stays under the target alone."""
    leaves = target_before_stop(target, stop) + target_before_stop(stop, target)
    assert 1 - leaves <= 1 - touch(min(target, stop)) + 1e-12
    assert leaves <= 1 + 1e-12


def test_a_barrier_at_hand_is_met_at_once() -> None:
    assert target_before_stop(0.0, 1.0) == 1
    assert target_before_stop(1.0, 0.0) == 0


@pytest.mark.parametrize("distance", [60.0, 1e6, inf])
def test_what_is_far_beyond_reach_has_no_chance(distance: float) -> None:
    assert target_before_stop(distance, 1.0) == pytest.approx(0, abs=1e-300)


def test_a_small_chance_keeps_its_digits() -> None:
    """Where a difference of the spectral series would be noise."""
    assert target_before_stop(9.0, 40.0) == pytest.approx(erfc(9 / sqrt(2)), rel=1e-12)
    assert 1e-19 < target_before_stop(9.0, 40.0) < 3e-19


@pytest.mark.parametrize("distance", [-0.1, nan])
def test_a_distance_that_is_none_is_refused(distance: float) -> None:
    for pair in ((distance, 1.0), (1.0, distance)):
        with pytest.raises(ValueError, match="must be 0 or more"):
            target_before_stop(*pair)
