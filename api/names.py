"""Names in paths and queries: only what a plan id, a ticker or a strategy can be, which every database can hold."""

from typing import Annotated, Final

from fastapi import Path, Query

from operators.plans import PLAN_ID

TICKER: Final = r"^[\x21-\x7e]{1,32}$"
WORD: Final = r"^[a-z0-9_]{1,64}$"
PLAN: Final = f"^{PLAN_ID.pattern}$"

PlanId = Annotated[str, Path(pattern=PLAN, examples=["AIG.vwap_reclaim.long.20131007.1"])]
SymbolInPath = Annotated[str, Path(pattern=TICKER, examples=["AIG"])]
SymbolWanted = Annotated[str | None, Query(pattern=TICKER, examples=["AIG"])]
StrategyWanted = Annotated[
    str | None, Query(pattern=WORD, examples=["vwap_reclaim"], description="The detector of a scanner's plan.")
]
