"""Sums over windows, held bit by bit against a loop: numpy may add in another order where it is free to."""

import numpy as np
import pytest

from operators.indicators.windows import empty_tail, moments


@pytest.mark.parametrize("period", [2, 3, 7, 8, 9, 20, 64, 200])
@pytest.mark.parametrize("length", [1, 2, 3, 40, 333])
def test_every_window_is_summed_in_order(period: int, length: int) -> None:
    rng = np.random.default_rng(period * 1000 + length)
    values = rng.normal(97.3, 5.0, period - 1 + length)
    tail, _ = moments(empty_tail(period), values[: period - 1])
    _, told = moments(tail, values[period - 1 :])
    for index in range(length):
        window = values[index : index + period].tolist()
        first, total, squares = window[0], 0.0, 0.0
        for value in window:
            total += value - first
        for value in window:
            apart = (value - first) - total / period
            squares += apart * apart
        assert told.mean[index] == total / period + first
        assert told.squares[index] == squares


def test_a_constant_window_has_no_variance_at_all() -> None:
    _, told = moments(empty_tail(20), np.full(40, 0.1))
    assert told.squares[19:].tolist() == [0.0] * 21
    assert told.mean[19:].tolist() == [0.1] * 21


def test_a_jump_leaves_nothing_behind_once_it_is_out_of_the_window() -> None:
    """From a million back to one: a running sum would remember."""
    _, told = moments(empty_tail(5), np.array([1e6, *[1.0] * 9]))
    assert told.squares[5:].tolist() == [0.0] * 5
