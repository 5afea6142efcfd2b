"""Option tickers: read one by one as they are read by the million."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.chains.contracts import PATTERN, Contract, Right, read_contract, root_of


def test_a_ticker_says_everything() -> None:
    assert read_contract("O:A260717P00067500") == Contract(
        "O:A260717P00067500", "A", date(2026, 7, 17), Right.PUT, 67.5, standard=True
    )


@pytest.mark.parametrize("ticker", ["O:GOOG1151224C00700000", "O:1GOOG151224C00700000", "O:AAPL7151224P00100000"])
def test_a_digit_beside_the_root_is_no_standard_contract(ticker: str) -> None:
    """Adjusted, flexible and mini contracts deliver something else."""
    contract = read_contract(ticker)
    assert not contract.standard
    assert contract.root in {"GOOG", "AAPL"}
    assert contract.expiry == date(2015, 12, 24)


@pytest.mark.parametrize(
    ("ticker", "reason"),
    [
        ("GOOG151224C00700000", "must be an option's ticker such as O:"),
        ("O:GOOG151224X00700000", "must be an option's ticker"),
        ("O:GOOG151224C0070000", "must be an option's ticker"),
        ("O:GOOG151224C00000000", "must be an option's ticker"),
        ("O:GOOG151224C00700000\n", "must be an option's ticker"),
        ("O:GOOG151324C00700000", "its expiry 151324 is no date"),
        ("", "must be an option's ticker"),
    ],
)
def test_what_is_no_ticker_is_refused(ticker: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_contract(ticker)


@settings(max_examples=50, deadline=None)
@given(st.from_regex(r"O:[0-9]?[A-Z]{1,6}[0-9]{0,2}[0-9]{5,6}[CPX][0-9]{7,9}", fullmatch=True))
def test_columns_are_read_by_the_same_pattern(ticker: str) -> None:
    """Whatever one way takes for a ticker, the other takes for the same one."""
    (parts,) = pl.Series([ticker]).str.extract_groups(PATTERN).to_list()
    try:
        contract = read_contract(ticker)
    except ValueError as error:
        no_date_or_strike = "is no date" in str(error) or set(parts["strike"] or "0") == {"0"}
        assert parts["root"] is None or no_date_or_strike
        return
    assert contract.root == parts["root"]
    assert contract.expiry == date.fromisoformat(f"20{parts['expiry']}")
    assert (contract.right is Right.CALL) == (parts["right"] == "C")
    assert contract.strike == int(parts["strike"]) / 1_000
    assert contract.standard == (parts["before"] + parts["after"] == "")


@pytest.mark.parametrize(("symbol", "root"), [("GOOG", "GOOG"), ("BRK.B", "BRKB")])
def test_the_root_of_a_class_has_no_dot(symbol: str, root: str) -> None:
    assert root_of(symbol) == root
