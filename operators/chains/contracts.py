"""Option contracts by their OCC tickers.  Rule: a root with a digit delivers something else than 100 shares.

O:GOOG151224C00700000 is root, expiry (yymmdd), call or put, strike in thousandths of a dollar.  After a split or a
spin-off the old contracts get a digit behind their root (GOOG1); FLEX contracts have one before it.
"""

import re
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

PATTERN: Final = (
    r"^O:(?P<before>[0-9]?)(?P<root>[A-Z]{1,6})(?P<after>[0-9]?)"
    r"(?P<expiry>[0-9]{6})(?P<right>[CP])(?P<strike>[0-9]{8})$"
)
"""What a ticker is made of; marks before or after the root are those of a contract that is not standard."""

EXAMPLE: Final = "O:SPY251219C00650000"
CENTURY: Final = "20"
STRIKE_PARTS: Final = 1_000
"""A strike counts in so many parts of a dollar."""

_TICKER: Final = re.compile(PATTERN)


class Right(StrEnum):
    """What a contract gives the right to: buy or sell."""

    CALL = "call"
    PUT = "put"


class Contract(msgspec.Struct, frozen=True, gc=False):
    """One contract.  `expiry`: the date in its ticker, which may be no trading day; `strike`: dollars per share."""

    ticker: str
    root: str
    expiry: date
    right: Right
    strike: float
    standard: bool


def read_contract(ticker: str) -> Contract:
    """Read a ticker.  Raises ValueError, in one line, for what is none.

    >>> contract = read_contract("O:GOOG151224C00697500")
    >>> contract.root, contract.expiry.isoformat(), str(contract.right), contract.strike, contract.standard
    ('GOOG', '2015-12-24', 'call', 697.5, True)
    >>> read_contract("O:GOOG1151224P00700000").standard
    False
    """
    found = _TICKER.fullmatch(ticker)
    if found is None or not int(found["strike"]):
        msg = f"got {ticker!r}; must be an option's ticker such as {EXAMPLE}"
        raise ValueError(msg)
    text = CENTURY + found["expiry"]
    try:
        expiry = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        msg = f"got {ticker!r}; its expiry {found['expiry']} is no date"
        raise ValueError(msg) from None
    right = Right.CALL if found["right"] == "C" else Right.PUT
    standard = not (found["before"] or found["after"])
    return Contract(ticker, found["root"], expiry, right, int(found["strike"]) / STRIKE_PARTS, standard)


def root_of(symbol: str) -> str:
    """Return the root of a stock's standard contracts: its ticker without the dot of its class.

    >>> root_of("BRK.B")
    'BRKB'
    """
    return symbol.replace(".", "")
