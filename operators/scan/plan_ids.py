"""Names of proposed plans.  Rule: an id follows from the setup, its session and its ordinal, and from nothing else.

SYMBOL.strategy.long.20131008.1; a symbol that an id cannot hold is cut and marked with its digest.
"""

import re
from datetime import date
from hashlib import sha256
from typing import Final

from operators.plans import PLAN_ID, Direction

_PLAIN: Final = re.compile(r"[A-Za-z0-9.]+")
_KEPT, _DIGEST = 8, 10


def plan_id(symbol: str, strategy: str, direction: Direction, session: date, ordinal: int) -> str:
    """Return the id of the `ordinal`-th plan, from 1, of a setup in a session.

    >>> plan_id("BRK.B", "vwap_reclaim", Direction.LONG, date(2013, 10, 8), 1)
    'BRK.B.vwap_reclaim.long.20131008.1'
    >>> plan_id("BRK/B", "vwap_reclaim", Direction.LONG, date(2013, 10, 8), 1)
    'BRKB-82f670123a.vwap_reclaim.long.20131008.1'
    """
    day = session.isoformat().replace("-", "")
    tail = f".{strategy}.{direction}.{day}.{ordinal}"
    if _PLAIN.fullmatch(symbol) and PLAN_ID.fullmatch(symbol + tail):
        return symbol + tail
    kept = "".join(_PLAIN.findall(symbol))[:_KEPT]
    return f"{kept}-{sha256(symbol.encode()).hexdigest()[:_DIGEST]}{tail}"
