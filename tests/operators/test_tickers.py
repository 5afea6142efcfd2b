"""What can name a symbol."""

import pytest

from operators.tickers import is_ticker


@pytest.mark.parametrize("text", ["A", "BRK.A", "BACpL", "O:SPY251219C00650000", "X" * 32])
def test_a_ticker_is_one(text: str) -> None:
    assert is_ticker(text)


@pytest.mark.parametrize("text", ["", "*", "T.*", "A,B", "A B", "A\n", "\tA", "É", "X" * 33, "A\x7f"])
def test_what_would_mean_something_else_in_a_subscription_is_none(text: str) -> None:
    assert not is_ticker(text)
