"""The compact workflow of assistants: symbols in, ranked setups out, never more than 80 KB."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from api.access import AsOf, Clock, Database, Settings, instant_of, may_read
from api.answers import answer
from api.charting import scan_url
from api.problems import ANSWERS
from api.ranking import plans_behind, ranked
from api.settings import ApiSettings
from api.shapes.gpt import ExecAnswer, ExecBody, Setup, SymbolFault, Truncated
from api.standing import Known
from operators.plans import Direction, Style
from operators.rows import ScanRow
from operators.tickers import is_ticker
from operators.times import iso

LARGEST: Final = 80_000
"""Bytes of JSON."""

router = APIRouter(prefix="/api/v1/assistant", tags=["assistants"], dependencies=[Depends(may_read)], responses=ANSWERS)


@router.post("/exec", response_model=ExecAnswer, summary="Setups for symbols, compact")
def execute(
    request: Request, store: Database, clock: Clock, settings: Settings, as_of: AsOf, body: ExecBody
) -> Response:
    """The best setups of the symbols; one that cannot be read is reported and does not stop the others."""
    spoken = clock.spoken(instant_of(settings, as_of))
    good = frozenset(filter(is_ticker, body.symbols))
    with store.read() as connection:
        rows = ranked(connection, good, body.style, as_of)[: body.limit]
        plans = plans_behind(connection, rows, as_of)
    setups = [_setup(settings, row, plans.get(row.plan_id or "")) for row in rows]
    errors = [
        SymbolFault(symbol=ascii(symbol[:64])[1:-1], message="must be a ticker in ASCII of 1 to 32 characters")
        for symbol in dict.fromkeys(body.symbols)
        if symbol not in good
    ]
    whole = ExecAnswer(
        **spoken,
        ok=not errors,
        count=len(setups),
        setups=setups,
        errors=errors,
        truncated=Truncated(rationales=0, setups=0, errors=0),
    )
    return answer(request, fitted(whole, LARGEST))


def fitted(whole: ExecAnswer, largest: int) -> ExecAnswer:
    """Leave out what does not fit: all rationales first, then errors from the last up, then setups likewise."""
    if _bytes(whole) <= largest:
        return whole
    cut = whole.model_copy(update={"setups": [each.model_copy(update={"rationale": None}) for each in whole.setups]})
    while (excess := _bytes(cut := _counted(cut, whole)) - largest) > 0 and (cut.errors or cut.setups):
        part = "errors" if cut.errors else "setups"
        cut = cut.model_copy(update={part: _shorter(getattr(cut, part), excess)})
    return cut


def _shorter(items: Sequence[BaseModel], excess: int) -> list[BaseModel]:
    """The first of the items, without so many bytes of the last."""
    kept = list(items)
    while kept and excess > 0:
        excess -= _bytes(kept.pop()) + 1
    return kept


def _counted(cut: ExecAnswer, whole: ExecAnswer) -> ExecAnswer:
    """The same, saying what was left out."""
    lost = Truncated(
        rationales=len(whole.setups),
        setups=len(whole.setups) - len(cut.setups),
        errors=len(whole.errors) - len(cut.errors),
    )
    return cut.model_copy(update={"count": len(cut.setups), "truncated": lost})


def _bytes(model: BaseModel) -> int:
    return len(model.model_dump_json().encode())


def _setup(settings: ApiSettings, row: ScanRow, plan: Known | None) -> Setup:
    profile = row.profile
    return Setup(
        symbol=row.symbol,
        strategy=row.strategy,
        direction=Direction(row.direction),
        style=Style(profile["style"]),
        at=iso(row.at_ns),
        at_ns=row.at_ns,
        plan_id=row.plan_id,
        phase=None if plan is None else plan.stands.row.phase,
        confidence=row.confidence,
        actionable=row.actionable,
        entry=profile["entry"],
        stop=profile["stop"],
        targets=profile["targets"],
        probabilities=[each["before_stop"] for each in profile["probabilities"]],
        runner=profile["runner"],
        warnings=profile["warnings"],
        rationale=profile["rationale"],
        chart_url=scan_url(settings.chart_base, row),
    )
