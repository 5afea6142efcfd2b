"""Names in paths and queries: only what a plan id, a ticker or a strategy can be, which every database can hold."""

from typing import Annotated, Final

from fastapi import Path, Query

import operators.tickers
from operators.plans import PLAN_ID

TICKER: Final = f"^{operators.tickers.TICKER}$"
WORD: Final = r"^[a-z0-9_]{1,64}$"
PLAN: Final = f"^{PLAN_ID.pattern}$"
_DAY: Final = r"(?:19(?:9[4-9])|20[0-8]\d|209[0-8])-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_TIME: Final = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)"
INSTANT: Final = rf"^(?:{_DAY}T{_TIME}|[1-3]\d{{18}})$"
"""RFC 3339 with an offset, or ns since 1970: what the document asks for; a little more is understood."""
CURSOR: Final = "^[A-Za-z0-9_-]+$"
PLACE: Final = r"^(?:[0-9a-f]{1,32}:\d{1,18})?$"


PlanId = Annotated[str, Path(pattern=PLAN, examples=["AIG.vwap_reclaim.long.20131007.1"])]
SymbolInPath = Annotated[str, Path(pattern=TICKER, examples=["AIG"])]
SymbolWanted = Annotated[str | None, Query(pattern=TICKER, examples=["AIG"])]
StrategyWanted = Annotated[
    str | None, Query(pattern=WORD, examples=["vwap_reclaim"], description="The detector of a scanner's plan.")
]
