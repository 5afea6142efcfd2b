"""What can name a symbol.

Rule: a ticker travels in lists and subscriptions (`T.AAPL,T.MSFT`, `T.*`), so what means something there is none.
"""

import re
from typing import Final

SYMBOL_LENGTH: Final = 32
TICKER: Final = rf"[\x21-\x29\x2b\x2d-\x7e]{{1,{SYMBOL_LENGTH}}}"
"""A regular expression for the whole of a ticker: ASCII that can be seen, but neither a comma nor a star."""

_TICKER: Final = re.compile(TICKER)


def is_ticker(text: str) -> bool:
    """Whether a text can name one symbol.

    >>> [is_ticker(each) for each in ("BRK.A", "BACpL", "", "A,B", "*", "A B")]
    [True, True, False, False, False, False]
    """
    return _TICKER.fullmatch(text) is not None
